"""What happened, said once. Logs, metrics and traces subscribe; who emits knows none of them.

An event is a small frozen struct. Subscribers are called in the emitting thread, in the order in which they
subscribed, and must neither block nor raise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

E = TypeVar("E")


class Events:
    """A register of subscribers by type of event. One per process, handed down from the composition root."""

    def __init__(self) -> None:
        self._subscribers: dict[type[Any], list[Callable[[Any], None]]] = {}

    def on(self, kind: type[E], subscriber: Callable[[E], None]) -> None:
        """Call ``subscriber`` with every event of exactly this type."""
        self.subscribers(kind).append(subscriber)

    def subscribers(self, kind: type[E]) -> list[Callable[[E], None]]:
        """Return the live list of subscribers of this type: hot paths look it up once and keep it."""
        return self._subscribers.setdefault(kind, [])

    def emit(self, event: object) -> None:
        """Tell every subscriber of the event's type."""
        for subscriber in self._subscribers.get(type(event), ()):
            subscriber(event)


class RequestFinished(msgspec.Struct, frozen=True, gc=False):
    """One HTTP request has been answered, or its client has left (status 499).

    ``route`` is the template (``/transactions/{transaction_id}``), or ``""`` where none matched. ``duration`` is in
    seconds from when the head was there, and the request's turn had come on its connection, until the reply was handed
    to the connection (of an event stream: until its begin). ``problem`` is the slug of the failure, or ``""``: what
    broke a reply in its middle comes with the status that it began with. ``trace_id`` is that of the caller's trace, or
    of ours, or ``""``; ``span_id`` is ``""`` where the request is not among the sample that is traced. ``cache`` is as
    in ``CacheAsked``, and empty for what is never kept.
    """

    request_id: str
    method: str
    route: str
    path: str
    status: int
    duration: float
    client: str
    size: int
    problem: str
    trace_id: str = ""
    cache: str = ""
    span_id: str = ""


class RequestFailed(msgspec.Struct, frozen=True):
    """A request met an error that nobody foresaw: a 500 was sent. ``error`` keeps its cause and traceback."""

    request_id: str
    method: str
    route: str
    error: BaseException
    trace_id: str = ""


class FlightLanded(msgspec.Struct, frozen=True, gc=False):
    """A flight is back: ``size`` items, of which the first had waited ``wait`` s; ``duration`` s in the air."""

    flight: str
    size: int
    wait: float
    duration: float


class FlightSplit(msgspec.Struct, frozen=True):
    """An unforeseen error, or a lock that was not free in time, made a flight of ``size`` items run item by item."""

    flight: str
    size: int
    error: BaseException


class FlightRetried(msgspec.Struct, frozen=True, gc=False):
    """A flight ran again after a deadlock, a serialization failure or a lost race (``code`` is the SQLSTATE)."""

    flight: str
    code: str


class RequestShed(msgspec.Struct, frozen=True, gc=False):
    """A queue (``flight:<name>``, ``writer``, ``connections`` …) was full and turned one request away."""

    queue: str


class DatabaseFailed(msgspec.Struct, frozen=True):
    """The database could not do what was asked.

    ``kind``: ``connection``, ``timeout``, ``full``, ``io``, ``busy`` (another program holds SQLite's write lock),
    ``lock`` (another transaction of PostgreSQL holds it) …, ``other``.
    """

    dialect: str
    kind: str
    error: BaseException


class CacheAsked(msgspec.Struct, frozen=True, gc=False):
    """The cache of replies was asked for a reply that follows a feed (``resource``).

    ``result``: ``hit`` (kept in this process), ``shared`` (kept in Redis), ``miss``, ``collapsed`` (another request was
    just making it), ``bypass`` (the client wanted a new one).
    """

    resource: str
    result: str


class CacheFailed(msgspec.Struct, frozen=True):
    """Redis could not do what was asked: the reply comes from the database."""

    error: BaseException


class StatisticsSkipped(msgspec.Struct, frozen=True):
    """Figures were not written when it was time: the database was busy or away. The next ones hold them too."""


class JobFailed(msgspec.Struct, frozen=True):
    """A periodic job raised, or took longer than it may. Its next time comes all the same."""

    job: str
    error: BaseException


class ReportDropped(msgspec.Struct, frozen=True):
    """An error was not reported to Sentry.

    ``reason``: ``alike`` or ``many`` (the bounds per minute), ``queue`` (full), ``network``, ``limited`` (the receiver
    wants no more for now), ``refused``, ``broken`` (it could not be put into words). Emitted by any thread.
    """

    reason: str


class SpansExported(msgspec.Struct, frozen=True, gc=False):
    """A collector of traces has taken ``count`` spans."""

    count: int


class SpansDropped(msgspec.Struct, frozen=True, gc=False):
    """``count`` spans are lost. ``reason``: ``queue`` (it was full), ``collector`` (it did not take them) or ``stop``.

    ``detail`` says it in words.
    """

    count: int
    reason: str
    detail: str


class Notice(msgspec.Struct, frozen=True):
    """Something an operator should read in the log. ``level``: ``info``, ``warning`` or ``error``."""

    level: str
    message: str
    fields: dict[str, Any] = {}
