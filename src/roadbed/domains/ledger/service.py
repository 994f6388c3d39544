"""The ledger: exact balances under any concurrency. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from roadbed.data.database import Database, Program, Statements
from roadbed.data.idempotency import Idempotency, once
from roadbed.data.listing import Listing
from roadbed.data.queries import Queries
from roadbed.data.shared import Shared
from roadbed.domains.ledger.figures import Passing
from roadbed.domains.ledger.lookups import ACCOUNTS, TRANSACTIONS
from roadbed.domains.ledger.model import (
    INT64_MIN,
    Account,
    BalanceAt,
    Limits,
    NewTransaction,
    NewTransfer,
    Transaction,
)
from roadbed.domains.ledger.pages import NEWEST, AccountCursor, Total, TransactionCursor, page
from roadbed.domains.ledger.post_postgres import post_on_postgres
from roadbed.domains.ledger.post_sqlite import post_on_sqlite
from roadbed.domains.ledger.postings import OVERFLOW, Known, Leg, Outcome, Posting, Written, clashes, refusal
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import Conflict, Fault, Invalid, NotFound, PreconditionFailed
from roadbed.kernel.ids import new_id
from roadbed.resource.figures import Counters


class Posted(msgspec.Struct, frozen=True, gc=False):
    """A posting as stored. ``repeated``: an earlier request with the same chosen id had written it. ``replayed``: an
    earlier request with the same ``Idempotency-Key`` had."""

    legs: tuple[Transaction, ...]
    repeated: bool = False
    replayed: bool = False


class Balance(msgspec.Struct, frozen=True):
    """A balance in minor units."""

    balance: int


class LimitsSet(msgspec.Struct, frozen=True):
    """Limits as stored, the account's version after that, and whether an earlier request had done it."""

    limits: Limits
    version: int
    replayed: bool = False


_sql = Queries(__package__ or "")
_TRANSFER_LEGS = _sql.query("transfer_legs", Transaction)
_LIST = _sql.query("list_transactions", Transaction)
_LIST_OF_ACCOUNT = _sql.query("list_transactions_of_account", Transaction)
_FIRST_ACCOUNTS = _sql.query("first_accounts", Account)
_NEXT_ACCOUNTS = _sql.query("next_accounts", Account)
_COUNT = _sql.query("count_transactions", Total)
_COUNT_OF_ACCOUNT = _sql.query("count_transactions_of_account", Total)
_COUNT_ACCOUNTS = _sql.query("count_accounts", Total)
_BALANCE_AT = _sql.query("balance_at", Balance)
_LOCK_ACCOUNT = _sql.query("lock_account", Account)
_SET_FLOOR = _sql.statement("set_floor")


