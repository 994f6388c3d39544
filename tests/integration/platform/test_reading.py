"""Figures, read: the database adds up processes and time, whatever the number of rows."""

from datetime import UTC, datetime, timedelta

import pytest

from roadbed.data.database import Database
from roadbed.data.statistic_columns import LATENCIES
from roadbed.kernel.clock import now
from roadbed.kernel.ids import new_id
from roadbed.platform.reading import DEFAULT_RANGE, KEPT, LATELY, Reader, span
from tests.integration.platform.crew import NOON, TICK, Clock, write_rows


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def reader(database: Database, clock: Clock) -> Reader:
    return Reader(database, TICK, clock)


async def test_nothing_written_is_nothing_shown(reader: Reader) -> None:
    found = await reader.figures(None, None, 120)
    assert (found.points, found.latest, found.since, found.until) == ([], None, NOON - DEFAULT_RANGE, NOON)


async def test_counts_add_up_over_processes_and_time(database: Database, reader: Reader) -> None:
    crew = [new_id(), new_id()]
    rows = [
        {"at": after(tick * TICK), "process": each, "seconds": TICK, "requests": 10, "errors": 1, "refused": 2}
        for tick in range(12)
        for each in crew
    ]
    await write_rows(database, rows)
    found = await reader.figures(NOON, after(120), 3)
    shown = [
        (point.at, point.seconds, point.requests, point.requests_per_second, point.errors, point.refused)
        for point in found.points
    ]
    assert (found.step, shown) == (60.0, [(NOON, 60, 120, 2.0, 12, 24), (after(60), 60, 120, 2.0, 12, 24)])
    assert [point.error_rate for point in found.points] == [0.1, 0.1]


async def test_states_add_up_over_processes_and_are_means_over_time(database: Database, reader: Reader) -> None:
    one, two = new_id(), new_id()
    common = {"seconds": TICK, "processes": 1, "disk_size": 100}
    await write_rows(
        database,
        [
            {**common, "at": NOON, "process": one, "memory": 10, "queued": 0, "disk_free": 50, "cpu": 5.0},
            {**common, "at": NOON, "process": two, "memory": 20, "queued": 4, "disk_free": 60, "cpu": 2.0},
            {**common, "at": after(10), "process": one, "memory": 30, "queued": 1, "disk_free": 40, "cpu": 3.0},
        ],
    )
    (point,) = (await reader.figures(NOON, after(20), 2)).points
    assert (point.memory, point.processes, point.queued, point.queued_most) == (30, 1.5, 2.5, 4)
    assert (point.disk_free, point.disk_size, point.cpu) == (40, 100, 0.5)


async def test_quantiles_are_of_all_processes(database: Database, reader: Reader) -> None:
    # 90 requests of up to 0.5 ms in one process, 10 between 0.1 and 0.25 s in another.
    slow = {"at": NOON, "requests": 10, LATENCIES[8]: 10, "latency_sum": 2.0, "seconds": TICK}
    quick = {"at": NOON, "requests": 90, LATENCIES[0]: 90, "latency_sum": 0.02, "seconds": TICK}
    await write_rows(database, [{**slow, "process": new_id()}, {**quick, "process": new_id()}])
    (point,) = (await reader.figures(NOON, after(10), 2)).points
    assert point.latency_ms is not None
    assert point.latency_ms.p50 == pytest.approx(0.5 * 50 / 90, abs=0.001)
    assert point.latency_ms.p99 == pytest.approx(100 + 150 * 0.9)
    assert point.latency_ms.mean == pytest.approx(20.2)


async def test_rates_of_nothing_are_null(database: Database, reader: Reader) -> None:
    await write_rows(database, [{"at": NOON, "seconds": TICK}])
    (point,) = (await reader.figures(NOON, after(10), 2)).points
    assert (point.error_rate, point.latency_ms, point.cache_hit_rate, point.flight_size) == (None, None, None, None)


async def test_rates_of_something(database: Database, reader: Reader) -> None:
    row = {"cache_hits": 3, "cache_misses": 1, "flights": 2, "flight_items": 9, "cache_bytes": 7, "cache_entries": 2}
    await write_rows(database, [{"at": NOON, "seconds": TICK, **row}])
    (point,) = (await reader.figures(NOON, after(10), 2)).points
    assert (point.cache_hit_rate, point.flight_size, point.cache_bytes, point.cache_entries) == (0.75, 4.5, 7, 2.0)


