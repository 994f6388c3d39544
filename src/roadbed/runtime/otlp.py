"""Our spans as those of OpenTelemetry's SDK, which its exporter encodes (https://opentelemetry.io/docs/specs/otlp/).

It runs beside what serves, under the same interpreter lock, and so in slices. ``docs/decisions`` has the figures.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import perf_counter, sleep, time_ns
from typing import TypeVar

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from roadbed.kernel.spans import CLIENT, INTERNAL, SERVER, Span, Value

SLICE = 16
"""Spans that are encoded before the interpreter lock is given to whoever waits for it: some 1 ms."""

STEP = 1_000_000
"""Nanoseconds by which the clock of the system must have gone another way than ours, before we follow it."""

_KINDS = {INTERNAL: SpanKind.INTERNAL, SERVER: SpanKind.SERVER, CLIENT: SpanKind.CLIENT}
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_UNSET, _ERROR = Status(StatusCode.UNSET), Status(StatusCode.ERROR)

_T = TypeVar("_T")


class WallClock:
    """Turns times of ``perf_counter`` (seconds) into those of the world (nanoseconds since 1970).

    Spans of one trace leave in several batches: the offset stays as it is until the system's clock was set.
    """

    def __init__(self, wall: Callable[[], int] = time_ns, ours: Callable[[], float] = perf_counter) -> None:
        self._wall = wall
        self._ours = ours
        self._offset = self._look()

    def follow(self) -> None:
        """Look whether the clock of the system was set."""
        offset = self._look()
        if abs(offset - self._offset) > STEP:
            self._offset = offset

    def __call__(self, moment: float) -> int:
        """Return the time of a moment."""
        return self._offset + int(moment * 1e9)

    def _look(self) -> int:
        return self._wall() - int(self._ours() * 1e9)


class Translation:
    """Makes the SDK's spans of ours. ``resource`` describes the process that all of them come from.

    ``OTEL_RESOURCE_ATTRIBUTES`` may add to that, and replaces nothing.
    """

    def __init__(self, resource: Mapping[str, Value], version: str, clock: WallClock | None = None) -> None:
        self._resource = OTELResourceDetector().detect().merge(Resource(resource))
        self._scope = InstrumentationScope("roadbed", version)
        self._clock = clock or WallClock()
        # It would say of every span whose caller's tracestate it does not like, and what that was.
        logging.getLogger(TraceState.__module__).setLevel(logging.ERROR)

    def __call__(self, spans: Sequence[Span]) -> Sequence[ReadableSpan]:
        """Return the same spans, to be exported at once."""
        self._clock.follow()
        return _Batch(_in_slices(map(self._readable, spans)))

    def _readable(self, span: Span) -> ReadableSpan:
        clock = self._clock
        # In one step: a request whose client has left ends its span, and what it began in a thread may still add to it.
        attributes = dict(span.attributes)
        if span.error:
            attributes["error.type"] = span.error
        events = [Event(name, noted, clock(moment)) for moment, name, noted in span.notes]
        links = [Link(_context(*link)) for link in span.links]
        state = TraceState.from_header([span.state]) if span.state else None
        readable = _Readable(
            span.name,
            SpanContext(span.trace_id, span.span_id, is_remote=False, trace_flags=_SAMPLED, trace_state=state),
            # Of our spans those of requests alone have parents elsewhere.
            _context(span.trace_id, span.parent_id, is_remote=span.kind == SERVER) if span.parent_id else None,
            self._resource,
            attributes,
            events,
            links,
            _KINDS[span.kind],
            status=_ERROR if span.error else _UNSET,
            start_time=clock(span.began),
            end_time=clock(span.ended),
            instrumentation_scope=self._scope,
        )
        readable.recorded = span
        return readable


class _Readable(ReadableSpan):
    """One that knows what was left out as our spans do; the SDK's count that in lists of their own."""

    recorded: Span

    @property
    def dropped_events(self) -> int:
        return self.recorded.lost_notes

    @property
    def dropped_links(self) -> int:
        return self.recorded.lost_links


class _Batch(list[ReadableSpan]):
    """What is exported at once. The exporter encodes as it goes through it: in slices."""

    def __iter__(self) -> Iterator[ReadableSpan]:
        return _in_slices(super().__iter__())


def _in_slices(things: Iterable[_T]) -> Iterator[_T]:
    for count, thing in enumerate(things, 1):
        yield thing
        if not count % SLICE:
            sleep(0)


def _context(trace_id: int, span_id: int, *, is_remote: bool = False) -> SpanContext:
    return SpanContext(trace_id, span_id, is_remote, _SAMPLED)
