"""The last failed requests of one process, until they are written: bounded, and without anything of the caller's."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import msgspec

from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import RoadbedError
from roadbed.kernel.events import Events, RequestFailed, RequestFinished
from roadbed.kernel.ids import new_id
from roadbed.runtime.tallies import METHODS, OTHER, UNMATCHED

MOST = 50
"""Failures that wait to be written, at most: the first ones, for the cause is found there."""

ALIKE = 10
"""Of one route, method, status and kind. A database that is away fails thousands of requests alike."""

_MOST_UNFORESEEN = 64


class Failure(msgspec.Struct, frozen=True):
    """One reply from 500 on. ``problem`` is its slug, ``error`` the class of an error that nobody foresaw."""

    id: UUID
    at: datetime
    request_id: str
    method: str
    route: str
    status: int
    problem: str
    title: str
    error: str


class Failures:
    """Subscribes to requests. Of a request it keeps its id, method, route template and outcome: no path, no query, no
    body, no address, no text of an error, for all of these may hold anything."""

    def __init__(self, events: Events, clock: Clock) -> None:
        self._clock = clock
        self._titles = dict(_titles(RoadbedError))
        self._unforeseen: OrderedDict[str, str] = OrderedDict()
        self._waiting: list[Failure] = []
        self._alike: dict[tuple[str, str, int, str], int] = {}
        events.on(RequestFailed, self._failed)
        events.on(RequestFinished, self._finished)

    def _failed(self, event: RequestFailed) -> None:
        # The reply follows at once, but a client may choose one id for two requests at a time.
        self._unforeseen[event.request_id] = type(event.error).__name__
        while len(self._unforeseen) > _MOST_UNFORESEEN:
            self._unforeseen.popitem(last=False)

    def _finished(self, event: RequestFinished) -> None:
        if event.status < 500 and not self._unforeseen:
            return
        error = self._unforeseen.pop(event.request_id, "")
        if event.status < 500 and not error:
            return
        route = event.route or UNMATCHED
        method = event.method if event.method in METHODS else OTHER
        alike = (route, method, event.status, event.problem)
        seen = self._alike[alike] = self._alike.get(alike, 0) + 1
        if seen > ALIKE or len(self._waiting) >= MOST:
            return
        title = self._titles.get(event.problem, RoadbedError.title)
        self._waiting.append(
            Failure(new_id(), self._clock(), event.request_id, method, route, event.status, event.problem, title, error)
        )

    def take(self) -> list[Failure]:
        """Return what waits, in order."""
        taken, self._waiting = self._waiting, []
        self._alike = {}
        return taken

    def give_back(self, taken: list[Failure]) -> None:
        """Take back what could not be written."""
        self._waiting = [*taken, *self._waiting][:MOST]


def _titles(kind: type[RoadbedError]) -> Iterator[tuple[str, str]]:
    yield kind.slug, kind.title
    for child in kind.__subclasses__():
        yield from _titles(child)
