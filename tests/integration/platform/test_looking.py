"""Figures that are read from the database: by one process at a time, told by all, at a cost that is bounded."""

import asyncio
from typing import Any

import msgspec
import pytest

from roadbed.data.database import Database
from roadbed.kernel.events import Events, Notice
from roadbed.platform import looking
from roadbed.platform.looking import Looking
from roadbed.resource.figures import Gauge, Look
from roadbed.resource.statements import query
from roadbed.runtime.jobs import Jobs
from roadbed.runtime.measures import LOOK_TIMESTAMP
from tests.integration.platform.crew import Clock, opened
from tests.support.waiting import eventually

EVERY = 30.0
AFTER = EVERY + 1


class Pair(msgspec.Struct):
    label: str
    value: float | None


def look(sql: str = "SELECT name AS label, number AS value FROM feed ORDER BY name", name: str = "feeds") -> Look:
    gauge = Gauge(name=f"roadbed_test_{name}", help="Numbers.", column="value", labels=("label",))
    return Look(name, query(name, Pair, sql), (gauge,))


class Process:
    """What looks for one process, and what it said."""

    def __init__(self, database: Database, clock: Clock, *looks: Look) -> None:
        events = Events()
        self.notices: list[Notice] = []
        events.on(Notice, self.notices.append)
        self.looking = Looking(database, looks or [look()], EVERY, 10.0, clock, events)

    async def run(self) -> list[str]:
        return await self.looking.run()

    def shown(self) -> dict[tuple[str, ...], float]:
        return {each.labels: each.value for each in self.looking.samples() if each.measure is not LOOK_TIMESTAMP}

    def looked_at(self) -> dict[tuple[str, ...], float]:
        return {each.labels: each.value for each in self.looking.samples() if each.measure is LOOK_TIMESTAMP}


async def set_feed(database: Database, name: str, number: int) -> None:
    text = (
        "INSERT INTO feed (name, number) VALUES (:name, :number)"
        " ON CONFLICT (name) DO UPDATE SET number = excluded.number"
    )
    plain: Any = tuple
    await database.execute(query("set_feed", plain, text), name=name, number=number)


async def test_what_is_found_is_shown_with_its_time(database: Database, clock: Clock) -> None:
    process = Process(database, clock)
    await set_feed(database, "a", 7)
    assert process.shown() == {}
    assert (await process.run(), process.shown()) == (["feeds"], {("a",): 7.0})
    assert process.looked_at() == {("feeds",): clock().timestamp()}


async def test_a_process_that_begins_tells_at_once_what_others_have_found(database: Database, clock: Clock) -> None:
    """Long before its first look is due: whoever scrapes it, and not the one that looked, sees no gap."""
    await set_feed(database, "a", 7)
    await Process(database, clock).run()
    fresh = Process(database, clock)
    job = fresh.looking.job()
    assert job.pause is not None
    first, *others = [job.pause() for _ in range(50)]
    assert (first, min(others) >= 0.9 * job.every, max(others) <= 1.1 * job.every) == (0.0, True, True)
    fresh = Process(database, clock)
    jobs = Jobs(Events())
    jobs.start(fresh.looking.job())
    await eventually(fresh.shown, "what the other process found")
    await jobs.stop()
    assert fresh.shown() == {("a",): 7.0}


async def test_it_is_read_again_when_its_time_has_come(database: Database, clock: Clock) -> None:
    process = Process(database, clock)
    await process.run()
    await set_feed(database, "a", 1)
    clock.move(EVERY - 1)
    assert (await process.run(), process.shown()) == ([], {})
    clock.move(2)
    assert (await process.run(), process.shown()) == (["feeds"], {("a",): 1.0})


async def test_what_is_gone_is_not_shown_any_more(database: Database, clock: Clock) -> None:
    process = Process(database, clock, look("SELECT name AS label, number AS value FROM feed WHERE number > 1"))
    await set_feed(database, "a", 2)
    await process.run()
    await set_feed(database, "a", 1)
    clock.move(AFTER)
    assert (await process.run(), process.shown()) == (["feeds"], {})


