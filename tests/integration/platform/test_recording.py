"""Figures of processes: written once per tick, together in one table, and never in anybody's way."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from roadbed.data.database import Database
from roadbed.kernel.errors import OutcomeUnknown, Overloaded, Unavailable
from roadbed.kernel.events import CacheAsked, DatabaseFailed, FlightLanded, Notice, RequestFailed, RequestShed
from roadbed.platform import statements
from tests.integration.platform.crew import NOON, TICK, Clock, Crewman, ask, opened


async def test_a_tick_is_one_row(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    for status in (200, 201, 404, 499, 500):
        one.answer(status)
    await one.tick()
    rows = await ask(database, "SELECT node, pid, processes, requests, refused, errors, latency_03 FROM statistic")
    assert rows == [("one", 4711, 1, 5, 1, 1, 5)]


async def test_a_row_begins_where_its_tick_began(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    clock.move(0.7)
    await one.tick()
    await one.tick()
    rows = [await database.fetch_one(statements.BEYOND, until=clock(), count=count) for count in (0, 1, 2)]
    assert [row and row.at for row in rows] == [NOON, NOON.replace(second=10), None]


async def test_what_was_counted_is_counted_once(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    for _ in range(3):
        one.answer()
        await one.tick()
    assert await ask(database, "SELECT count(*), sum(requests), max(requests) FROM statistic") == [(3, 3, 1)]


async def test_events_of_all_kinds_are_counted(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    one.events.emit(FlightLanded("post", 3, 0.0, 0.001))
    one.events.emit(FlightLanded("get", 4, 0.0, 0.001))
    one.events.emit(RequestShed("writer"))
    one.events.emit(DatabaseFailed("sqlite", "io", OSError()))
    for result in ("hit", "shared", "collapsed", "miss", "bypass"):
        one.events.emit(CacheAsked("items", result))
    await one.tick()
    found = await ask(
        database, "SELECT flights, flight_items, shed, database_errors, cache_hits, cache_misses FROM statistic"
    )
    assert found == [(2, 7, 1, 1, 3, 2)]


async def test_how_things_stand_is_looked_at(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    one.gauges = {
        "queue_depth:writer": 2.0,
        "queue_depth:flight:post": 3.0,
        "http_in_flight": 4.0,
        "http_connections": 5.0,
        "http_streams": 6.0,
        "cache_entries": 7.0,
        "cache_bytes": 8.0,
        "database_bytes": 9.0,
    }
    await one.tick()
    columns = "queued, in_flight, connections, subscribers, cache_entries, cache_bytes, database_bytes"
    assert await ask(database, f"SELECT {columns} FROM statistic") == [(5, 4, 5, 6, 7, 8, 9)]
    own = await ask(database, "SELECT memory > 0, disk_size > 0, disk_free <= disk_size FROM statistic")
    assert [bool(value) for value in own[0]] == [True, True, True]


async def test_processes_stand_side_by_side(database: Database, clock: Clock, bare_url: str) -> None:
    async with opened(bare_url) as other:
        crew = [Crewman(database, clock, "one"), Crewman(other, clock, "two")]
        clock.move(10)
        for number, each in enumerate(crew, 1):
            for _ in range(number):
                each.answer()
        await asyncio.gather(*(each.recorder.write() for each in crew))
    rows = await ask(database, "SELECT node, requests FROM statistic ORDER BY node")
    ticks = await ask(database, "SELECT count(DISTINCT at) FROM statistic")
    assert (rows, ticks) == ([("one", 1), ("two", 2)], [(1,)])


async def test_the_cache_is_added_up_by_minute_and_resource(database: Database, clock: Clock) -> None:
    crew = [Crewman(database, clock, "one"), Crewman(database, clock, "two")]
    for each in crew:
        for resource in ("items", "books", "items"):
            each.events.emit(CacheAsked(resource, "hit"))
        each.events.emit(CacheAsked("items", "miss"))
    clock.move(10)
    for each in crew:
        await each.recorder.write()
    found = await ask(database, "SELECT resource, hits, misses FROM statistic_cache ORDER BY resource")
    assert found == [("books", 2, 0), ("items", 4, 2)]


async def test_watchers_are_told_until_they_have_left(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    seen: list[list[tuple[object, ...]]] = []
    for watching in ({"items": 2}, {"items": 1, "kv": 3}, {}, {}):
        one.watching = watching
        await one.tick()
        seen.append(await ask(database, "SELECT feed, subscribers FROM statistic_watch ORDER BY feed"))
    assert seen == [[("items", 2)], [("items", 1), ("kv", 3)], [("items", 0), ("kv", 0)], [("items", 0), ("kv", 0)]]


async def test_failed_requests_are_written_without_anything_of_the_caller(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    one.events.emit(RequestFailed("broken", "GET", "/x", ValueError("secret")))
    one.answer(503, problem="overloaded")
    one.answer(404)
    await one.tick()
    found = await ask(database, "SELECT method, route, status, problem, title, error, node, pid FROM statistic_error")
    assert found == [("GET", "/x", 503, "overloaded", "The service is at its limit", "", "one", 4711)]
    everything = await ask(database, "SELECT * FROM statistic_error")
    assert "secret" not in str(everything)


class Broken:
    """A database that fails as it is told, before or after it has done what was asked; what is of several rows or
    statements may fail alone."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.before: Exception | None = None
        self.after: Exception | None = None
        self.after_several: Exception | None = None

    async def execute(self, query: Any, **arguments: Any) -> int:
        if self.before is not None:
            raise self.before
        done: int = await self._database.execute(query, **arguments)
        if self.after is not None:
            raise self.after
        return done

    async def execute_many(self, *arguments: Any) -> None:
        if self.before is not None:
            raise self.before
        await self._database.execute_many(*arguments)
        if self.after_several is not None:
            raise self.after_several

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Any]:
        if self.before is not None:
            raise self.before
        async with self._database.transaction() as run:
            yield run
        if self.after_several is not None:
            raise self.after_several


