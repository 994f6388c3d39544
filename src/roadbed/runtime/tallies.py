"""Counting on the hot path: plain lists behind one dict lookup, added to the metrics about once a second.

A prometheus-client child takes a lock per number: ten of them per request would cost more than the rest of a reply.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from roadbed.kernel.events import CacheAsked, FlightLanded, RequestFinished
from roadbed.runtime.measures import DURATIONS, SIZES, WAITS

UNMATCHED = "unmatched"
"""The route of all requests that no route fits: what clients invent must not become labels."""

OTHER = "OTHER"
"""The method of all requests with one that nobody declared."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Tally = list[float]
"""How many values fell into each bucket (one more than there are bounds), and last their sum."""


def new_tally(bounds: tuple[float, ...]) -> Tally:
    """Return a tally without values."""
    return [0] * (len(bounds) + 1) + [0.0]


class RequestTallies:
    """Durations in seconds by (route, method, status)."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str, int], Tally] = {}

    def finished(self, event: RequestFinished) -> None:
        """Count one request."""
        key = (event.route, event.method, event.status)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._first(*key)
        tally[bisect_left(DURATIONS, event.duration)] += 1
        tally[-1] += event.duration

    def _first(self, route: str, method: str, status: int) -> Tally:
        # Only folded keys are kept: the dict stays as small as the set of labels.
        key = (route or UNMATCHED, method if method in METHODS else OTHER, status)
        if key not in self._tallies:
            self._tallies[key] = new_tally(DURATIONS)
        return self._tallies[key]

    def take(self) -> Iterator[tuple[str, str, int, Tally]]:
        """Yield what was counted since the last call."""
        for (route, method, status), tally in self._tallies.items():
            if any(tally[:-1]):
                yield route, method, status, tally[:]
                tally[:] = new_tally(DURATIONS)


class FlightTallies:
    """Size, wait and duration (in seconds) of flights, by name."""

    def __init__(self) -> None:
        self._tallies: dict[str, tuple[Tally, Tally, Tally]] = {}

    def landed(self, event: FlightLanded) -> None:
        """Count one flight."""
        tallies = self._tallies.get(event.flight)
        if tallies is None:
            tallies = self._tallies[event.flight] = (new_tally(SIZES), new_tally(WAITS), new_tally(WAITS))
        size, wait, duration = tallies
        size[bisect_left(SIZES, event.size)] += 1
        size[-1] += event.size
        wait[bisect_left(WAITS, event.wait)] += 1
        wait[-1] += event.wait
        duration[bisect_left(WAITS, event.duration)] += 1
        duration[-1] += event.duration

    def take(self) -> Iterator[tuple[str, Tally, Tally, Tally]]:
        """Yield what was counted since the last call: name, sizes, waits, durations."""
        for flight, (size, wait, duration) in self._tallies.items():
            if any(size[:-1]):
                yield flight, size[:], wait[:], duration[:]
                size[:] = new_tally(SIZES)
                wait[:] = new_tally(WAITS)
                duration[:] = new_tally(WAITS)


class CacheTallies:
    """How often the cache was asked, by (resource, result)."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}

    def asked(self, event: CacheAsked) -> None:
        """Count one request."""
        key = (event.resource, event.result)
        self._counts[key] = self._counts.get(key, 0) + 1

    def take(self) -> Iterator[tuple[tuple[str, str], int]]:
        """Yield what was counted since the last call."""
        counts, self._counts = self._counts, {}
        yield from counts.items()
