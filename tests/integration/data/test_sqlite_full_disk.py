"""A disk that fills up, or fails: nothing is acknowledged that is not there, and writes resume when there is room."""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from roadbed.data.database import Database
from roadbed.kernel.errors import Conflict, OutcomeUnknown, RoadbedError, StorageFull
from roadbed.kernel.events import DatabaseFailed
from tests.integration.data import things
from tests.integration.data.gates import held_writer, in_writer
from tests.integration.data.stores import Heard, SqliteStore
from tests.integration.data.things import PUT_THINGS, Row, Thing

LARGE = "x" * 100_000


async def fill(database: Database) -> None:
    """Let the file grow by no more than one page: then SQLite says that the disk is full."""
    pages = await in_writer(database, lambda run: run.connection.execute("PRAGMA page_count").get)
    await limit(database, pages + 1)


async def limit(database: Database, pages: int) -> None:
    await in_writer(database, lambda run: run.connection.execute(f"PRAGMA max_page_count = {pages}").get)


def put(run: Any, number: int, name: str = "") -> asyncio.Future[int]:
    return asyncio.ensure_future(run.execute(things.PUT, id=number, name=name or str(number), amount=1))


def log_size(store: SqliteStore) -> int:
    return Path(f"{store.path}-wal").stat().st_size


def is_sound(store: SqliteStore) -> bool:
    return store.rows("PRAGMA integrity_check") == ["ok"]


def test_a_full_disk_takes_released_savepoints_with_it(tmp_path: Path) -> None:
    """Naively, each item that was released counts as done. SQLite has undone them all."""
    connection = apsw.Connection(str(tmp_path / "naive.db"))
    connection.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (x)").fetchall()
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').get + 1}").fetchall()
    acknowledged: list[str] = []
    connection.execute("BEGIN IMMEDIATE")
    for item in ("small", "small", LARGE):
        connection.execute("SAVEPOINT item")
        try:
            connection.execute("INSERT INTO t VALUES (?)", (item,))
        except apsw.FullError:
            assert not connection.in_transaction
        else:
            connection.execute("RELEASE item")
            acknowledged.append(item)
    assert (acknowledged, connection.execute("SELECT count(*) FROM t").get) == (["small", "small"], 0)
    connection.close()


async def test_nothing_of_the_commit_is_acknowledged(sqlite: Database, sqlite_store: SqliteStore, heard: Heard) -> None:
    flight = sqlite.flight(PUT_THINGS)
    await put(sqlite, 1)
    await fill(sqlite)
    async with held_writer(sqlite):
        futures = [put(sqlite, 2), flight.join(Thing(3, "3")), put(sqlite, 4, LARGE), put(sqlite, 5)]
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StorageFull] * 4
    assert sqlite_store.rows("SELECT id FROM thing") == ["1"]
    assert [event.kind for event in heard.of(DatabaseFailed)] == ["full"]


async def test_nor_of_the_items_that_ran_one_by_one(sqlite: Database, sqlite_store: SqliteStore) -> None:
    """One item fails by itself, so the flight is split; then the disk is full at another one."""
    flight = sqlite.flight(PUT_THINGS)
    await put(sqlite, 1, "taken")
    await fill(sqlite)
    items = [Thing(2, "a"), Thing(3, "taken"), Thing(4, "b"), Thing(5, LARGE), Thing(6, "c")]
    outcomes = await asyncio.gather(*(flight.join(item) for item in items), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StorageFull] * 5
    assert sqlite_store.rows("SELECT id FROM thing") == ["1"]


async def test_reads_go_on_and_writes_resume_when_there_is_room(sqlite: Database, sqlite_store: SqliteStore) -> None:
    await put(sqlite, 1)
    await fill(sqlite)
    with pytest.raises(StorageFull, match="nothing was written"):
        await put(sqlite, 2, LARGE)
    assert await sqlite.fetch_one(things.ONE, id=1) == Row(1, "1", 1)
    await limit(sqlite, 1_000_000)
    assert await put(sqlite, 3, LARGE) == 1
    assert sqlite_store.rows("SELECT id FROM thing") == ["1", "3"]
    assert is_sound(sqlite_store)


async def test_what_fits_is_written_while_the_disk_is_nearly_full(sqlite: Database) -> None:
    await fill(sqlite)
    with pytest.raises(StorageFull):
        await put(sqlite, 1, LARGE)
    assert await put(sqlite, 2) == 1


async def test_a_transaction_hears_it_at_its_statement(sqlite: Database, sqlite_store: SqliteStore) -> None:
    await fill(sqlite)

    async def block() -> None:
        async with sqlite.transaction() as run:
            await put(run, 1)
            with pytest.raises(StorageFull):
                await put(run, 2, LARGE)
            with pytest.raises(RoadbedError, match="The transaction is over"):
                await put(run, 3)

    with pytest.raises(StorageFull):
        await block()
    assert sqlite_store.rows("SELECT id FROM thing") == []
    assert await put(sqlite, 4) == 1


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Let writes beyond this size fail, as a disk does that has no room or is broken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_when_the_disk_fails_at_the_commit_the_outcome_is_unknown(
    sqlite: Database, sqlite_store: SqliteStore, heard: Heard
) -> None:
    await put(sqlite, 1)
    with no_file_longer_than(log_size(sqlite_store) + 8192):
        with pytest.raises((OutcomeUnknown, StorageFull)):
            await put(sqlite, 2, LARGE)
        assert await sqlite.fetch_one(things.ONE, id=1) == Row(1, "1", 1)
    assert await put(sqlite, 3, LARGE) == 1
    assert sqlite_store.rows("SELECT id FROM thing") == ["1", "3"]
    assert is_sound(sqlite_store)
    assert {event.kind for event in heard.of(DatabaseFailed)} <= {"io", "full"}


async def test_a_failing_disk_fails_the_others_in_the_commit_too(sqlite: Database, sqlite_store: SqliteStore) -> None:
    await put(sqlite, 1)
    with no_file_longer_than(log_size(sqlite_store) + 8192):
        async with held_writer(sqlite):
            futures = [put(sqlite, 2), put(sqlite, 3, LARGE), put(sqlite, 4)]
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
    assert all(isinstance(outcome, (OutcomeUnknown, StorageFull)) for outcome in outcomes)
    assert len({id(outcome) for outcome in outcomes}) == 3
    with pytest.raises(Conflict):
        await put(sqlite, 1)
    assert (await put(sqlite, 2), is_sound(sqlite_store)) == (1, True)
