"""The end of a SQLite engine: everybody gets an answer, within bounds, and no thread is left behind that could go."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from roadbed.data.database import Database, Program
from roadbed.data.sqlite import SqliteOptions, open_sqlite
from roadbed.kernel.errors import OutcomeUnknown, Unavailable
from roadbed.kernel.events import Events
from tests.integration.data import things
from tests.integration.data.gates import Gate, threads
from tests.integration.data.stores import SqliteStore
from tests.support.waiting import eventually


def put(database: Database, number: int) -> asyncio.Future[int]:
    return asyncio.ensure_future(database.execute(things.PUT, id=number, name=str(number), amount=1))


async def test_closing_finishes_what_was_asked(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open()
    futures = [put(database, number) for number in range(200)]
    reads = [asyncio.ensure_future(database.fetch(things.ALL)) for _ in range(20)]
    await asyncio.sleep(0)
    await database.close(10)
    assert [future.result() for future in futures] == [1] * 200
    assert all(read.done() for read in reads)
    assert sqlite_store.rows("SELECT count(*) FROM thing") == ["200"]
    await eventually(lambda: threads() == [], "the threads to end")


async def test_a_closed_database_takes_nothing(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open()
    flight = database.flight(things.PUT_THINGS)
    await database.close(5)
    for late in (database.fetch(things.ALL), put(database, 1), database.transaction().__aenter__()):
        with pytest.raises(Unavailable, match="shutting down"):
            await late
    with pytest.raises(Unavailable, match="shutting down"):
        flight.join(things.Thing(1, "a"))
    assert (await database.ping()).ok is False


async def test_closing_twice_is_harmless(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open()
    await database.close(5)
    await database.close(5)


async def test_a_statement_that_does_not_end_is_broken_off(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open(None, statement_timeout=60.0)

    async def never(_connection: Any, _items: list[Any]) -> Sequence[Any]:
        raise AssertionError("for SQLite")

    begun = threading.Event()

    def linger(run: Any, items: list[Any]) -> Sequence[Any]:
        begun.set()
        run.fetch(things.LINGER)
        return items

    writes = database.flight(Program("writes", True, linger, never)).join(1)
    await asyncio.to_thread(begun.wait, 30)
    begun.clear()
    reads = database.flight(Program("reads", False, linger, never)).join(1)
    await asyncio.to_thread(begun.wait, 30)
    waits = put(database, 1)
    await asyncio.sleep(0)
    await database.close(0)
    outcomes = await asyncio.gather(writes, reads, waits, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown, OutcomeUnknown, Unavailable]
    await eventually(lambda: threads() == [], "the threads to end")
    assert sqlite_store.rows("SELECT count(*) FROM thing") == ["0"]


async def test_an_open_transaction_is_ended(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open(None, transaction_timeout=60.0)

    async def block() -> None:
        async with database.transaction() as run:
            await run.execute(things.PUT, id=1, name="1", amount=1)
            begun.set()
            await closed.wait()

    begun, closed = asyncio.Event(), asyncio.Event()
    task = asyncio.ensure_future(block())
    await begun.wait()
    await database.close(0)
    closed.set()
    with pytest.raises(Unavailable, match="shutting down: nothing was written"):
        await task
    assert sqlite_store.rows("SELECT count(*) FROM thing") == ["0"]


async def test_a_thread_that_hangs_is_left_behind_with_its_guard(sqlite_store: SqliteStore) -> None:
    import sqlite3  # noqa: TID251

    database = await sqlite_store.open()
    gate = Gate(database)
    future = await gate.close()
    await database.close(0)
    with pytest.raises(OutcomeUnknown):
        await future
    assert threads() == ["roadbed-writer"]
    with pytest.raises(RuntimeError, match="is open through apsw"):
        sqlite3.connect(sqlite_store.path)
    gate.open()
    await eventually(lambda: threads() == [], "the thread to end")
    sqlite3.connect(sqlite_store.path).close()


async def test_an_opening_that_nobody_waits_for_leaves_nothing(sqlite_store: SqliteStore) -> None:
    opening = asyncio.ensure_future(sqlite_store.open())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await eventually(lambda: threads() == [], "the thread to end")
    database = await sqlite_store.open()
    await put(database, 1)
    await database.close(5)


UNCLOSED = """
import asyncio, sys
from roadbed.data.sqlite import SqliteOptions, open_sqlite
from roadbed.kernel.events import Events
from tests.integration.data import things
from tests.integration.data.gates import Gate, threads
async def main():
    database = await open_sqlite(SqliteOptions(sys.argv[1]), Events())
    await database.execute(things.PUT, id=1, name="1", amount=1)
    gates = Gate(database), Gate(database, write=False)
    for gate in gates:
        await gate.close()
    return gates
gates = asyncio.run(main())
# The event loop is gone; the threads come back to it with their answers.
for gate in gates:
    gate.open()
"""


def test_when_the_event_loop_ends_first_the_process_ends_too(sqlite_store: SqliteStore) -> None:
    """Nobody closed anything: what was acknowledged is there all the same, and nothing complains."""
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}"}
    command = [sys.executable, "-c", UNCLOSED, str(sqlite_store.path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert sqlite_store.rows("SELECT id FROM thing") == ["1"]


async def test_a_file_that_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    for _ in range(3):
        with pytest.raises(Exception, match="is a directory"):
            await open_sqlite(SqliteOptions(str(tmp_path)), Events())
    await eventually(lambda: threads() == [], "the threads to end")