@pytest.mark.parametrize(
    "error", [Unavailable("away"), Overloaded("full"), RuntimeError("no such table"), TimeoutError()]
)
async def test_while_the_database_is_away_nothing_is_lost(database: Database, clock: Clock, error: Exception) -> None:
    broken = Broken(database)
    one = Crewman(broken, clock)
    broken.before = error
    for _ in range(3):
        one.answer(500)
        await one.tick()
    broken.before = None
    one.answer(500)
    await one.tick()
    assert await ask(database, "SELECT sum(requests), sum(errors), sum(skipped) FROM statistic") == [(4, 4, 3)]
    assert await ask(database, "SELECT count(*) FROM statistic_error") == [(4,)]


async def test_an_outage_is_told_of_once(database: Database, clock: Clock) -> None:
    broken = Broken(database)
    one = Crewman(broken, clock)
    for error in (None, Unavailable("away"), Unavailable("away"), None, None):
        broken.before = error
        await one.tick()
    assert (len(one.skipped), one.notices) == (
        2,
        [
            Notice("warning", "Figures are not written for now", {"reason": "Unavailable: away"}),
            Notice("info", "Figures are written again", {"left_out": 2}),
        ],
    )


async def test_a_row_whose_outcome_is_unknown_is_there_once(database: Database, clock: Clock) -> None:
    broken = Broken(database)
    one = Crewman(broken, clock)
    broken.after = OutcomeUnknown("lost")
    one.answer()
    await one.tick()
    broken.after = None
    one.answer()
    await one.tick()
    assert await ask(database, "SELECT count(*), sum(requests) FROM statistic") == [(2, 2)]


@pytest.mark.parametrize("when", ["before", "after", "after_several"])
async def test_the_cache_of_a_tick_that_failed_is_counted_once(database: Database, clock: Clock, when: str) -> None:
    """Rows of the cache are sums of all processes: to add to them again would count twice."""
    broken = Broken(database)
    one, other = Crewman(broken, clock), Crewman(database, clock, "other")
    for each in (one, other):
        each.events.emit(CacheAsked("items", "hit"))
    setattr(broken, when, OutcomeUnknown("lost"))
    for _ in range(2):
        await one.tick()
    setattr(broken, when, None)
    one.events.emit(CacheAsked("items", "miss"))
    await one.tick()
    await other.tick()
    await one.tick()
    found = await ask(database, "SELECT resource, sum(hits), sum(misses) FROM statistic_cache GROUP BY resource")
    assert found == [("items", 2, 1)]
    assert await ask(database, "SELECT sum(cache_hits), sum(cache_misses) FROM statistic") == [(2, 1)]


async def test_a_busy_engine_is_left_alone(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    one.gauges = {"queue_depth:writer": 51.0}
    one.answer()
    await one.tick()
    during = await ask(database, "SELECT count(*) FROM statistic")
    one.gauges = {"queue_depth:writer": 50.0}
    await one.tick()
    assert (during, await ask(database, "SELECT requests, skipped FROM statistic"), len(one.skipped)) == (
        [(0,)],
        [(1, 1)],
        1,
    )


async def test_the_end_writes_the_rest(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    await one.tick()
    one.answer()
    clock.move(3)
    await one.recorder.finish()
    assert await ask(database, "SELECT requests FROM statistic ORDER BY at") == [(0,), (1,)]


async def test_the_end_does_not_wait_for_a_database_that_is_away(database: Database, clock: Clock) -> None:
    broken = Broken(database)
    one = Crewman(broken, clock)
    broken.before = Unavailable("away")
    await one.tick()
    asked = len(one.skipped)
    await one.recorder.finish()
    assert (asked, len(one.skipped)) == (1, 1)


async def test_a_pause_ends_after_the_next_tick(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    ends: list[float] = []
    for second in (0.0, 0.001, 4.0, 9.999):
        clock.at = NOON
        clock.move(second)
        pause = one.recorder.pause()
        assert 0 < pause <= 10.0
        ends.append(round((second + pause) % 10.0, 3))
    # Always at the same place of a tick, shortly after it began.
    assert len(set(ends)) == 1
    assert 0.2 <= ends[0] <= 2.0


async def test_a_timer_that_is_early_loses_nothing(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    await one.tick()
    one.answer()
    await one.recorder.write()
    await one.tick()
    assert await ask(database, "SELECT requests FROM statistic ORDER BY at") == [(0,), (1,)]


async def test_a_clock_that_is_set_back_loses_nothing(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    for _ in range(3):
        for _ in range(2):
            one.answer()
            await one.tick()
        clock.move(-2 * TICK)
    one.answer()
    await one.recorder.finish()
    assert await ask(database, "SELECT count(*), sum(requests) FROM statistic") == [(7, 7)]
