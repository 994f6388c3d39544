"""A small ledger in which everything is right, to be doctored: two deposits, a transfer, a reversal of either kind."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from roadbed.data.migrations import parent
from roadbed.kernel.settings import Settings
from roadbed.resource.registry import load_domains, locations
from tests.faults.rows import change, is_sqlite
from tests.faults.writes import Entry

BEGIN = 1_700_000_000_000_000
A, B, C = (UUID(int=number) for number in (1, 2, 3))
_MOVES = (
    # account, amount, transfer, number of the reversed entry
    (A, 100, None, None),
    (A, 50, None, None),
    (B, 70, None, None),
    (A, -30, UUID(int=900), None),
    (B, 30, UUID(int=900), None),
    (A, -50, None, 2),
    (B, -30, UUID(int=901), 5),
    (A, 30, UUID(int=901), 4),
    (C, 5, None, None),
)


def entries() -> list[Entry]:
    """Return the transactions of the sample, in order."""
    balances, sequences = {A: 0, B: 0, C: 0}, {A: count(1), B: count(1), C: count(1)}
    found: list[Entry] = []
    for number, (account, amount, transfer, reverses) in enumerate(_MOVES, 1):
        balances[account] += amount
        # Both legs of a transfer have one time: that of its first.
        time = found[-1].created_at if transfer and found[-1].transfer_id == transfer else BEGIN + number
        undone = None if reverses is None else UUID(int=100 + reverses)
        one = Entry(
            UUID(int=100 + number), account, amount, time, next(sequences[account]), balances[account], transfer, undone
        )
        found.append(one)
    return found


def prepare(url: str) -> None:
    """Make the tables in an empty database, of all domains that a service serves: its start has nothing to migrate."""
    parent.upgrade(url, locations(load_domains(Settings().domains)))


async def fill(url: str) -> None:
    """Write the sample into empty tables, with one floor and one key."""
    lit = Literals(sqlite=is_sqlite(url))
    rows = entries()
    latest = {row.account_id: row for row in rows}
    for account, last in latest.items():
        floor = "0" if account == C else "NULL"
        numbers = f"{last.balance}, {floor}, {last.sequence}, {last.sequence}"
        await change(
            url,
            "INSERT INTO ledger_account (account_id, balance, min_balance, sequence, version, updated_at)"
            f" VALUES ({lit(account)}, {numbers}, {lit.time(last.created_at)})",
        )
    await change(url, *(insert(row, lit) for row in rows))
    outcome = f"201 t:{rows[0].transaction_id}"
    key = "X'00000000000000000000000000000001'" if is_sqlite(url) else "'\\x00000000000000000000000000000001'"
    expiry = lit.time(BEGIN)
    await change(
        url,
        f"INSERT INTO idempotency (key, fingerprint, outcome, expires_at) VALUES ({key}, {key}, '{outcome}', {expiry})",
    )


class Literals:
    """Values as each dialect writes them."""

    def __init__(self, *, sqlite: bool) -> None:
        self._sqlite = sqlite

    def __call__(self, value: UUID | None) -> str:
        if value is None:
            return "NULL"
        return f"X'{value.hex}'" if self._sqlite else f"'{value}'"

    def time(self, micros: int) -> str:
        if self._sqlite:
            return str(micros)
        return f"'{(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)).isoformat()}'"


def insert(row: Entry, lit: Literals) -> str:
    values: Sequence[object] = (
        lit(row.transaction_id),
        lit(row.account_id),
        row.amount,
        lit.time(row.created_at),
        row.sequence,
        row.balance,
        lit(row.transfer_id),
        lit(row.reverses),
    )
    return (
        "INSERT INTO ledger_transaction"
        " (transaction_id, account_id, amount, created_at, sequence, balance, transfer_id, reverses)"
        f" VALUES ({', '.join(str(value) for value in values)})"
    )


async def unlock(url: str) -> None:
    """Take away what protects the tables: triggers, checks and unique indexes."""
    if is_sqlite(url):
        await change(
            url,
            "DROP TRIGGER tr_ledger_transaction_no_update",
            "DROP TRIGGER tr_ledger_transaction_no_delete",
            "DROP TRIGGER tr_ledger_account_no_delete",
            "DROP INDEX ix_ledger_transaction_reverses",
        )
        return
    await change(
        url,
        "ALTER TABLE ledger_transaction DISABLE TRIGGER ALL",
        "ALTER TABLE ledger_account DISABLE TRIGGER ALL",
        "ALTER TABLE ledger_account DROP CONSTRAINT ck_ledger_account_floor",
        "DROP INDEX ix_ledger_transaction_reverses",
    )
