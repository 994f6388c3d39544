"""The database of a running service, read beside it: what is stored counts, not what the service says of it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol
from uuid import UUID

import apsw
import asyncpg

from tests.contract.scenarios import Rows

_TABLES = {
    "transactions": "ledger_transaction",
    "accounts": "ledger_account",
    "keys": "idempotency",
    "entries": "kv_entry",
    "revisions": "kv_history",
    "items": "items",
    "item_versions": "items_history",
    "assets": "telemetry_asset",
    "signals": "telemetry_signal",
    "measurements": "telemetry_measurement",
    "templates": "vouchers_templates",
    "vouchers": "vouchers",
    "changes": "vouchers_history",
}
_COUNTS = f"SELECT {', '.join(f'(SELECT count(*) FROM {table})' for table in _TABLES.values())}"
_BALANCES = "SELECT account_id, balance FROM ledger_account"
_VALUES = "SELECT key, value FROM kv_entry"
# An account whose balance is not the sum of its transactions, or whose rows do not follow one another.
_WRONG = """
SELECT account_id FROM ledger_account a
 WHERE balance <> (SELECT sum(amount) FROM ledger_transaction t WHERE t.account_id = a.account_id)
    OR sequence <> (SELECT count(*) FROM ledger_transaction t WHERE t.account_id = a.account_id)
    OR balance <> (SELECT t.balance FROM ledger_transaction t
                    WHERE t.account_id = a.account_id AND t.sequence = a.sequence)
    OR EXISTS (SELECT 1 FROM ledger_transaction t JOIN ledger_transaction u
                   ON u.account_id = t.account_id AND u.sequence = t.sequence + 1
                WHERE t.account_id = a.account_id
                  AND (u.balance <> t.balance + u.amount OR u.created_at <= t.created_at))
"""


class Reader(Protocol):
    """Runs one statement without arguments."""

    def rows(self, statement: str) -> Sequence[Sequence[Any]]: ...


class Stored:
    """The tables of all domains."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def counts(self) -> Rows:
        """Return how many rows there are by table."""
        (row,) = self._reader.rows(_COUNTS)
        return Rows(**dict(zip(_TABLES, row, strict=True)))

    def balances(self, accounts: Sequence[str]) -> dict[str, int]:
        """Return the stored balances of those of these accounts that exist."""
        if not accounts:
            return {}
        found = {_text(row[0]): row[1] for row in self._reader.rows(_BALANCES)}
        return {account: found[account] for account in accounts if account in found}

    def values(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the JSON texts that are stored under those of these keys that are there."""
        if not keys:
            return {}
        found: dict[str, str] = {row[0]: row[1] for row in self._reader.rows(_VALUES)}
        return {key: found[key] for key in keys if key in found}

    def everything(self) -> str:
        """Return all that is stored by any domain, as one text."""
        return "".join(repr(self._reader.rows(f"SELECT * FROM {table}")) for table in (*_TABLES.values(), "change"))

    def wrong_accounts(self) -> list[str]:
        """Return the accounts whose balance, sequence or running balances are not what their transactions say."""
        return [_text(row[0]) for row in self._reader.rows(_WRONG)]


def _text(key: bytes | UUID) -> str:
    return str(UUID(bytes=key) if isinstance(key, bytes) else key)


class _Sqlite:
    def __init__(self, path: str) -> None:
        self.connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
        self.connection.set_busy_timeout(10_000)

    def rows(self, statement: str) -> Sequence[Sequence[Any]]:
        return list(self.connection.execute(statement))


class _Postgres:
    def __init__(self, url: str) -> None:
        # A loop of its own, not running between two statements: tests are free to have one or none.
        self.loop = asyncio.new_event_loop()
        self.connection = self.loop.run_until_complete(asyncpg.connect(url))

    def rows(self, statement: str) -> Sequence[Sequence[Any]]:
        return [tuple(row.values()) for row in self.loop.run_until_complete(self.connection.fetch(statement))]


@contextmanager
def opened(path_or_url: str) -> Iterator[Stored]:
    """Open the database of a service that runs: a file, or a ``postgresql://`` URL."""
    if not path_or_url.startswith("postgresql://"):
        sqlite = _Sqlite(path_or_url)
        try:
            yield Stored(sqlite)
        finally:
            sqlite.connection.close()
        return
    postgres = _Postgres(path_or_url)
    try:
        yield Stored(postgres)
    finally:
        postgres.loop.run_until_complete(postgres.connection.close())
        postgres.loop.close()
