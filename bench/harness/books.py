"""The contender's own tables, read by SQL: was what it acknowledged written, and does every balance add up?"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench.harness.contender import Books
from bench.harness.errors import NotTheSameWork
from bench.harness.postgres import Cluster

SQLITE_MAGIC = b"SQLite format 3\x00"
SETTLE_TIMEOUT = 5.0  # seconds
SETTLE_INTERVAL = 0.05  # seconds


class Entries(msgspec.Struct, frozen=True):
    """``transactions``: rows; ``moved``: the sum of their amounts; ``held``: the sum of all balances."""

    transactions: int
    moved: int
    held: int


Reader = Callable[[], Entries]


def statement(books: Books) -> str:
    """One statement, so that all three come from one moment."""
    moved = f"(SELECT coalesce(sum(amount), 0) FROM {books.transactions})"
    held = f"(SELECT coalesce(sum(balance), 0) FROM {books.accounts})" if books.accounts else moved
    return f"SELECT (SELECT count(*) FROM {books.transactions}), {moved}, {held}"


def in_postgres(cluster: Cluster, database: str, books: Books) -> Entries:
    row = cluster.query(database, statement(books))[0]
    return Entries(*(int(value) for value in row))


def in_sqlite(folder: Path, books: Books) -> Entries:
    """Read the database that the contender keeps below ``folder``, read-only and from outside its process."""
    import apsw  # only where an embedded contender runs

    connection = apsw.Connection(str(database_file(folder, books)), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(5000)
        return Entries(*(int(value) for value in next(connection.execute(statement(books)))))
    finally:
        connection.close()


def database_file(folder: Path, books: Books) -> Path:
    """Find the SQLite file that has the table of transactions: a contender names its files as it likes."""
    import apsw

    for path in sorted(folder.rglob("*")):
        if path.is_file() and _is_sqlite(path):
            connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
            try:
                if connection.table_exists("main", books.transactions):
                    return path
            finally:
                connection.close()
    raise NotTheSameWork(f"no SQLite file with a table {books.transactions}")


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


def settled(read: Reader) -> Entries:
    """Read until two readings agree: a server may still finish requests whose client has gone."""
    deadline = time.monotonic() + SETTLE_TIMEOUT
    last = read()
    while time.monotonic() < deadline:
        time.sleep(SETTLE_INTERVAL)
        now = read()
        if now == last:
            break
        last = now
    return last


def check(before: Entries, after: Entries, acknowledged: int, connections: int) -> None:
    """Refuse lost and invented money.

    The rows must have grown by what was acknowledged; and by at most one more per connection, whose request was done
    when wrk had stopped listening.
    """
    grown = after.transactions - before.transactions
    if not acknowledged <= grown <= acknowledged + connections:
        raise NotTheSameWork(f"{acknowledged} creates were acknowledged, but {grown} rows were added")
    if after.moved != after.held:
        raise NotTheSameWork(f"the amounts sum to {after.moved}, the balances to {after.held}")
