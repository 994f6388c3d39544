"""Series for charts: shape-preserving downsampling (LTTB), and buckets of equal width.

Largest-Triangle-Three-Buckets is that of Sveinn Steinarsson, "Downsampling Time Series for Visual Representation"
(University of Iceland, 2013, section 4.2): the first and the last point stay; what lies between is divided into as many
buckets as points are wanted, equal in count; of each the point stays that spans the largest triangle with the one
chosen before and the mean of the next bucket. Here points are pushed in as they are read, and memory is bounded.

Of a long range it chooses among fewer points, which the database picks: MinMaxLTTB, of Jeroen Van Der Donckt, Jonas Van
Der Donckt, Michael Rademaker and Sofie Van Hoecke, "MinMaxLTTB: Leveraging MinMax-Preselection to Scale LTTB"
(2023, https://arxiv.org/abs/2305.00332): of parts of equal width, the least and the greatest measurement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

import msgspec

from roadbed.data.database import Database
from roadbed.data.queries import Queries
from roadbed.domains.telemetry.model import Bucket, Measurement, Point, Signal
from roadbed.domains.telemetry.pages import MICROSECOND, Window
from roadbed.domains.telemetry.reads import measurements_of
from roadbed.kernel.clock import to_micros

Raw = tuple[float, float]
"""A point: microseconds, value."""

MOST_POINTS = 10_000
"""Points of a bucket that are held before those are let go that cannot be chosen."""

MOST_EXACT = 50_000
"""Measurements of a range that LTTB itself reads; of more it sees the extremes."""

RATIO = 4
"""Extremes per point that is wanted: the paper finds that with four its pictures are those of LTTB."""

ALL = 2**62


class Extent(msgspec.Struct, frozen=True):
    """How many measurements a range holds, as far as they were counted; the first and the last instant of them."""

    count: int
    first: datetime | None
    last: datetime | None


_sql = Queries(__package__ or "")
_EXTENT = _sql.query("extent", Extent)
_BUCKETS = _sql.query("buckets", Bucket)
_EXTREMES = _sql.query("extremes", Point)


class _Filling:
    """The points of one bucket, and their sums. Of many only those are kept that can be a corner of a triangle."""

    def __init__(self) -> None:
        self.points: list[Raw] = []
        self._count = 0
        self._sum_at = 0
        self._sum_value = 0.0
        self._limit = MOST_POINTS

    def add(self, point: Raw) -> None:
        self.points.append(point)
        self._count += 1
        self._sum_at += point[0]
        self._sum_value += point[1]
        if len(self.points) > self._limit:
            self.points = hull(self.points)
            self._limit = max(MOST_POINTS, 2 * len(self.points))

    def mean(self) -> tuple[float, float]:
        return self._sum_at / self._count, self._sum_value / self._count


class Lttb:
    """Chooses ``wanted`` (3 or more) of ``count`` points that are pushed in by time."""

    def __init__(self, count: int, wanted: int) -> None:
        self.chosen: list[Raw] = []
        self._all = count <= wanted
        self._most = wanted - 2
        self._every = (count - 2) / (wanted - 2)
        self._seen = 0
        self._number = 1
        self._end = 1 + int(self._every)
        self._waiting: _Filling | None = None
        self._filling = _Filling()
        self._last: Raw | None = None

    def push(self, point: Raw) -> None:
        """Take the next point."""
        if self._all or self._seen == 0:
            self.chosen.append(point)
        elif self._last is None:
            self._last = point
        else:
            # The last point of all belongs to no bucket: each is held back until the next one comes.
            self._fill(self._last)
            self._last = point
        self._seen += 1

    def finish(self) -> list[Raw]:
        """Return the points that were chosen, by time."""
        if self._last is not None:
            if self._filling.points:
                self._turn()
            self._choose(self._last)
            self.chosen.append(self._last)
        return self.chosen

    def _fill(self, point: Raw) -> None:
        # The last bucket takes whatever else comes: rows may have been written since they were counted.
        if self._seen - 1 >= self._end and self._number < self._most:
            self._turn()
            self._number += 1
            self._end = 1 + int(self._number * self._every)
        self._filling.add(point)

    def _turn(self) -> None:
        """Close a bucket: its mean is what the one before it waited for."""
        self._choose(self._filling.mean())
        self._waiting, self._filling = self._filling, _Filling()

    def _choose(self, after: tuple[float, float]) -> None:
        if self._waiting is not None:
            self.chosen.append(_corner(self.chosen[-1], self._waiting.points, after))


def _corner(before: Raw, bucket: Sequence[Raw], after: tuple[float, float]) -> Raw:
    """Return the point of a bucket that spans the largest triangle; of several the first."""
    at, value = before
    wide, high = at - after[0], after[1] - value
    # Twice the area: where it is largest is the same.
    return max(bucket, key=lambda point: abs(wide * (point[1] - value) - (at - point[0]) * high))


def hull(points: Sequence[Raw]) -> list[Raw]:
    """Return the corners of the convex hull of points by time, by time (Andrew's monotone chain, 1979).

    The area of a triangle of which two corners are fixed is linear in the third: it is largest at a corner of the hull.
    """
    upper: list[Raw] = []
    lower: list[Raw] = []
    for point in points:
        for chain, side in ((upper, 1), (lower, -1)):
            while len(chain) > 1 and side * _turns_left(chain[-2], chain[-1], point) >= 0:
                chain.pop()
            chain.append(point)
    return sorted({*upper, *lower})


def _turns_left(first: Raw, second: Raw, third: Raw) -> float:
    return (second[0] - first[0]) * (third[1] - first[1]) - (second[1] - first[1]) * (third[0] - first[0])


async def lttb(database: Database, signal: Signal, window: Window, points: int) -> list[Point]:
    """Return at most ``points`` measurements of a signal that keep the shape of the whole.

    Of at most ``MOST_EXACT`` they are those of LTTB, of more those of MinMaxLTTB; where these lie in so few places that
    their extremes are fewer than ``points``, those of LTTB again.
    """
    extent = await extent_of(database, signal.signal_id, window, MOST_EXACT + 1)
    if extent.first is None or extent.last is None:
        return []
    start = extent.first
    if extent.count > MOST_EXACT:
        extremes = await _extremes_of(database, signal, start, extent.last, points)
        if len(extremes) >= points:
            chooser = Lttb(len(extremes), points)
            _push(chooser, extremes, start)
            return _points(chooser, start)
        extent = await extent_of(database, signal.signal_id, window, ALL)
    chooser = Lttb(extent.count, points)
    async with aclosing(measurements_of(database, signal, window)) as parts:
        async for part in parts:
            _push(chooser, part, start)
    return _points(chooser, start)


def _push(chooser: Lttb, rows: Iterable[Point | Measurement], start: datetime) -> None:
    for row in rows:
        chooser.push(((row.timestamp - start) // MICROSECOND, row.value))


def _points(chooser: Lttb, start: datetime) -> list[Point]:
    return [Point(start + int(at) * MICROSECOND, value) for at, value in chooser.finish()]


async def _extremes_of(
    database: Database, signal: Signal, since: datetime, until: datetime, points: int
) -> Sequence[Point]:
    """Return the extremes that MinMaxLTTB chooses ``points`` from; between two measurements, which are among them."""
    width = _width(since, until, points * RATIO // 2)
    return await database.fetch(
        _EXTREMES, signal_id=signal.signal_id, since=since, until=until, width=_as_width(database, width)
    )


async def buckets(database: Database, signal: Signal, window: Window, points: int) -> list[Bucket]:
    """Return ``points`` buckets of equal width over a range; an open end is where the measurements end.

    The last ones may lie beyond the end by less than their number in microseconds. Without any measurement in an open
    range there is no bucket.
    """
    extent = await extent_of(database, signal.signal_id, window, 0)
    since, until = window.since or extent.first, window.until or extent.last
    if since is None or until is None or since > until:
        return []
    width = _width(since, until, points)
    rows = await database.fetch(
        _BUCKETS, signal_id=signal.signal_id, since=since, until=until, width=_as_width(database, width)
    )
    found = {(to_micros(row.timestamp) - to_micros(since)) // width: row for row in rows}
    every = width * MICROSECOND
    return [found.get(number) or Bucket(since + number * every, 0, None, None, None, None) for number in range(points)]


def _width(since: datetime, until: datetime, parts: int) -> int:
    """Return the width in microseconds of so many equal parts that hold a range, both ends included."""
    return -(-((until - since) // MICROSECOND + 1) // parts)


def _as_width(database: Database, width: int) -> int | timedelta:
    return width if database.dialect == "sqlite" else timedelta(microseconds=width)


async def extent_of(database: Database, signal_id: int, window: Window, most: int) -> Extent:
    """Return how many measurements a range holds, counted up to ``most``, and where they begin and end."""
    found = await database.fetch_one(_EXTENT, signal_id=signal_id, most=most, **window.bounds)
    assert found is not None  # noqa: S101 - for the type checker: an aggregate always has a row
    return found
