"""Open a database for one migration: alone, in one transaction, safe against the death of this process.

This runs in the migration child only. It is the one place that opens the file with the standard library's SQLite.
"""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, NullPool, create_engine, event
from sqlalchemy.ext.asyncio import create_async_engine

from roadbed.data.migrations.protocol import Request, dialect_of, sqlite_path
from roadbed.kernel.errors import ConfigurationError, SchemaMismatch, Unavailable

T = TypeVar("T")

STRICT_SINCE = (3, 37, 0)
ADVISORY_LOCK = 0x526F616462656400
"""Key of the PostgreSQL advisory lock under which a database is migrated ("Roadbed" in ASCII)."""

TABLE_LOCK_TIMEOUT = 10.0
"""Seconds that a DDL statement waits for a table in use: whatever comes after it on that table waits as long."""

_BUSY = "another process is migrating this database; try again when it is done"


def run(request: Request, work: Callable[[Connection], T]) -> T:
    """Call ``work`` with a connection inside one transaction under the migration lock; commit when it returns.

    Raises:
        ConfigurationError: the database cannot be opened as configured.
        Unavailable: it does not answer, or another process kept the lock for ``lock_timeout`` seconds.
        SchemaMismatch: rows would be left with references to rows that do not exist.
    """
    if dialect_of(request.url) == "sqlite":
        return _on_sqlite(Path(sqlite_path(request.url)), request.lock_timeout, work)
    return asyncio.run(_on_postgres(request, work))


def _on_sqlite(path: Path, lock_timeout: float, work: Callable[[Connection], T]) -> T:
    if sqlite3.sqlite_version_info < STRICT_SINCE:
        raise ConfigurationError(
            f"this Python's own SQLite is {sqlite3.sqlite_version}; migrations need 3.37.0 or newer (STRICT tables): "
            "use a newer Python"
        )
    if not path.parent.is_dir():
        raise ConfigurationError(f"there is no folder {path.parent} for the database file {path.name}")

    engine = create_engine("sqlite://", creator=lambda: _connect(path, lock_timeout), poolclass=NullPool)
    # The driver's own transactions would commit before DDL: with isolation_level None it leaves them to us.
    event.listen(engine, "begin", _begin_immediate)
    with _file_lock(path, lock_timeout), engine.begin() as connection:
        result = work(connection)
        _check_references(connection)
        return result


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _connect(path: Path, busy_timeout: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=busy_timeout, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # A table that is rebuilt is dropped once: with references enforced, that would delete or refuse what points to it.
    # They are checked as a whole before the commit instead. Inside a transaction this pragma does nothing.
    connection.execute("PRAGMA foreign_keys = OFF")
    return connection


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(3)
    if broken:
        examples = ", ".join(f"{row[0]} (row {row[1]}) → {row[2]}" for row in broken)
        raise SchemaMismatch(f"rows would refer to rows that do not exist: {examples}; nothing was changed")


@contextmanager
def _file_lock(path: Path, timeout: float) -> Generator[None]:
    """Hold ``<file>.migrate.lock``. The kernel releases it when this process dies, however it dies."""
    deadline = time.monotonic() + timeout
    with path.with_name(path.name + ".migrate.lock").open("ab") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise Unavailable(_BUSY) from None
                time.sleep(0.02)
            else:
                break
        yield


async def _on_postgres(request: Request, work: Callable[[Connection], T]) -> T:
    try:
        asyncpg: Any = import_module("asyncpg")
    except ImportError:
        raise ConfigurationError('PostgreSQL needs the extra: pip install "roadbed[postgres]"') from None

    async def connect() -> Any:
        return await asyncpg.connect(request.url, timeout=10, server_settings={"application_name": "roadbed migrate"})

    def prepared(connection: Connection) -> T:
        _prepare_postgres(connection, request)
        return work(connection)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    async with engine.begin() as connection:
        return await connection.run_sync(prepared)


def _prepare_postgres(connection: Connection, request: Request) -> None:
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise ConfigurationError(f"the database is encoded in {encoding}; Roadbed needs one made with ENCODING 'UTF8'")
    # The transaction's own advisory lock: it goes with the transaction, also behind a transaction pooler.
    _set_local(connection, "lock_timeout", request.lock_timeout)
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
    _set_local(connection, "lock_timeout", TABLE_LOCK_TIMEOUT)
    # When the parent's patience ends it kills this process; the server must not go on with the statement for long.
    _set_local(connection, "statement_timeout", request.timeout)


def _set_local(connection: Connection, setting: str, seconds: float) -> None:
    connection.exec_driver_sql(f"SET LOCAL {setting} = {max(1, round(seconds * 1000))}")
