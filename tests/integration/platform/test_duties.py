"""What one process alone does: old figures are thinned out, old rows go, and doing it again changes nothing."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from roadbed.data.database import Database
from roadbed.kernel.ids import new_id
from roadbed.platform import duties, statements
from roadbed.platform.duties import Duty, Thinning, attend
from roadbed.platform.reading import Reader
from roadbed.platform.statements import EVERYONE
from tests.integration.platform.crew import NOON, TICK, Clock, ask, opened, write_rows

DAY = timedelta(days=1)


def ticks(minutes: int, *, ago: timedelta = 2 * DAY, processes: int = 2) -> list[dict[str, Any]]:
    """Return rows of some minutes, the first of which begins so long before noon."""
    crew = [new_id() for _ in range(processes)]
    return [
        {
            "at": NOON - ago + timedelta(seconds=TICK * tick),
            "process": each,
            "seconds": TICK,
            "requests": 5,
            "latency_02": 5,
            "latency_sum": 0.5,
            "cpu": 0.25,
            "processes": 1,
            "memory": 100 + tick % 6,
            "disk_free": 50 - tick % 6,
            "disk_size": 100,
        }
        for tick in range(minutes * 6)
        for each in crew
    ]


async def shape(database: Database) -> list[tuple[Any, ...]]:
    return await ask(database, "SELECT * FROM statistic ORDER BY at, process")


async def test_a_minute_becomes_one_row_of_all_processes(database: Database, clock: Clock) -> None:
    await write_rows(database, ticks(3))
    assert await Thinning(database, clock).run() == 36
    rows = await ask(
        database,
        "SELECT processes, seconds, requests, latency_02, latency_sum, cpu, memory, disk_free, disk_size, pid, node"
        " FROM statistic ORDER BY at",
    )
    assert rows == [(2, 60.0, 60, 60, 6.0, 3.0, 205, 45, 100, 0, "")] * 3


async def test_what_is_read_stays_the_same(database: Database, clock: Clock) -> None:
    await write_rows(database, ticks(30))
    since = NOON - 2 * DAY
    reader = Reader(database, TICK, clock)
    before = await reader.figures(since, since + timedelta(minutes=30), 10)
    await Thinning(database, clock).run()
    after = await reader.figures(since, since + timedelta(minutes=30), 10)
    assert [(p.at, p.requests, p.seconds, p.memory, p.cpu, p.latency_ms) for p in after.points] == [
        (p.at, p.requests, p.seconds, p.memory, p.cpu, p.latency_ms) for p in before.points
    ]


async def test_the_last_day_stays_as_it_is(database: Database, clock: Clock) -> None:
    await write_rows(database, ticks(2, ago=DAY - timedelta(minutes=1)))
    before = await shape(database)
    assert (await Thinning(database, clock).run(), await shape(database)) == (0, before)


async def test_only_whole_minutes_are_thinned_out(database: Database, clock: Clock) -> None:
    await write_rows(database, ticks(2, ago=DAY + timedelta(minutes=1)))
    clock.move(30)
    await Thinning(database, clock).run()
    everyone = await ask(database, "SELECT count(*) FROM statistic WHERE node = ''")
    assert (everyone, await ask(database, "SELECT count(*) FROM statistic WHERE node = 'one'")) == ([(1,)], [(12,)])


async def test_doing_it_again_changes_nothing(database: Database, clock: Clock) -> None:
    await write_rows(database, ticks(5))
    await Thinning(database, clock).run()
    before = await shape(database)
    assert [await Thinning(database, clock).run() for _ in range(2)] == [0, 0]
    assert await shape(database) == before


async def test_it_goes_on_where_another_one_died(database: Database, clock: Clock) -> None:
    await write_rows(database, ticks(4))
    since = NOON - 2 * DAY
    # The summary was written and, against all rules, what it sums up is still there.
    await database.execute(statements.THIN, since=since, until=since + timedelta(minutes=4), everyone=EVERYONE)
    await Thinning(database, clock).run()
    assert await ask(database, "SELECT count(*), sum(requests) FROM statistic") == [(4, 240)]


async def test_it_comes_in_short_transactions(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "MOST_BATCHES", 2)
    await write_rows(database, ticks(45))
    thinning = Thinning(database, clock)
    gone = [await thinning.run() for _ in range(4)]
    assert gone == [240, 240, 60, 0]


async def test_several_at_a_time_do_no_harm(database: Database, clock: Clock, bare_url: str) -> None:
    await write_rows(database, ticks(25))
    async with opened(bare_url) as other:
        await asyncio.gather(Thinning(database, clock).run(), Thinning(other, clock).run())
    assert await ask(database, "SELECT count(*), sum(requests), max(processes) FROM statistic") == [(25, 1500, 2)]


async def test_after_thirty_days_it_goes(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "MOST_DROPPED", 3)
    old = [{"at": NOON - 31 * DAY + timedelta(minutes=number), "process": EVERYONE} for number in range(10)]
    kept = [{"at": NOON - 29 * DAY, "process": EVERYONE}]
    await write_rows(database, [*old, *kept])
    assert await Thinning(database, clock).run() == 10
    assert await ask(database, "SELECT count(*) FROM statistic") == [(1,)]


async def test_a_thousand_errors_are_kept(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "MOST_ERRORS", 5)
    ids = [new_id() for _ in range(8)]
    common = {"method": "GET", "route": "/", "status": 500, "problem": "internal", "title": "", "error": ""}
    rows = [{**common, "id": each, "at": NOON, "request_id": str(each), "node": "", "pid": 1} for each in ids]
    rows[-1]["at"] = NOON - 31 * DAY
    await database.execute_many(statements.WRITE_ERROR, rows)
    await Thinning(database, clock).run()
    found = await database.fetch(statements.ERRORS, before=new_id(), limit=100)
    assert [row.id for row in found] == ids[-2:-6:-1]


async def test_questions_to_the_cache_and_watchers_go_after_a_day(database: Database, clock: Clock) -> None:
    for at in (NOON - 2 * DAY, NOON):
        await database.execute(statements.WRITE_CACHE, at=at, resource="items", hits=1, misses=1)
        await database.execute(statements.WRITE_WATCH, process=new_id(), feed="items", subscribers=1, at=at)
    await Thinning(database, clock).run()
    assert await ask(database, "SELECT count(*) FROM statistic_cache") == [(1,)]
    assert await ask(database, "SELECT count(*) FROM statistic_watch") == [(1,)]


class Work:
    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1


async def test_a_duty_is_done_by_one_at_a_time(database: Database, clock: Clock, bare_url: str) -> None:
    work = Work()
    duty = Duty("count", 60.0, work)
    async with opened(bare_url) as other:
        done = await asyncio.gather(*(attend(each, [duty], clock) for each in (database, other) for _ in range(4)))
    assert (work.runs, sorted(done)) == (1, [*[[]] * 7, ["count"]])


async def test_a_duty_comes_again_when_its_time_has(database: Database, clock: Clock) -> None:
    work = Work()
    seen: list[int] = []
    for _ in range(4):
        await attend(database, [Duty("count", 60.0, work)], clock)
        seen.append(work.runs)
        clock.move(30)
    assert seen == [1, 1, 2, 2]


async def test_a_duty_that_failed_is_left_to_the_next_time(database: Database, clock: Clock) -> None:
    async def fail() -> None:
        raise ValueError("not today")

    with pytest.raises(ValueError, match="not today"):
        await attend(database, [Duty("count", 60.0, fail)], clock)
    work = Work()
    await attend(database, [Duty("count", 60.0, work)], clock)
    clock.move(61)
    await attend(database, [Duty("count", 60.0, work)], clock)
    assert work.runs == 1
