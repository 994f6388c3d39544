"""Statistics, read: the database sums and groups, and here rows become what is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from roadbed.data.database import Database
from roadbed.data.statistic_columns import LATENCIES
from roadbed.kernel.clock import Clock, from_micros, to_micros
from roadbed.platform import statements
from roadbed.platform.model import Figures, Latency, Point, Worker
from roadbed.platform.statements import EVERYONE, SeriesRow, WorkerRow
from roadbed.runtime.measures import DURATIONS

DEFAULT_RANGE = timedelta(hours=1)
LATELY = timedelta(seconds=60)
"""The range where none is asked for, and the time of which ``latest`` tells."""

KEPT = timedelta(days=30)
FINE = timedelta(days=1)
"""How long rows are kept, and those of them that are finer than a minute."""

_MICROS = 1_000_000
_EVEN = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400)


class Reader:
    """Reads what all processes have written. ``every`` is the setting: rows are that many seconds apart."""

    def __init__(self, database: Database, every: float, clock: Clock) -> None:
        self._database = database
        self._every = every
        self._clock = clock

    async def figures(self, since: datetime | None, until: datetime | None, points: int) -> Figures:
        """Return the figures of a range (the last hour unless said) as at most ``points`` spans.

        Of the range is left what may hold figures: thirty days, until now.
        """
        now = self._clock()
        # What lies before is not kept, and nothing comes after: an absurd range must not make absurdly long spans.
        least, most = now - KEPT, now + DEFAULT_RANGE
        until = now if until is None else min(max(until, least), most)
        since = max(until - DEFAULT_RANGE, least) if since is None else min(max(since, least), until)
        width = span(since, until, points, self._finest(since, now))
        first = from_micros(to_micros(since) // width * width)
        rows, latest = await asyncio.gather(self._series(first, until, width, points), self.last(self.lately()))
        return Figures(since, until, width / _MICROS, self._every, latest, [as_point(row) for row in rows])

    async def last(self, length: timedelta) -> Point | None:
        """Return the time until now as one point, or None where there are no figures of it."""
        now = self._clock()
        rows = await self._series(now - length, now, to_micros(now) + 1, 1)
        return msgspec.structs.replace(as_point(rows[0]), at=now - length) if rows else None

    async def workers(self) -> list[WorkerRow]:
        """Return the last row of every process that has written lately."""
        since = self._clock() - self.lately()
        return await self._database.fetch(statements.WORKERS, since=since, everyone=EVERYONE)

    def lately(self) -> timedelta:
        """Return a minute, or three ticks where those are longer: a row stands at the beginning of its tick."""
        return max(LATELY, timedelta(seconds=3 * self._every))

    def _finest(self, since: datetime, now: datetime) -> int:
        tick = max(round(self._every * _MICROS), _MICROS)
        return tick if since > now - FINE else max(60 * _MICROS, tick)

    async def _series(self, since: datetime, until: datetime, width: int, limit: int) -> list[SeriesRow]:
        return await self._database.fetch(statements.SERIES, since=since, until=until, width=width, limit=limit)


def span(since: datetime, until: datetime, points: int, finest: int) -> int:
    """Return the microseconds of the shortest spans of which at most ``points`` (2 or more) cover a range.

    They begin at multiples of their length, so that a range whose ends lie within spans has one more of them. Only the
    length of the range decides, so that one that moves on with the time keeps its spans. Lengths are those that people
    read off an axis, where these are multiples of ``finest``.
    """
    length = to_micros(until) - to_micros(since)
    least = max(-(-length // (points - 1)), finest)
    even = (width * _MICROS for width in _EVEN if width * _MICROS >= least and width * _MICROS % finest == 0)
    return next(even, -(-least // finest) * finest)


def as_point(row: SeriesRow) -> Point:
    """Return a span of time as it is shown."""
    buckets = [getattr(row, name) for name in LATENCIES]
    asked = row.cache_hits + row.cache_misses
    seconds = max(row.seconds, 1e-6)
    return Point(
        at=row.bucket,
        seconds=round(row.seconds, 3),
        processes=round(row.processes, 2),
        requests=row.requests,
        requests_per_second=round(row.requests / seconds, 3),
        refused=row.refused,
        errors=row.errors,
        error_rate=row.errors / row.requests if row.requests else None,
        latency_ms=latency(buckets, row.latency_sum) if row.requests else None,
        cache_hits=row.cache_hits,
        cache_misses=row.cache_misses,
        cache_hit_rate=row.cache_hits / asked if asked else None,
        cache_entries=round(row.cache_entries, 1),
        cache_bytes=round(row.cache_bytes),
        flights=row.flights,
        flight_items=row.flight_items,
        flight_size=row.flight_items / row.flights if row.flights else None,
        shed=row.shed,
        database_errors=row.database_errors,
        skipped=row.skipped,
        in_flight=round(row.in_flight, 2),
        queued=round(row.queued, 2),
        queued_most=row.queued_most,
        connections=round(row.connections, 2),
        subscribers=round(row.subscribers, 2),
        cpu=round(row.cpu / seconds, 4),
        memory=round(row.memory),
        disk_free=row.disk_free,
        disk_size=row.disk_size,
        database_bytes=row.database_bytes,
    )


def as_worker(row: WorkerRow, every: float, now: datetime) -> Worker:
    """Return a process as it is shown. It wrote its row a tick after the row begins; its last one before that."""
    seconds = max(row.seconds, 1e-6)
    return Worker(
        id=row.process,
        node=row.node,
        pid=row.pid,
        started_at=row.started_at,
        seen_at=min(row.at + timedelta(seconds=every), now),
        requests_per_second=round(row.requests / seconds, 3),
        errors=row.errors,
        in_flight=row.in_flight,
        connections=row.connections,
        subscribers=row.subscribers,
        queued=row.queued,
        cpu=round(row.cpu / seconds, 4),
        memory=row.memory,
    )


def latency(buckets: Sequence[int], total: float) -> Latency:
    """Return the mean and the quantiles of a histogram over ``DURATIONS``, in milliseconds."""
    count = sum(buckets)
    return Latency(
        mean=round(total / count * 1000, 3) if count else 0.0,
        p50=_ms(quantile(buckets, 0.5)),
        p90=_ms(quantile(buckets, 0.9)),
        p99=_ms(quantile(buckets, 0.99)),
    )


def quantile(buckets: Sequence[int], share: float) -> float:
    """Return a quantile in seconds, by linear interpolation within its bucket, as Prometheus's histogram_quantile.

    Values beyond the last bound count as that bound.
    """
    wanted, seen = share * sum(buckets), 0
    for number, count in enumerate(buckets[:-1]):
        if count and seen + count >= wanted:
            low = DURATIONS[number - 1] if number else 0.0
            return low + (DURATIONS[number] - low) * (wanted - seen) / count
        seen += count
    return DURATIONS[-1] if buckets[-1] else 0.0


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
