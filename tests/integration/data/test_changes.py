"""Feeds on real databases: numbers rise by what was asked for, and become visible in the order of the commits."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from roadbed.data.changes import BUMP, LOG, Change
from roadbed.data.database import Database
from roadbed.data.named_sql import compile_statement
from roadbed.data.queries import Query
from roadbed.kernel.errors import Conflict

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ALL = "SELECT feed, number, key, kind, at, body FROM change ORDER BY feed, number"
READ = Query("changes", {"sqlite": compile_statement(ALL, "?"), "postgres": compile_statement(ALL, "$")}, Change)


async def bump(database: Database, feed: str, count: int = 1) -> int:
    found = await database.fetch_one(BUMP, feed=feed, count=count)
    assert found is not None
    return found.number


async def log(database: Database, change: Change) -> None:
    await database.execute(LOG, **msgspec.structs.asdict(change))


async def test_a_feed_begins_at_its_first_bump_and_rises_by_what_is_asked(database: Database) -> None:
    assert [await bump(database, "a"), await bump(database, "a", 5), await bump(database, "b")] == [1, 6, 1]


async def test_a_change_comes_back_as_it_was_written(database: Database) -> None:
    written = [Change("a", 1, "key/1", "create", NOON, '{"n":1}'), Change("a", 2, "key/1", "delete", NOON, None)]
    for change in written:
        await log(database, change)
    assert await database.fetch(READ) == written


async def test_a_number_is_used_once(database: Database) -> None:
    await log(database, Change("a", 1, "k", "create", NOON, None))
    with pytest.raises(Conflict):
        await log(database, Change("a", 1, "other", "create", NOON, None))


async def test_what_is_rolled_back_takes_its_number_along(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as run:
            await run.fetch_one(BUMP, feed="a", count=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await bump(database, "a") == 1


async def test_who_comes_second_waits_until_the_first_has_committed(database: Database) -> None:
    second: asyncio.Task[int] | None = None
    async with database.transaction() as run:
        first = await run.fetch_one(BUMP, feed="a", count=1)
        second = asyncio.create_task(bump(database, "a"))
        await asyncio.wait((second,), timeout=0.2)
        assert not second.done()
    assert first is not None
    assert (first.number, await second) == (1, 2)
