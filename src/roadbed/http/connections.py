"""All open connections of one process: how many there may be, and the one timer that looks at each of them."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Protocol

from roadbed.http import conventions
from roadbed.http.asgi import Header
from roadbed.http.limits import HttpOptions
from roadbed.http.problems import MEDIA_TYPE, render
from roadbed.kernel.errors import RoadbedError
from roadbed.kernel.events import Events, RequestFinished, RequestShed

STATE_KEY = "roadbed.connections"
"""Under this name of the lifespan's state the protocol finds the Connections of its process."""

SWEEP_INTERVAL = 0.5

_SPARE = 64
"""So many connections beyond the bound are told so before they are closed; those beyond that are cut off."""

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii") for status in HTTPStatus}


class Watched(Protocol):
    """What the timer looks at."""

    def look(self, now: float) -> None:
        """End what has taken too long."""
        ...


class Connections:
    """The register of one process. ``now`` is the loop's time at the last sweep: precise enough for limits."""

    def __init__(self, options: HttpOptions, events: Events) -> None:
        self.options = options
        self.open: set[Watched] = set()
        self.now = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._finished = events.subscribers(RequestFinished)
        self._shed = events.subscribers(RequestShed)

    def enter(self, connection: Watched, loop: asyncio.AbstractEventLoop) -> None:
        """Take in a new connection."""
        self.open.add(connection)
        if self._timer is None:
            self.now = loop.time()
            self._timer = loop.call_later(SWEEP_INTERVAL, self._sweep, loop)

    def leave(self, connection: Watched) -> None:
        """Forget a connection that is closed."""
        self.open.discard(connection)

    @property
    def is_full(self) -> bool:
        """Whether the newest connection is one too many."""
        return len(self.open) > self.options.max_connections

    @property
    def is_overrun(self) -> bool:
        """Whether there are so many too many that not even a reply can be afforded."""
        return len(self.open) > self.options.max_connections + _SPARE

    def shed(self) -> None:
        """Tell that a connection was turned away."""
        for subscriber in self._shed:
            subscriber(RequestShed("connections"))

    def refuse(self, error: RoadbedError, client: str, server_headers: list[Header]) -> bytes:
        """Return a whole reply to what never became a request, and emit its event."""
        request_id = conventions.request_id(None)
        failure = render(error, request_id)
        headers: list[Header] = [
            *server_headers,
            (b"x-request-id", request_id.encode("ascii")),
            (b"content-type", MEDIA_TYPE),
            (b"content-length", b"%d" % len(failure.body)),
            (b"connection", b"close"),
            *failure.headers,
            *conventions.NO_STORE,
        ]
        event = RequestFinished(request_id, "", "", "", failure.status, 0.0, client, len(failure.body), failure.slug)
        for subscriber in self._finished:
            subscriber(event)
        return status_and_fields(failure.status, headers) + b"\r\n" + failure.body

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        self.now = now = loop.time()
        for connection in list(self.open):
            connection.look(now)
        if self.open:
            self._timer = loop.call_later(SWEEP_INTERVAL, self._sweep, loop)


def status_and_fields(status: int, headers: list[Header]) -> bytes:
    """Return the head of a reply but for the empty line that ends it.

    Raises:
        ValueError: a field has a line break in it, by which somebody could forge further fields.
    """
    lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
    lines += [b"%b: %b\r\n" % field for field in headers]
    head = b"".join(lines)
    if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
        raise ValueError("A header field of the reply has a line break in it")
    return head
