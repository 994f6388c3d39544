"""The bell: whoever writes, here or in another process, wakes who waits; a ring that is lost costs time alone."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from roadbed.data.database import Database
from roadbed.data.postgres import listening
from roadbed.kernel.events import DatabaseFailed
from tests.integration.data.feeds import FEED, write
from tests.integration.data.stores import Heard, PostgresStore, SqliteStore, Store
from tests.support.postgres import PostgresServer
from tests.support.waiting import eventually


class Rings:
    """How often somebody was woken."""

    def __init__(self, database: Database, feed: str = FEED) -> None:
        self.count = 0
        self._bell, self._feed = database.bell, feed
        database.bell.on(feed, self._woken)

    def _woken(self) -> None:
        self.count += 1

    def leave(self) -> None:
        self._bell.off(self._feed, self._woken)

    async def settle(self) -> None:
        """Wait until what was on its way has come."""
        before = -1
        while before != self.count:
            before = self.count
            await asyncio.sleep(0.3)


@pytest.fixture
async def other(store: Store) -> AsyncGenerator[Database]:
    """The same database, opened as another process does it."""
    opened = await store.open()
    yield opened
    await opened.close(5)


async def test_a_write_of_this_process_wakes_at_once(database: Database) -> None:
    rings, elsewhere = Rings(database), Rings(database, "other")
    before = rings.count
    database.bell.ring(FEED)
    assert (rings.count, elsewhere.count) == (before + 1, 0)


async def test_who_left_is_not_woken(database: Database) -> None:
    rings = Rings(database)
    rings.leave()
    rings.leave()
    database.bell.ring(FEED)
    assert (rings.count, database.bell.is_awaited) == (0, False)


async def test_a_write_of_another_process_wakes(
    database: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "LOOK", 60)
    rings = Rings(database)
    await rings.settle()
    before = rings.count
    await write(other)
    await eventually(lambda: rings.count > before, "the ring of another process")


async def test_who_does_not_ring_is_heard_all_the_same(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By hand, or by a process that died between its commit and its ring.
    monkeypatch.setattr(listening, "LOOK", 0.05)
    rings = Rings(database)
    await eventually(lambda: rings.count, "the first look")
    before = rings.count
    store.rows("UPDATE feed SET number = number + 1")
    store.rows("INSERT INTO feed (name, number) VALUES ('x', 1)")
    await eventually(lambda: rings.count > before, "a look")


async def test_a_lost_connection_is_made_anew(
    postgres_store: PostgresStore, monkeypatch: pytest.MonkeyPatch, heard: Heard
) -> None:
    monkeypatch.setattr(listening, "LOOK", 60)
    monkeypatch.setattr(listening, "_LOOK_WHILE_DEAF", 0.05)
    waiting, writing = await postgres_store.open(heard), await postgres_store.open()
    rings = Rings(waiting)
    await rings.settle()
    postgres_store.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'roadbed listener' AND datname = current_database()"
    )
    await eventually(lambda: rings.count > 1, "the look after the loss")
    await rings.settle()
    before = rings.count
    await write(writing)
    await eventually(lambda: rings.count > before, "the ring over the new connection")
    await waiting.close(5)
    await writing.close(5)


async def test_without_a_server_who_waits_looks_for_itself(
    own_postgres: PostgresServer, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "_LOOK_WHILE_DEAF", 0.05)
    store = PostgresStore(own_postgres, own_postgres.create_database())
    database = await store.open(heard)
    rings = Rings(database)
    await eventually(lambda: rings.count, "the first look")
    own_postgres.stop("immediate")
    before = rings.count
    await eventually(lambda: rings.count > before + 2, "looks without a connection")
    database.bell.ring(FEED)
    assert heard.of(DatabaseFailed)
    own_postgres.start()
    await database.close(5)


async def test_a_file_that_goes_away_does_not_end_the_watch(sqlite_store: SqliteStore, heard: Heard) -> None:
    database = await sqlite_store.open(heard)
    rings = Rings(database)
    await eventually(lambda: rings.count, "the first look")
    await write(database)
    before = rings.count
    await write(database)
    await eventually(lambda: rings.count > before, "a ring")
    await database.close(5)
    await database.close(5)


async def test_nothing_is_opened_for_nobody(store: Store, database: Database) -> None:
    if store.url.startswith("postgresql"):
        name = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'roadbed listener'"
        ours = name + " AND datname = current_database()"
        assert store.rows(ours) == ["0"]
    assert database.bell.is_awaited is False