async def test_one_of_several_processes_looks_and_all_tell(bare_url: str, clock: Clock) -> None:
    async with opened(bare_url) as first, opened(bare_url) as second:
        await set_feed(first, "a", 3)
        crew = [Process(database, clock) for database in (first, second, first, second)]
        done = await asyncio.gather(*(each.run() for each in crew))
        assert sorted(done) == [[], [], [], ["feeds"]]
        await asyncio.gather(*(each.run() for each in crew))
        assert [each.shown() for each in crew] == [{("a",): 3.0}] * 4


async def test_one_that_comes_later_knows_at_once(database: Database, clock: Clock) -> None:
    await set_feed(database, "a", 3)
    await Process(database, clock).run()
    late = Process(database, clock)
    assert (await late.run(), late.shown()) == ([], {("a",): 3.0})


async def test_a_process_that_died_over_it_leaves_it_to_the_next(database: Database, clock: Clock) -> None:
    gone, next_one = Process(database, clock), Process(database, clock)
    assert await gone.looking._claim(look())
    assert await next_one.run() == []
    clock.move(16)
    assert await next_one.run() == ["feeds"]


async def test_what_takes_long_is_read_less_often(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([100.0, 102.0, 200.0, 200.1])
    monkeypatch.setattr(looking, "monotonic", lambda: next(times))
    process = Process(database, clock)
    await process.run()
    clock.move(199)
    assert await process.run() == []
    clock.move(2)
    assert await process.run() == ["feeds"]


async def test_one_that_fails_hinders_no_other(database: Database, clock: Clock) -> None:
    wrong = look("SELECT name AS label, 1 AS value FROM nowhere", "wrong")
    process = Process(database, clock, wrong, look())
    await set_feed(database, "a", 3)
    assert (await process.run(), process.shown()) == (["wrong", "feeds"], {("a",): 3.0})
    (notice,) = process.notices
    assert (notice.level, notice.message, notice.fields["look"]) == ("warning", "Figures could not be read", "wrong")
    assert await process.run() == []
    clock.move(AFTER)
    assert await process.run() == ["wrong", "feeds"]


async def test_what_was_found_last_stays_where_a_look_fails(database: Database, clock: Clock) -> None:
    await set_feed(database, "a", 3)
    process = Process(database, clock)
    await process.run()
    then = clock().timestamp()
    broken = Process(database, clock, look("SELECT name AS label, 1 AS value FROM nowhere"))
    clock.move(AFTER)
    assert await broken.run() == ["feeds"]
    assert (broken.shown(), broken.looked_at()) == ({("a",): 3.0}, {("feeds",): then})


async def test_series_are_bounded(database: Database, clock: Clock) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150)"
    process = Process(database, clock, look(f"{numbers} SELECT CAST(i AS text) AS label, i AS value FROM n"))
    await process.run()
    assert (len(process.shown()), [notice.message for notice in process.notices]) == (
        100,
        ["Figures of too many series"],
    )


async def test_null_and_what_is_no_number_are_left_out(database: Database, clock: Clock) -> None:
    process = Process(database, clock, look("SELECT 'a' AS label, NULL AS value UNION ALL SELECT 'b', 1.5"))
    await process.run()
    assert process.shown() == {("b",): 1.5}
    assert [looking.as_number(value) for value in (None, float("nan"), float("inf"), 2, True)] == [
        None,
        None,
        None,
        2.0,
        1.0,
    ]


async def test_what_another_release_wrote_is_passed_over(database: Database, clock: Clock) -> None:
    process = Process(database, clock)
    await process.run()
    plain: Any = tuple
    written = query("other", plain, "UPDATE statistic_figure SET samples = :samples, at = :at")
    clock.move(1)
    await database.execute(written, samples='[["roadbed_test_other",["x"],1]]', at=clock())
    await process.run()
    assert process.shown() == {}


async def test_a_database_that_is_away_is_waited_for(bare_url: str, clock: Clock) -> None:
    async with opened(bare_url) as database:
        process = Process(database, clock)
        await database.close(1)
        assert (await process.run(), process.notices) == ([], [])


def test_how_often_a_process_sees_to_it(clock: Clock) -> None:
    nowhere: Any = None
    pauses = [
        Looking(nowhere, [look()], every, 10.0, clock, Events()).job().every for every in (0.5, 4.0, 30.0, 3600.0)
    ]
    assert pauses == [0.25, 1.0, 7.5, 15.0]
