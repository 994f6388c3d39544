"""Series are those of the published algorithm, and buckets those of a loop over all rows, on both engines."""

import math
import random
from datetime import datetime, timedelta

import pytest

from roadbed.domains.telemetry import reads, series
from roadbed.domains.telemetry.csv_rows import CsvRows, csv_of
from roadbed.domains.telemetry.model import Bucket
from roadbed.domains.telemetry.pages import Window
from roadbed.domains.telemetry.service import Telemetry
from roadbed.kernel.clock import EPOCH
from roadbed.kernel.errors import NotFound
from tests.integration.telemetry.databases import ingest, parts, stored

SECOND = timedelta(seconds=1)
START = EPOCH + timedelta(days=19_000)


def steinarsson(points: list[tuple[float, float]], wanted: int) -> list[tuple[float, float]]:
    """The algorithm as its author wrote it down, over a list."""
    if wanted >= len(points):
        return points
    every = (len(points) - 2) / (wanted - 2)
    chosen = [points[0]]
    for bucket in range(wanted - 2):
        begin, end = int(bucket * every) + 1, int((bucket + 1) * every) + 1
        after = points[end : max(min(int((bucket + 2) * every) + 1, len(points) - 1), end + 1)]
        x = sum(point[0] for point in after) / len(after)
        y = sum(point[1] for point in after) / len(after)
        at, value = chosen[-1]
        largest = -1.0
        best = points[begin]
        for point in points[begin:end]:
            area = abs((at - x) * (point[1] - value) - (at - point[0]) * (y - value)) / 2
            if area > largest:
                largest, best = area, point
        chosen.append(best)
    return [*chosen, points[-1]]


def walk(seed: int, count: int) -> list[tuple[datetime, float]]:
    """Return a random walk with gaps, plateaus and spikes. Whole numbers: no rounding decides between two points."""
    chance = random.Random(seed)
    time, value, rows = START, 0, list[tuple[datetime, float]]()
    for _ in range(count):
        time += chance.choice([1, 1, 2, 60, 3600]) * SECOND
        value += chance.choice([0, 0, 1, -1, 7])
        rows.append((time, float(value + chance.choice([0] * 20 + [500]))))
    return rows


async def store(service: Telemetry, rows: list[tuple[datetime, float]]) -> None:
    await ingest(service, *((time.isoformat(), 1, value) for time, value in rows))


@pytest.mark.parametrize("held", [8, series.MOST_POINTS])
@pytest.mark.parametrize(("seed", "count"), [(1, 0), (2, 1), (3, 2), (4, 5), (5, 400)])
async def test_lttb_chooses_what_the_published_algorithm_does(
    service: Telemetry, monkeypatch: pytest.MonkeyPatch, seed: int, count: int, held: int
) -> None:
    monkeypatch.setattr(series, "MOST_POINTS", held)
    monkeypatch.setattr(reads, "ROWS_AT_ONCE", 37)
    rows = walk(seed, count)
    await store(service, rows)
    plain = [((time - START) / timedelta(microseconds=1), value) for time, value in rows]
    for wanted in (3, 4, 5, 17, 399, 400, 1000):
        found = (await service.series(1, Window(), wanted)).points
        expected = steinarsson(plain, wanted)
        assert [((point.timestamp - START) / timedelta(microseconds=1), point.value) for point in found] == expected
        assert len(found) == min(wanted, count)


def extremes(points: list[tuple[float, float]], parts: int) -> list[tuple[float, float]]:
    """The preselection of MinMaxLTTB over a list: each part's least and greatest, of several alike the first."""
    width = math.ceil((points[-1][0] - points[0][0] + 1) / parts)
    kept = {points[0], points[-1]}
    for number in range(parts):
        part = [point for point in points if (point[0] - points[0][0]) // width == number]
        if part:
            kept |= {min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])}
    return sorted(kept)


