"""What one process counts between two rows of ``statistic``: sums in memory, taken as one dict of columns."""

from __future__ import annotations

from typing import Any

from roadbed.data.statistic_columns import COUNTS, LATENCIES
from roadbed.kernel.events import DatabaseFailed, Events, RequestShed, StatisticsSkipped
from roadbed.runtime.counts import Counts
from roadbed.runtime.tallies import Tally

HITS = frozenset({"hit", "shared", "collapsed"})
"""Results of the cache for which nothing had to be made."""


class Collector:
    """Adds up what ``Counts`` pours out, and the rare events that it knows nothing of."""

    def __init__(self, counts: Counts, events: Events) -> None:
        self._counts = counts
        self._sums: dict[str, Any] = _zeros()
        self._cache: dict[str, list[int]] = {}
        counts.hand_to(self)
        events.on(RequestShed, lambda _: self._add("shed", 1))
        events.on(DatabaseFailed, lambda _: self._add("database_errors", 1))
        events.on(StatisticsSkipped, lambda _: self._add("skipped", 1))

    def took_requests(self, route: str, method: str, status: int, tally: Tally) -> None:
        """Add the durations of requests."""
        del route, method
        sums = self._sums
        for name, count in zip(LATENCIES, tally[:-1], strict=True):
            sums[name] += int(count)
        count = int(sum(tally[:-1]))
        sums["requests"] += count
        sums["latency_sum"] += tally[-1]
        # 499 is a client that left: nobody refused it anything.
        if status >= 500:
            sums["errors"] += count
        elif 400 <= status < 499:
            sums["refused"] += count

    def took_flights(self, flight: str, size: Tally, wait: Tally, duration: Tally) -> None:
        """Add flights and their items."""
        del flight, wait, duration
        self._add("flights", int(sum(size[:-1])))
        self._add("flight_items", int(size[-1]))

    def took_cache(self, resource: str, result: str, count: int) -> None:
        """Add how often the cache was asked."""
        hit = result in HITS
        self._add("cache_hits" if hit else "cache_misses", count)
        self._cache.setdefault(resource, [0, 0])[0 if hit else 1] += count

    def _add(self, name: str, count: int) -> None:
        self._sums[name] += count

    def take(self) -> dict[str, Any]:
        """Return the sums since the last call."""
        self._counts.pour()
        taken, self._sums = self._sums, _zeros()
        return taken

    def take_cache(self) -> dict[str, list[int]]:
        """Return hits and misses by resource since the last call."""
        taken, self._cache = self._cache, {}
        return taken


def _zeros() -> dict[str, Any]:
    return {**dict.fromkeys(COUNTS, 0), "latency_sum": 0.0}
