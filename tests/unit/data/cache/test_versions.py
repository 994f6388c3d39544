"""Which number a feed has: one look for all who stand in the loop's queue already, and a new one for whoever comes."""

import asyncio
from typing import Any

import pytest

from roadbed.data.cache.bodies import Stamp
from roadbed.data.cache.versions import Versions


class Flight:
    """Reads the number that the database has when it flies."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    async def join(self, _feed: str) -> Stamp:
        await asyncio.sleep(0)
        return Stamp(self._database.number, 0)


class Database:
    """An embedded database: ``state`` moves with every commit, and is counted when it is looked at."""

    def __init__(self) -> None:
        self.number = 1
        self.looks = 0
        self.can_tell = True

    def flight(self, *_arguments: Any) -> Flight:
        return Flight(self)

    def state(self) -> int | None:
        self.looks += 1
        return self.number if self.can_tell else None


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def versions(database: Database) -> Versions:
    return Versions(database)  # type: ignore[arg-type]


async def ask(versions: Versions) -> Stamp:
    return versions.known("notes") or await versions.read("notes")


async def test_who_came_together_shares_one_look(database: Database, versions: Versions) -> None:
    await ask(versions)
    await asyncio.sleep(0)
    database.looks = 0
    found = await asyncio.gather(*(ask(versions) for _ in range(10)))
    assert (found, database.looks) == ([Stamp(1, 0)] * 10, 1)


async def test_who_comes_later_has_a_look_of_its_own(database: Database, versions: Versions) -> None:
    await ask(versions)
    for number in range(2, 5):
        await asyncio.sleep(0)
        database.number = number
        assert await ask(versions) == Stamp(number, 0)


async def test_who_was_told_of_a_commit_never_shares_a_look_from_before_it(
    database: Database, versions: Versions
) -> None:
    """A commit comes between two who stand in one queue: the second asks again once it is told, and meets it."""
    await ask(versions)
    await asyncio.sleep(0)
    seen: list[Stamp] = []

    async def reader() -> None:
        seen.append(await ask(versions))

    async def writer() -> None:
        database.number += 1
        # Its client is told now, and asks at once: at the earliest it comes behind all who stand in the queue.
        told = asyncio.ensure_future(reader())
        await told

    await asyncio.gather(reader(), writer(), reader())
    assert seen[-1] == Stamp(2, 0)


async def test_where_nothing_can_be_told_each_asks_the_database(database: Database, versions: Versions) -> None:
    database.can_tell = False
    assert [await ask(versions) for _ in range(3)] == [Stamp(1, 0)] * 3
    assert [versions.known("notes"), versions.known("notes"), database.looks] == [None, None, 5]


async def test_a_state_that_moved_forgets_every_number(database: Database, versions: Versions) -> None:
    await ask(versions)
    await asyncio.sleep(0)
    assert versions.known("notes") == Stamp(1, 0)
    await asyncio.sleep(0)
    database.number = 2
    assert versions.known("notes") is None
