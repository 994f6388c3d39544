"""Exemplars: of each bucket of the latency histogram, the trace of the newest request that fell into it.

They lead from a point on a dashboard to what happened. Only OpenMetrics has room for them, and with several workers
prometheus-client drops them: then there are none.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from time import time
from typing import NamedTuple

from roadbed.kernel.events import Events, RequestFinished
from roadbed.runtime.measures import DURATIONS
from roadbed.runtime.tallies import METHODS, OTHER, UNMATCHED


class Example(NamedTuple):
    """One request: its trace, its duration in seconds, and when it ended in Unix time."""

    trace_id: str
    duration: float
    ended: float


class Exemplars:
    """Bounded by routes, methods and buckets. Belongs to the thread of the event loop."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._newest: dict[tuple[str, str, int], Example] = {}

    def subscribe(self, events: Events) -> None:
        """Look at the requests that end from now on."""
        events.on(RequestFinished, self._finished)

    def take(self) -> Iterator[tuple[str, str, int, Example]]:
        """Yield route, method, bucket and example of what is new since the last call."""
        newest, self._newest = self._newest, {}
        for (route, method, bucket), example in newest.items():
            yield route, method, bucket, example

    def _finished(self, event: RequestFinished) -> None:
        if event.span_id:
            # Without a span of ours the trace may be nowhere to be found.
            method = event.method if event.method in METHODS else OTHER
            key = (event.route or UNMATCHED, method, bisect_left(DURATIONS, event.duration))
            self._newest[key] = Example(event.trace_id, event.duration, self._clock())
