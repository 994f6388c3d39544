"""Outliers are what a loop over all rows finds, page by page, on both engines."""

import random
from datetime import datetime, timedelta

import pytest

from roadbed.domains.telemetry.model import LARGEST_VALUE, Measurement
from roadbed.domains.telemetry.pages import EARLIEST, LATEST, Limits, Moment, Window
from roadbed.domains.telemetry.service import Telemetry
from roadbed.kernel.clock import EPOCH
from roadbed.kernel.errors import NotFound
from tests.integration.telemetry.databases import ingest, stored

SECOND = timedelta(seconds=1)
COUNT = 200
WINDOWS = (Window(), Window(EPOCH + 20 * SECOND), Window(EPOCH + 7 * SECOND, EPOCH + 150 * SECOND))
LIMITS = (
    Limits(above=3),
    Limits(below=-3),
    Limits(above=2, below=-2),
    Limits(above=0, below=0),
    Limits(above=1, below=2),
    Limits(above=99),
    Limits(),
)


def naive(rows: list[Measurement], window: Window, limits: Limits) -> list[Measurement]:
    since, until = window.bounds.values()
    return [
        row
        for row in reversed(rows)
        if since <= row.timestamp <= until
        and (
            (limits.above is not None and row.value > limits.above)
            or (limits.below is not None and row.value < limits.below)
        )
    ]


async def walk(service: Telemetry, window: Window, limits: Limits, limit: int) -> list[Measurement]:
    """Follow the cursor to the end. Every page says the same total."""
    found: list[Measurement] = []
    after: Moment | None = None
    totals: set[int | None] = set()
    while True:
        page = await service.outliers(1, window, limits, limit, after, total=True)
        found += page.items
        totals.add(page.total)
        if page.next is None:
            assert totals == {len(found)}
            return found
        assert len(page.items) == limit
        after = page.next


async def test_pages_hold_each_outlier_once_newest_first(service: Telemetry) -> None:
    chance = random.Random(5)
    times = chance.sample(range(COUNT * 2), COUNT)
    await ingest(service, *((EPOCH + second * SECOND, 1, chance.randint(-5, 5)) for second in times))
    await ingest(service, (EPOCH, 2, 100))
    rows = await stored(service, [1])
    for window in WINDOWS:
        for limits in LIMITS:
            expected = naive(rows, window, limits)
            for limit in (1 if len(expected) < 9 else 7, 1000):
                assert await walk(service, window, limits, limit) == expected


async def test_what_equals_a_limit_is_not_beyond_it(service: Telemetry) -> None:
    values = (LARGEST_VALUE, 0.1, 0.1 + 2**-54, -LARGEST_VALUE)
    await ingest(service, *((EPOCH + at * SECOND, 1, repr(value)) for at, value in enumerate(values)))

    async def found(limits: Limits) -> list[float]:
        return [row.value for row in (await service.outliers(1, Window(), limits, 10, None, total=False)).items]

    assert await found(Limits(above=0.1)) == [value for value in (values[2], values[0]) if value > 0.1]
    assert await found(Limits(below=0.1)) == [-LARGEST_VALUE]
    assert await found(Limits(above=LARGEST_VALUE)) == []
    assert await found(Limits(below=-LARGEST_VALUE)) == []
    assert await found(Limits(above=1e308, below=-1e308)) == []


@pytest.mark.parametrize("instant", [EARLIEST, EPOCH - SECOND, EPOCH, LATEST])
async def test_a_cursor_outside_of_the_window_gives_what_is_before_it(service: Telemetry, instant: datetime) -> None:
    await ingest(service, (EPOCH, 1, 5))
    after = Moment(instant)
    page = await service.outliers(1, Window(EPOCH - SECOND), Limits(above=0), 10, after, total=True)
    assert [row.timestamp for row in page.items] == ([EPOCH] if instant == LATEST else [])
    assert (page.total, page.next) == (1, None)


async def test_an_unknown_signal_is_not_found(service: Telemetry) -> None:
    with pytest.raises(NotFound):
        await service.outliers(999, Window(), Limits(above=0), 10, None, total=False)
