"""The write-ahead log stays within bounds, also while there is always somebody who reads."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest

from roadbed.data.database import Database, Program
from tests.integration.data import things
from tests.integration.data.gates import Gate
from tests.integration.data.stores import SqliteStore

LIMIT = 400_000
CHUNK = 20_000
"""Bytes of text in one row; with its index, a row costs three times as much in the log."""


@pytest.fixture
async def short_log(sqlite_store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A database whose log is soon called long."""
    monkeypatch.setattr("roadbed.data.sqlite.connection.LONG_LOG", LIMIT)
    monkeypatch.setattr("roadbed.data.sqlite.connection._MORE_LOG", LIMIT // 4)
    database = await sqlite_store.open(None, readers=2)
    yield database
    await database.close(5)


async def write(database: Database, rows: int, first: int) -> None:
    for number in range(first, first + rows):
        await database.execute(things.PUT, id=number, name=f"{number}".ljust(CHUNK, "x"), amount=1)


def log_size(store: SqliteStore) -> int:
    return Path(f"{store.path}-wal").stat().st_size


async def overlapping(database: Database, while_they_last: Callable[[], Any]) -> None:
    """Read all the time: each reader begins before the other one ends."""

    async def never(_connection: Any, _items: list[Any]) -> Sequence[Any]:
        raise AssertionError("for SQLite")

    def read(run: Any, items: list[Any]) -> Sequence[Any]:
        run.rows(things.TOTAL)
        passed.acquire(timeout=0.005)
        return items

    passed = threading.Semaphore(0)
    flights = [database.flight(Program(f"read-{number}", False, read, never)) for number in range(2)]
    done = asyncio.Event()

    async def again_and_again(flight: Any) -> None:
        while not done.is_set():
            await flight.join(1)

    readers = [asyncio.ensure_future(again_and_again(flight)) for flight in flights]
    await while_they_last()
    done.set()
    await asyncio.gather(*readers)


def test_naively_one_reader_after_the_other_lets_the_log_grow(sqlite_store: SqliteStore) -> None:
    """Each reader begins before the other ends: the checkpoint is complete, and still the log goes on at its end."""
    writer, *readers = (apsw.Connection(str(sqlite_store.path)) for _ in range(3))
    writer.execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 10").fetchall()
    for number in range(60):
        if readers[number % 2].in_transaction:
            readers[number % 2].execute("ROLLBACK")
        readers[number % 2].execute("BEGIN; SELECT count(*) FROM thing").fetchall()
        writer.execute("INSERT INTO thing VALUES (?, ?, 1, NULL)", (number, f"{number}".ljust(CHUNK, "x")))
    assert log_size(sqlite_store) > 2 * LIMIT
    for connection in (*readers, writer):
        connection.close()


async def test_the_log_begins_anew_all_the_same(short_log: Database, sqlite_store: SqliteStore) -> None:
    await overlapping(short_log, lambda: write(short_log, 60, 0))
    # All rows together are many times the limit.
    assert log_size(sqlite_store) < 4 * LIMIT
    assert len(await short_log.fetch(things.ALL)) == 60


async def test_writes_go_on_beside_a_reader_that_does_not_end(
    short_log: Database, sqlite_store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadbed.data.sqlite.connection._PATIENCE_WITH_READERS", 0.01)
    gate = Gate(short_log, write=False, then=lambda run, items: [len(run.rows(things.TOTAL)) for _ in items])
    held = await gate.close()
    await write(short_log, 60, 0)
    grown = log_size(sqlite_store)
    gate.open()
    await held
    await write(short_log, 60, 100)
    assert log_size(sqlite_store) <= grown + LIMIT
    assert sqlite_store.rows("PRAGMA integrity_check") == ["ok"]
