"""What the ledger tells in figures: what is posted as it goes by, and what the accounts hold together."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from roadbed.data.queries import Queries
from roadbed.domains.ledger.model import Transaction
from roadbed.resource.figures import Counter, Counters, Gauge, Label, Look

POSTED = Counter(
    "roadbed_ledger_transactions_total",
    "Transactions that were written: one per posting, two per transfer; each leg of what is reversed is one more.",
    (Label("kind", ("transaction", "transfer", "reversal")),),
)
VOLUME = Counter(
    "roadbed_ledger_volume_minor_units_total",
    "Minor units that transactions moved: `credit` is what they gave to accounts, `debit` what they took.",
    (Label("direction", ("credit", "debit")),),
)


class Books(msgspec.Struct, frozen=True):
    """All accounts together. ``balance`` is in minor units, and no integer any more: it may be beyond int64."""

    accounts: int
    overdrawn: int
    balance: float


ACCOUNTS = Gauge(name="roadbed_ledger_accounts", help="Accounts.", column="accounts")
OVERDRAWN = Gauge(
    name="roadbed_ledger_overdrawn_accounts", help="Accounts whose balance is below 0.", column="overdrawn"
)
BALANCE = Gauge(
    name="roadbed_ledger_balance_minor_units", help="The balances of all accounts, added up.", column="balance"
)
BOOKS = Look("ledger_books", Queries(__package__ or "").query("books", Books), (ACCOUNTS, OVERDRAWN, BALANCE))


class Passing:
    """Counts what is posted, as it goes by."""

    def __init__(self, counters: Counters | None) -> None:
        counters = counters or Counters((POSTED, VOLUME))
        self._transactions, self._transfers, self._reversals = (
            counters.of(POSTED, kind) for kind in ("transaction", "transfer", "reversal")
        )
        self._credit, self._debit = (counters.of(VOLUME, direction) for direction in ("credit", "debit"))

    def add(self, legs: Iterable[Transaction]) -> None:
        """Count transactions that were written now."""
        for leg in legs:
            if leg.reverses is not None:
                self._reversals.add()
            elif leg.transfer_id is not None:
                self._transfers.add()
            else:
                self._transactions.add()
            if leg.amount >= 0:
                self._credit.add(leg.amount)
            else:
                self._debit.add(-leg.amount)


FIGURES = (POSTED, VOLUME, BOOKS)