@pytest.mark.parametrize(("seed", "count"), [(7, 300), (8, 900)])
async def test_of_many_measurements_it_chooses_among_the_extremes(
    service: Telemetry, monkeypatch: pytest.MonkeyPatch, seed: int, count: int
) -> None:
    monkeypatch.setattr(series, "MOST_EXACT", 200)
    rows = walk(seed, count)
    await store(service, rows)
    last = rows[-1][0]
    for window in (
        Window(),
        Window(rows[3][0], rows[-5][0]),
        Window(START - 9000 * SECOND, last + timedelta(days=400)),
    ):
        seen = [row for row in rows if (window.since or START) <= row[0] <= (window.until or last)]
        plain = [((time - START) / timedelta(microseconds=1), value) for time, value in seen]
        for wanted in (3, 5, 17):
            found = (await service.series(1, window, wanted)).points
            expected = steinarsson(extremes(plain, wanted * series.RATIO // 2), wanted)
            assert [((point.timestamp - START) / timedelta(microseconds=1), point.value) for point in found] == expected
            assert len(found) == wanted


async def test_measurements_in_few_places_are_read_one_by_one(
    service: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "MOST_EXACT", 200)
    rows = [
        (START + day * timedelta(days=365) + second * SECOND, float(second % 7))
        for day in (0, 9)
        for second in range(200)
    ]
    await store(service, rows)
    found = (await service.series(1, Window(), 50)).points
    plain = [((time - START) / timedelta(microseconds=1), value) for time, value in rows]
    assert len(extremes(plain, 50 * series.RATIO // 2)) < 50
    assert [((point.timestamp - START) / timedelta(microseconds=1), point.value) for point in found] == steinarsson(
        plain, 50
    )


async def test_a_single_spike_among_many_is_seen(service: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "MOST_EXACT", 200)
    rows = [(START + second * SECOND, 5.0 if second == 777 else 0.0) for second in range(1000)]
    await store(service, rows)
    for wanted in (3, 10, 100):
        assert 5.0 in [point.value for point in (await service.series(1, Window(), wanted)).points]


def naive(rows: list[tuple[datetime, float]], since: datetime, until: datetime, points: int) -> list[Bucket]:
    width = math.ceil(((until - since) / timedelta(microseconds=1) + 1) / points) * timedelta(microseconds=1)
    made: list[Bucket] = []
    for number in range(points):
        begin = since + number * width
        values = [value for time, value in rows if begin <= time < begin + width and time <= until]
        figures = (sum(values) / len(values), min(values), max(values), values[-1]) if values else (None,) * 4
        made.append(Bucket(begin, len(values), *figures))
    return made


async def test_buckets_are_those_of_a_loop(service: Telemetry) -> None:
    rows = walk(6, 200)
    await store(service, rows)
    first, last = rows[0][0], rows[-1][0]
    for window, since, until in (
        (Window(), first, last),
        (Window(START), START, last),
        (Window(rows[50][0], rows[60][0]), rows[50][0], rows[60][0]),
        (Window(START - timedelta(days=1000), START + timedelta(days=1000)), START - timedelta(days=1000), None),
        (Window(last + SECOND, last + 2 * SECOND), last + SECOND, last + 2 * SECOND),
    ):
        for points in (3, 10, 999):
            found = (await service.buckets(1, window, points)).buckets
            assert found == naive(rows, since, until or START + timedelta(days=1000), points)


async def test_days_of_buckets_have_24_hours(service: Telemetry) -> None:
    """Buckets of whole days go on over the night in which clocks are moved."""
    rows = [(EPOCH + timedelta(days=18_700) + number * timedelta(hours=5), float(number)) for number in range(240)]
    await store(service, rows)
    since, until = rows[0][0], rows[0][0] + timedelta(days=40, microseconds=-1)
    found = (await service.buckets(1, Window(since, until), 40)).buckets
    assert [(bucket.count, bucket.last) for bucket in found] == [
        (bucket.count, bucket.last) for bucket in naive(rows, since, until, 40)
    ]
    assert [bucket.timestamp for bucket in found] == [since + day * timedelta(days=1) for day in range(40)]


async def test_of_nothing_there_is_nothing(service: Telemetry) -> None:
    assert (await service.series(1, Window(), 10)).points == []
    assert (await service.buckets(1, Window(START), 10)).buckets == []
    empty = (await service.buckets(1, Window(START, START + SECOND), 3)).buckets
    assert [(bucket.count, bucket.avg) for bucket in empty] == [(0, None)] * 3
    for ask in (service.series, service.buckets):
        with pytest.raises(NotFound):
            await ask(9, Window(), 10)


async def test_an_export_is_read_back_as_it_was(service: Telemetry) -> None:
    values = [0.1, -5e-324, 1e100, -1e100, 123456789.125, 1e16, 0.0]
    await ingest(service, *((START + place * SECOND / 7, 1, value) for place, value in enumerate(values)))
    exported = b"".join([part async for part in csv_of(service.measurements([1], Window()))])
    again = await service.ingest(parts(exported, 10), CsvRows())
    assert (again.inserted, again.replaced, again.unchanged, again.rejected) == (0, 0, len(values), 0)
    assert [row.value for row in await stored(service)] == values
