"""What is counted on the hot path, once, for all who want to know: metrics and statistics."""

from __future__ import annotations

from typing import Protocol

from roadbed.kernel.events import CacheAsked, Events, FlightLanded, RequestFinished
from roadbed.runtime.tallies import CacheTallies, FlightTallies, RequestTallies, Tally


class Taker(Protocol):
    """Gets what was counted since the last time. It must not keep the lists that it is handed."""

    def took_requests(self, route: str, method: str, status: int, tally: Tally) -> None:
        """Get the durations of requests."""
        ...

    def took_flights(self, flight: str, size: Tally, wait: Tally, duration: Tally) -> None:
        """Get sizes, waits and durations of flights."""
        ...

    def took_cache(self, resource: str, result: str, count: int) -> None:
        """Get how often the cache was asked."""
        ...


class Counts:
    """Belongs to the thread of the event loop. ``pour`` is called about once a second, or by who wants to know."""

    def __init__(self) -> None:
        self._requests = RequestTallies()
        self._flights = FlightTallies()
        self._cache = CacheTallies()
        self._takers: list[Taker] = []

    def subscribe(self, events: Events) -> None:
        """Count what happens from now on."""
        events.on(RequestFinished, self._requests.finished)
        events.on(FlightLanded, self._flights.landed)
        events.on(CacheAsked, self._cache.asked)

    def hand_to(self, taker: Taker) -> None:
        """Give whatever is poured from now on to this one too."""
        self._takers.append(taker)

    def pour(self) -> None:
        """Hand what was counted since the last call to every taker."""
        for route, method, status, tally in self._requests.take():
            for taker in self._takers:
                taker.took_requests(route, method, status, tally)
        for flight, size, wait, duration in self._flights.take():
            for taker in self._takers:
                taker.took_flights(flight, size, wait, duration)
        for (resource, result), count in self._cache.take():
            for taker in self._takers:
                taker.took_cache(resource, result, count)
