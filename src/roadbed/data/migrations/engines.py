"""Open a database for one migration: alone, in one transaction, safe against the death of this process.

This runs in the migration child only. It is the one place that opens the file with the standard library's SQLite.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from sqlalchemy import Connection, NullPool, create_engine, event

from roadbed.data.migrations.protocol import Request, dialect_of, sqlite_path
from roadbed.kernel.errors import ConfigurationError, SchemaMismatch, Unavailable

T = TypeVar("T")

STRICT_SINCE = (3, 37, 0)
ADVISORY_LOCK = 0x526F616462656400
"""Key of the PostgreSQL advisory lock under which a database is migrated ("Roadbed" in ASCII)."""

TABLE_LOCK_TIMEOUT = 10.0
"""Seconds that a DDL statement waits for a table in use: whatever comes after it on that table waits as long."""

CONNECT_TIMEOUT = 10.0
"""Seconds that PostgreSQL has to answer."""

_SERVER_SETTINGS = {"application_name": "roadbed migrate"}
_BUSY = "another process migrates this database or writes to it without a pause; try again"


def run(request: Request, work: Callable[[Connection], T]) -> T:
    """Call ``work`` with a connection inside one transaction under the migration lock; commit when it returns.

    Raises:
        ConfigurationError: the database cannot be opened as configured.
        Unavailable: it does not answer, or another process kept the lock for ``lock_timeout`` seconds.
        SchemaMismatch: rows would be left with references to rows that do not exist.
    """
    if dialect_of(request.url) == "sqlite":
        # The locks are those of the file, whatever symbolic link leads to it.
        return _on_sqlite(Path(os.path.realpath(sqlite_path(request.url))), request, work)
    return asyncio.run(_on_postgres(request, work))


def _on_sqlite(path: Path, request: Request, work: Callable[[Connection], T]) -> T:
    if sqlite3.sqlite_version_info < STRICT_SINCE:
        raise ConfigurationError(
            f"this Python's own SQLite is {sqlite3.sqlite_version}; migrations need 3.37.0 or newer (STRICT tables): "
            "use a newer Python"
        )
    if not path.parent.is_dir():
        raise ConfigurationError(f"there is no folder {path.parent} for the database file {path.name}")
    if request.action == "compare" and not path.exists():
        raise ConfigurationError(f"there is no database file {path}")

    wait = request.lock_timeout
    engine = create_engine("sqlite://", creator=lambda: _connect(path, wait), poolclass=NullPool)
    # The driver's own transactions would commit before DDL: with isolation_level None it leaves them to us.
    event.listen(engine, "begin", _begin_immediate)
    # ``.lock`` is the queue of the writers of serving processes: without a place in it we could wait for ever.
    with _file_lock(path, ".migrate.lock", wait), _file_lock(path, ".lock", wait):
        _create_file(path)
        with engine.begin() as connection:
            result = work(connection)
            _check_references(connection)
            return result


def _create_file(path: Path) -> None:
    """Make the file readable by its owner alone, and its name durable before anything in it is acknowledged."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


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
def _file_lock(path: Path, suffix: str, timeout: float) -> Generator[None]:
    """Hold a lock file beside the database. The kernel releases it when this process dies, however it dies."""
    descriptor = os.open(f"{path}{suffix}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with _alarm(timeout):
            # Blocking, so that we have a place in the queue; asking again and again, busy writers would pass us by.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _alarm(seconds: float) -> Generator[None]:
    """Interrupt what blocks after this time. The child works in its main thread, where signals arrive."""

    def expire(_signal: int, _frame: FrameType | None) -> None:
        raise Unavailable(_BUSY)

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))  # 0 would switch it off
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


async def _on_postgres(request: Request, work: Callable[[Connection], T]) -> T:
    from sqlalchemy.ext.asyncio import create_async_engine  # a tenth of a second that SQLite does not need

    try:
        asyncpg: Any = import_module("asyncpg")
    except ImportError:
        raise ConfigurationError('PostgreSQL needs the extra: pip install "roadbed[postgres]"') from None

    async def connect() -> Any:
        try:
            return await asyncpg.connect(request.url, timeout=CONNECT_TIMEOUT, server_settings=_SERVER_SETTINGS)
        except ValueError:
            # The words of the parser may repeat a piece of the password.
            raise ConfigurationError(
                "the PostgreSQL URL cannot be read; write special characters in user and password as %xx"
            ) from None

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
