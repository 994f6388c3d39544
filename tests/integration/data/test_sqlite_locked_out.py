"""Another program holds the write lock: reads go on, writes wait and then fail, and the state says so."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from roadbed.data.database import Database, Health
from roadbed.kernel.errors import Unavailable
from roadbed.kernel.events import DatabaseFailed
from tests.integration.data import things
from tests.integration.data.stores import Heard, SqliteStore
from tests.integration.data.test_sqlite_lock import held as held_flock
from tests.support.waiting import eventually

BOUND = 1.2
"""Seconds for which a write waits for the lock here; longer than an answer about the state may take."""

HOLDER = """
import apsw, sys
connection = apsw.Connection(sys.argv[1])
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holding(path: Path) -> Generator[None]:
    """Let another process hold SQLite's write lock."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield
    finally:
        holder.communicate(timeout=30)


async def opened(store: SqliteStore, heard: Heard | None = None) -> Database:
    return await store.open(heard, busy_timeout=BOUND)


async def becomes_degraded(database: Database) -> Health:
    """Ask until the answer is no longer that all is well, and return that."""
    answers: list[Health] = []

    async def asked() -> bool:
        answers.append(await database.ping())
        return not answers[-1].ok

    while not await asked():
        pass
    # Before that writes waited, and none had been refused.
    assert {(health.ok, health.detail) for health in answers[:-1]} <= {(True, "")}
    return answers[-1]


async def test_another_process_that_holds_the_lock(sqlite_store: SqliteStore, heard: Heard) -> None:
    database = await opened(sqlite_store, heard)
    try:
        with holding(sqlite_store.path):
            health = await becomes_degraded(database)
            assert not health.vital
            assert health.detail.startswith("another program has held the write lock for ")
            with pytest.raises(Unavailable, match="Another program held the database"):
                await database.execute(things.PUT, id=1, name="a", amount=1)
            assert await database.fetch(things.ALL) == []
            assert not (await database.ping()).vital
        assert await database.execute(things.PUT, id=1, name="a", amount=1) == 1
        health = await database.ping()
        assert (health.ok, health.vital, health.detail) == (True, True, "")
        assert {event.kind for event in heard.of(DatabaseFailed)} == {"busy"}
    finally:
        await database.close(5)


async def test_another_process_of_the_service_that_holds_it(sqlite_store: SqliteStore, heard: Heard) -> None:
    """The lock before SQLite's own is the same to whoever waits, and is told and counted alike."""
    database = await opened(sqlite_store, heard)
    try:
        with held_flock(sqlite_store.path):
            assert not (await becomes_degraded(database)).vital
        await eventually(lambda: heard.of(DatabaseFailed), "the failure is told")
        assert {event.kind for event in heard.of(DatabaseFailed)} == {"busy"}
        assert (await database.ping()).ok
    finally:
        await database.close(5)


async def test_reads_that_are_refused_are_vital(sqlite_store: SqliteStore) -> None:
    database = await opened(sqlite_store)
    await database.close(5)
    health = await database.ping()
    assert (health.ok, health.vital) == (False, True)


async def test_a_lock_that_is_held_for_a_moment_is_no_failure(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open(None, busy_timeout=60.0)
    try:
        other = apsw.Connection(str(sqlite_store.path))
        other.execute("BEGIN IMMEDIATE")
        assert (await database.ping()).ok
        other.execute("ROLLBACK")
        assert (await database.ping()).ok
        other.close()
    finally:
        await database.close(5)