async def test_spans_without_figures_are_left_out(database: Database, reader: Reader) -> None:
    await write_rows(database, [{"at": after(at), "seconds": TICK} for at in (0, 10, 50)])
    found = await reader.figures(NOON, after(60), 7)
    assert [point.at for point in found.points] == [NOON, after(10), after(50)]


@pytest.mark.parametrize("points", [2, 3, 7, 59, 60, 61, 120, 1000])
async def test_there_are_never_more_points_than_asked_for(
    database: Database, reader: Reader, clock: Clock, points: int
) -> None:
    await write_rows(database, [{"at": after(tick * TICK), "seconds": TICK, "requests": 1} for tick in range(360)])
    clock.move(3600)
    found = await reader.figures(after(3.3), after(3597.1), points)
    assert len(found.points) <= points
    assert sum(point.requests for point in found.points) in (359, 360)


async def test_the_same_span_has_the_same_place_whenever_it_is_asked_for(
    database: Database, reader: Reader, clock: Clock
) -> None:
    await write_rows(database, [{"at": after(tick * TICK), "seconds": TICK} for tick in range(720)])
    places: list[set[datetime]] = []
    for second in (5400.0, 5403.0, 5409.9):
        clock.at = after(second)
        places.append({point.at for point in (await reader.figures(None, None, 60)).points})
    assert len(places[0] & places[1] & places[2]) >= 29


async def test_the_latest_is_the_last_minute(database: Database, reader: Reader, clock: Clock) -> None:
    rows = [{"at": after(at), "seconds": TICK, "requests": 1} for at in range(0, 120, 10)]
    await write_rows(database, rows)
    clock.move(120)
    latest = await reader.last(LATELY)
    assert latest is not None
    assert (latest.at, latest.requests, latest.seconds) == (after(60), 6, 60)


async def test_a_range_that_goes_beyond_what_is_kept_is_cut(database: Database, reader: Reader) -> None:
    await write_rows(database, [{"at": NOON - timedelta(seconds=10), "seconds": TICK}])
    found = await reader.figures(datetime(1, 1, 1, tzinfo=UTC), None, 100)
    assert (found.since, len(found.points)) == (NOON - KEPT, 1)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC)),
        (datetime(9998, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)),
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), None),
        (None, datetime(1, 1, 1, tzinfo=UTC)),
        (datetime(1969, 1, 1, tzinfo=UTC), datetime(1971, 1, 1, tzinfo=UTC)),
        (NOON, NOON - timedelta(days=1)),
    ],
)
async def test_an_absurd_range_is_empty(reader: Reader, since: datetime | None, until: datetime | None) -> None:
    assert (await reader.figures(since, until, 1000)).points == []


@pytest.mark.parametrize(
    ("length", "points", "finest", "width"),
    [
        (3600, 200, 10, 20),
        (3600, 181, 10, 20),
        (3600, 180, 10, 30),
        (86400, 200, 10, 600),
        (30 * 86400, 200, 60, 14400),
        (30 * 86400, 2, 60, 30 * 86400),
        (60, 1000, 10, 10),
        (3600, 200, 7, 21),
        (0, 2, 10, 10),
    ],
)
def test_spans_are_even(length: int, points: int, finest: int, width: int) -> None:
    assert span(NOON, after(length), points, finest * 1_000_000) == width * 1_000_000


async def test_workers_are_those_that_wrote_lately(database: Database, clock: Clock, reader: Reader) -> None:
    gone, one, two = new_id(), new_id(), new_id()
    await write_rows(
        database,
        [
            {"at": after(-120), "process": gone, "node": "gone"},
            {"at": after(-20), "process": one, "node": "a", "requests": 1},
            {"at": after(-10), "process": one, "node": "a", "requests": 2},
            {"at": after(-30), "process": two, "node": "b", "requests": 3},
        ],
    )
    assert [(row.process, row.requests) for row in await reader.workers()] == [(one, 2), (two, 3)]


async def test_the_present_is_read_with_the_clock_of_this_machine(database: Database) -> None:
    await write_rows(database, [{"at": now() - timedelta(seconds=5), "seconds": 5.0, "requests": 1}])
    latest = await Reader(database, TICK, now).last(LATELY)
    assert latest is not None
    assert latest.requests == 1
