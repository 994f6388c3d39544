"""Spans: what a request, a flight or a statement did, and for how long. Who makes them does not know where they go.

The running request or flight finds its span with ``current()``: None where nothing is traced, or this one is not among
the sample. So whoever has something to tell asks ``current()`` first, and does nothing at all most of the time. A
thread does not see it: what is handed to one takes its span along (``roadbed.data.sqlite.spans``).
"""

from __future__ import annotations

from contextvars import Context, ContextVar, copy_context
from random import getrandbits
from time import perf_counter
from typing import Protocol

from roadbed.kernel.errors import RoadbedError

Value = str | int | float | bool
"""What an attribute may be."""

INTERNAL, SERVER, CLIENT = 1, 2, 3
"""Kinds of spans, numbered as in OTLP."""

MOST_LINKS = 128
MOST_NOTES = 32
"""How many links and notes a span has at most; those beyond are counted."""


class Tracer(Protocol):
    """Says which traces are kept, and takes the spans that have ended. Made by ``roadbed.runtime.tracing``."""

    def draw(self) -> int:
        """Return the id of a trace that begins here, or 0 where it is not among the sample."""
        ...

    def keep(self, span: Span, /) -> None:
        """Take a span that has ended. May be called from any thread, never blocks and never raises."""
        ...


class Span:
    """Something that took time. Times are those of ``perf_counter``, in seconds; ids are numbers.

    ``attributes`` hold names, counts and durations, and never what a client sent or a row holds. ``error`` is the kind
    of failure, or empty. ``links`` are (trace id, span id) of others, ``notes`` (time, name, attributes). ``state`` is
    the caller's ``tracestate``, which goes along unread. A span is written by one thread at a time.
    """

    __slots__ = (
        "attributes", "began", "ended", "error", "kind", "links", "lost_links", "lost_notes", "name", "notes",
        "parent_id", "span_id", "state", "trace_id", "tracer",
    )  # fmt: skip

    def __init__(
        self, tracer: Tracer, name: str, kind: int, trace_id: int, parent_id: int = 0, began: float | None = None
    ) -> None:
        self.tracer = tracer
        self.name = name
        self.kind = kind
        self.trace_id = trace_id
        self.span_id = getrandbits(64) or 1
        self.parent_id = parent_id
        self.began = perf_counter() if began is None else began
        self.ended = 0.0
        self.error = ""
        self.state = ""
        self.attributes: dict[str, Value] = {}
        self.links: list[tuple[int, int]] = []
        self.notes: list[tuple[float, str, dict[str, Value]]] = []
        self.lost_links = self.lost_notes = 0

    @property
    def trace_hex(self) -> str:
        """The id of the trace as 32 hexadecimal digits."""
        return f"{self.trace_id:032x}"

    @property
    def span_hex(self) -> str:
        """The id of the span as 16 hexadecimal digits."""
        return f"{self.span_id:016x}"

    def child(self, name: str, kind: int = INTERNAL, began: float | None = None) -> Span:
        """Begin a part of this span; ``began`` is for what is told of later."""
        span = Span(self.tracer, name, kind, self.trace_id, self.span_id, began)
        span.state = self.state
        return span

    def link(self, other: Span) -> None:
        """Say that another span has to do with this one."""
        if len(self.links) < MOST_LINKS:
            self.links.append((other.trace_id, other.span_id))
        else:
            self.lost_links += 1

    def note(self, name: str, attributes: dict[str, Value]) -> None:
        """Say what happened meanwhile."""
        if len(self.notes) < MOST_NOTES:
            self.notes.append((perf_counter(), name, attributes))
        else:
            self.lost_notes += 1

    def add(self, name: str, amount: float) -> None:
        """Add to an attribute that is a sum."""
        self.attributes[name] = float(self.attributes.get(name, 0.0)) + amount

    def fail(self, error: BaseException) -> None:
        """Say what kind of error ended it; its words may hold anything, and are left out."""
        self.error = error.slug if isinstance(error, RoadbedError) else type(error).__name__

    def end(self, ended: float | None = None) -> None:
        """End the span and hand it over."""
        self.ended = perf_counter() if ended is None else ended
        self.tracer.keep(self)


_CURRENT: ContextVar[Span | None] = ContextVar("roadbed_span", default=None)

current = _CURRENT.get
"""Return the span of the running task, or None."""

enter = _CURRENT.set
"""Make a span, or none, that of the running task and of the tasks that it starts from now on."""


def detached() -> Context:
    """Return a context for a task that outlives the request which starts it, and belongs to nobody's trace."""
    context = copy_context()
    context.run(enter, None)
    return context
