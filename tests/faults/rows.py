"""Look into a database behind the service's back, on either engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import apsw
import asyncpg

from tests.faults.writes import Entry

COLUMNS = "transaction_id, account_id, amount, created_at, sequence, balance, transfer_id, reverses"


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:")


def sqlite_file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@contextmanager
def sqlite_connection(url: str) -> Iterator[apsw.Connection]:
    """Open the file as the service does: through apsw, never through the standard library."""
    connection = apsw.Connection(str(sqlite_file(url)), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(10_000)
    try:
        yield connection
    finally:
        connection.close()


async def query(url: str, *statements: str) -> list[list[tuple[Any, ...]]]:
    """Run statements that read, all on one state of the data; return the rows of each."""
    if is_sqlite(url):
        with sqlite_connection(url) as connection, connection:
            return [[tuple(row) for row in connection.execute(statement)] for statement in statements]
    session = await asyncpg.connect(url, timeout=30, command_timeout=60)
    try:
        async with session.transaction(isolation="repeatable_read", readonly=True):
            return [[tuple(row) for row in await session.fetch(statement)] for statement in statements]
    finally:
        await session.close()


async def change(url: str, *statements: str) -> None:
    """Run statements that write, each by itself: to doctor a database, or to see that it refuses."""
    if is_sqlite(url):
        with sqlite_connection(url) as connection:
            for statement in statements:
                connection.execute(statement).fetchall()
        return
    session = await asyncpg.connect(url, timeout=30, command_timeout=60)
    try:
        for statement in statements:
            await session.execute(statement)
    finally:
        await session.close()


async def entries(url: str) -> list[Entry]:
    """Return every transaction of the ledger."""
    instant = "created_at" if is_sqlite(url) else "(extract(epoch FROM created_at) * 1000000)::bigint"
    columns = COLUMNS.replace("created_at", instant)
    (found,) = await query(url, f"SELECT {columns} FROM ledger_transaction")
    return [Entry(_id(a), _id(b), c, d, e, f, _optional(g), _optional(h)) for a, b, c, d, e, f, g, h in found]


def _id(value: Any) -> UUID:
    return UUID(bytes=value) if isinstance(value, bytes) else UUID(int=value.int)


def _optional(value: Any) -> UUID | None:
    return None if value is None else _id(value)


def unguarded(url: str, table: str) -> list[str]:
    """Return statements that take a table's triggers away: rows can be doctored then."""
    if is_sqlite(url):
        return [f"DROP TRIGGER IF EXISTS tr_{table}_{name}" for name in ("no_update", "no_delete")]
    return [f"ALTER TABLE {table} DISABLE TRIGGER ALL"]
