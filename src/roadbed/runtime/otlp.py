"""Spans as OTLP (https://opentelemetry.io/docs/specs/otlp/): protobuf messages, filled without the SDK between.

It runs beside what serves, under the same interpreter lock: the SDK's own encoder takes five times as long for the same
bytes (a test compares them). ``docs/decisions`` has the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from time import perf_counter, sleep, time_ns
from typing import Any

from roadbed.kernel.spans import SERVER, Span, Value

SLICE = 64
"""Spans that are encoded before the interpreter lock is given to whoever waits for it: some 0.5 ms."""

STEP = 1_000_000
"""Nanoseconds by which the clock of the system must have gone another way than ours, before we follow it."""

_SAMPLED = 1
_IS_REMOTE_KNOWN, _IS_REMOTE = 0x100, 0x200
_ERROR = 2
_BYTES_OF_TRACE_ID, _BYTES_OF_SPAN_ID = 16, 8


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


class Encoder:
    """Makes export requests. ``resource`` describes the process that all spans come from."""

    def __init__(self, resource: Mapping[str, Value], version: str, clock: WallClock | None = None) -> None:
        service: Any = import_module("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
        self._request = service.ExportTraceServiceRequest
        self._head = self._request()
        spans = self._head.resource_spans.add()
        _fill(spans.resource.attributes, resource)
        scope = spans.scope_spans.add().scope
        scope.name, scope.version = "roadbed", version
        self._clock = clock or WallClock()

    def encode(self, spans: Sequence[Span]) -> bytes:
        """Return the request that hands these spans to a collector."""
        self._clock.follow()
        request = self._request()
        request.CopyFrom(self._head)
        target = request.resource_spans[0].scope_spans[0].spans
        for count, span in enumerate(spans, 1):
            self._write(target.add(), span)
            if not count % SLICE:
                sleep(0)
        return request.SerializeToString()

    def _write(self, message: Any, span: Span) -> None:
        clock = self._clock
        message.trace_id = span.trace_id.to_bytes(_BYTES_OF_TRACE_ID, "big")
        message.span_id = span.span_id.to_bytes(_BYTES_OF_SPAN_ID, "big")
        message.flags = _SAMPLED | _IS_REMOTE_KNOWN
        if span.parent_id:
            message.parent_span_id = span.parent_id.to_bytes(_BYTES_OF_SPAN_ID, "big")
            # Of our spans those of requests alone have parents elsewhere.
            message.flags |= _IS_REMOTE if span.kind == SERVER else 0
        if span.state:
            message.trace_state = span.state
        message.name, message.kind = span.name, span.kind
        message.start_time_unix_nano = clock(span.began)
        message.end_time_unix_nano = clock(span.ended)
        _fill(message.attributes, span.attributes)
        for trace_id, span_id in span.links:
            link = message.links.add()
            link.trace_id = trace_id.to_bytes(_BYTES_OF_TRACE_ID, "big")
            link.span_id = span_id.to_bytes(_BYTES_OF_SPAN_ID, "big")
            link.flags = _SAMPLED | _IS_REMOTE_KNOWN
        for moment, name, attributes in span.notes:
            event = message.events.add()
            event.time_unix_nano, event.name = clock(moment), name
            _fill(event.attributes, attributes)
        if span.lost_links or span.lost_notes:
            message.dropped_links_count, message.dropped_events_count = span.lost_links, span.lost_notes
        if span.error:
            message.status.code = _ERROR
            _fill(message.attributes, {"error.type": span.error})


def _fill(attributes: Any, values: Mapping[str, Value]) -> None:
    add = attributes.add
    # In one step: a request whose client has left ends its span, and what it began in a thread may still add to that.
    for name, value in tuple(values.items()):
        entry = add()
        entry.key = name
        # A flag is a number to Python: it goes first.
        if isinstance(value, bool):
            entry.value.bool_value = value
        elif isinstance(value, int):
            entry.value.int_value = value
        elif isinstance(value, float):
            entry.value.double_value = value
        else:
            entry.value.string_value = value