class Ledger:
    """Accounts and their transactions.

    ``clock`` dates entries on SQLite. On PostgreSQL the server's own clock does: the one that all processes share.
    ``counters`` are told what is posted.
    """

    def __init__(self, database: Database, clock: Clock, counters: Counters | None = None) -> None:
        self._database = database
        self._passing = Passing(counters)
        program = Program("ledger_post", True, partial(post_on_sqlite, clock), post_on_postgres)
        self._post = database.flight(program, keys=clashes, told=self._count)
        self._transactions = database.flight(TRANSACTIONS.program("ledger_transactions"))
        self._accounts = database.flight(ACCOUNTS.program("ledger_accounts"))
        self._lists = Shared()

    async def create(self, new: NewTransaction, idempotency: Idempotency | None = None) -> Posted:
        """Add one transaction to an account.

        Raises:
            Conflict: floor, overflow, or other content under the chosen id.
            KeyReused: other content under the idempotency key.
        """
        chosen = None if new.transaction_id is msgspec.UNSET else new.transaction_id
        leg = Leg(chosen or new_id(), new.account_id, new.amount)
        return await self._book(Posting((leg,), None, chosen, idempotency))

    async def transfer(self, new: NewTransfer, idempotency: Idempotency | None = None) -> Posted:
        """Move money between two accounts, atomically; the legs are: taken, given.

        Raises:
            Invalid: both accounts are the same.
            Conflict, KeyReused: as for ``create``.
        """
        if new.source == new.target:
            raise Invalid(faults=[Fault("/to", "must differ from the account that the money comes from")])
        chosen = None if new.transfer_id is msgspec.UNSET else new.transfer_id
        legs = (Leg(new_id(), new.source, -new.amount), Leg(new_id(), new.target, new.amount))
        return await self._book(Posting(legs, chosen or new_id(), chosen, idempotency))

    async def reverse(self, transaction_id: UUID, idempotency: Idempotency | None = None) -> Posted:
        """Undo a transaction once, both legs if it belongs to a transfer. Transactions never change, so what is read
        here still holds when the posting is written; the flight itself sees whether it was reversed before.

        Raises:
            NotFound: there is no such transaction.
            Conflict: reversed before, floor or overflow.
        """
        original = await self.transaction(transaction_id)
        entries = [original]
        transfer_id = None
        if original.transfer_id is not None:
            transfer_id = new_id()
            entries = await self._database.fetch(_TRANSFER_LEGS, transfer_id=original.transfer_id)
            # The leg that gave is taken from first, as in every transfer.
            entries.reverse()
        if any(entry.amount == INT64_MIN for entry in entries):
            raise refusal(OVERFLOW)
        legs = tuple([Leg(new_id(), entry.account_id, -entry.amount, entry.transaction_id) for entry in entries])
        return await self._book(Posting(legs, transfer_id, None, idempotency))

    async def _book(self, posting: Posting) -> Posted:
        outcome: Written | Known = await self._post.join(posting)
        if isinstance(outcome, Written):
            return Posted(outcome.legs)
        legs = await self._recall(outcome.reference)
        return Posted(tuple(legs), outcome.status == 200, outcome.replayed)

    def _count(self, outcome: Outcome) -> None:
        """Count a posting that is committed, whether or not its client still waits; one that was known is not new."""
        if isinstance(outcome, Written):
            self._passing.add(outcome.legs)

    async def _recall(self, reference: str) -> list[Transaction]:
        """Return the legs of an earlier posting: rows that never change, so the reply is the first one again."""
        kind, _, ids = reference.partition(":")
        if kind == "x":
            return await self._database.fetch(_TRANSFER_LEGS, transfer_id=UUID(ids))
        return [await self.transaction(UUID(one)) for one in ids.split(",")]

    async def transaction(self, transaction_id: UUID) -> Transaction:
        """Return one transaction.

        Raises:
            NotFound: there is none with this id.
        """
        found: Transaction | None = await self._transactions.join(transaction_id)
        if found is None:
            raise NotFound(f"There is no transaction {transaction_id}")
        return found

    async def transfer_legs(self, transfer_id: UUID) -> tuple[Transaction, ...]:
        """Return the two transactions of a transfer: taken, given.

        Raises:
            NotFound: there is none with this id.
        """
        legs = await self._database.fetch(_TRANSFER_LEGS, transfer_id=transfer_id)
        if not legs:
            raise NotFound(f"There is no transfer {transfer_id}")
        return tuple(legs)

    async def account(self, account_id: UUID) -> Account:
        """Return one account.

        Raises:
            NotFound: no transaction ever named it.
        """
        found: Account | None = await self._accounts.join(account_id)
        if found is None:
            raise NotFound(f"There is no account {account_id}: no transaction has named it")
        return found

    async def balance_at(self, account_id: UUID, at: datetime) -> BalanceAt:
        """Return the balance after everything up to and including an instant; 0 before the first transaction.

        Raises:
            NotFound: no transaction ever named the account.
        """
        found = await self._database.fetch_one(_BALANCE_AT, account_id=account_id, at=at)
        if found is None:
            await self.account(account_id)
            return BalanceAt(account_id, 0, at)
        return BalanceAt(account_id, found.balance, at)

    async def list_transactions(
        self, limit: int, after: TransactionCursor | None, account_id: UUID | None, total: bool
    ) -> Listing[Transaction]:
        """Return transactions, newest first, of one account or of all. An unknown account has none."""
        asked = (limit, after, account_id, total)
        return await self._lists.ask(("transactions", asked), lambda: self._read_transactions(*asked))

    async def _read_transactions(
        self, limit: int, after: TransactionCursor | None, account_id: UUID | None, total: bool
    ) -> Listing[Transaction]:
        start = after or NEWEST
        arguments: dict[str, Any] = {"created_at": start.created_at, "limit": limit + 1}
        if account_id is None:
            rows = await self._database.fetch(_LIST, transaction_id=start.transaction_id, **arguments)
            count = await self._database.fetch_one(_COUNT) if total else None
        else:
            rows = await self._database.fetch(_LIST_OF_ACCOUNT, account_id=account_id, **arguments)
            count = await self._database.fetch_one(_COUNT_OF_ACCOUNT, account_id=account_id) if total else None
        return page(rows, limit, lambda row: TransactionCursor(row.created_at, row.transaction_id), count)

    async def statement(
        self, account_id: UUID, limit: int, after: TransactionCursor | None, total: bool
    ) -> Listing[Transaction]:
        """Return the transactions of one account with running balance, newest first.

        Raises:
            NotFound: no transaction ever named the account.
        """
        listing = await self.list_transactions(limit, after, account_id, total)
        if not listing.items:
            await self.account(account_id)
        return listing

    async def list_accounts(self, limit: int, after: AccountCursor | None, total: bool) -> Listing[Account]:
        """Return accounts by id."""
        asked = (limit, after, total)
        return await self._lists.ask(("accounts", asked), lambda: self._read_accounts(*asked))

    async def _read_accounts(self, limit: int, after: AccountCursor | None, total: bool) -> Listing[Account]:
        if after is None:
            rows = await self._database.fetch(_FIRST_ACCOUNTS, limit=limit + 1)
        else:
            rows = await self._database.fetch(_NEXT_ACCOUNTS, account_id=after.account_id, limit=limit + 1)
        count = await self._database.fetch_one(_COUNT_ACCOUNTS) if total else None
        return page(rows, limit, lambda row: AccountCursor(row.account_id), count)

    async def set_limits(
        self,
        account_id: UUID,
        min_balance: int | None,
        if_match: Container[int] | None = None,
        idempotency: Idempotency | None = None,
        if_none_match: Container[int] | None = None,
    ) -> LimitsSet:
        """Set or remove an account's floor.

        Raises:
            NotFound: no transaction ever named the account.
            PreconditionFailed: the account's version is not one of ``if_match``, or is one of ``if_none_match``.
            Conflict: the balance is below that floor already.
        """

        async def work(run: Statements) -> str:
            account = await run.fetch_one(_LOCK_ACCOUNT, account_id=account_id)
            if account is None:
                raise NotFound(f"There is no account {account_id}: no transaction has named it")
            changed = if_match is not None and account.version not in if_match
            if changed or (if_none_match is not None and account.version in if_none_match):
                raise PreconditionFailed(f"The account is at version {account.version}")
            if min_balance is not None and account.balance < min_balance:
                raise Conflict(f"The balance, {account.balance}, is already below {min_balance}", "balance-floor")
            await run.execute(_SET_FLOOR, account_id=account_id, min_balance=min_balance)
            stored = LimitsSet(Limits(account_id, min_balance), account.version + 1)
            return msgspec.json.encode(stored).decode()

        outcome, replayed = await once(self._database, idempotency, work)
        return msgspec.structs.replace(msgspec.json.decode(outcome, type=LimitsSet), replayed=replayed)
