"""Spans as OTLP (https://opentelemetry.io/docs/specs/otlp/), in protobuf's wire format.

It is written beside what serves, under the same interpreter lock. OpenTelemetry's own encoder takes many times as long
for the same bytes: ``docs/decisions`` has the figures, and a test the comparison. Numbers of fields are those of
``opentelemetry/proto/trace/v1/trace.proto`` (stable); a tag is the number times 8 and the wire type: 0 varint, 1 eight
bytes, 2 length and content, 5 four bytes (https://protobuf.dev/programming-guides/encoding/).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from time import perf_counter, sleep, time_ns

from roadbed.kernel.spans import SERVER, Span, Value

SLICE = 64
"""Spans that are encoded before the interpreter lock is given to whoever waits for it: some 0.3 ms."""

STEP = 1_000_000
"""Nanoseconds by which the clock of the system must have gone another way than ours, before we follow it."""

_SAMPLED = 1
_IS_REMOTE_KNOWN, _IS_REMOTE = 0x100, 0x200

_FEW = frozenset(
    {
        "db.operation.name",
        "db.query.summary",
        "db.system.name",
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "network.protocol.version",
        "roadbed.cache.resource",
        "roadbed.cache.result",
        "roadbed.flight.name",
        "roadbed.problem",
        "server.address",
        "server.port",
        "url.scheme",
    }
)
"""Attributes of few values: these are encoded once."""

_KEPT = 4096

# A message that a tag of one byte and its length stand before.
_RESOURCE_SPANS, _SCOPE_SPANS, _SPANS = b"\x0a", b"\x12", b"\x12"

_fixed = struct.Struct("<BQ").pack
_bounds = struct.Struct("<BBBQBQ").pack
_flags = struct.Struct("<BBI").pack
_double = struct.Struct("<Bd").pack


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
        told = b"".join(_message(b"\x0a", _entry(name, value)) for name, value in resource.items())
        self._resource = _message(b"\x0a", told)
        self._scope = _message(b"\x0a", _text(b"\x0a", "roadbed") + _text(b"\x12", version))
        self._clock = clock or WallClock()

    def encode(self, spans: Sequence[Span]) -> bytes:
        """Return the request that hands these spans to a collector."""
        self._clock.follow()
        parts = [self._scope]
        for count, span in enumerate(spans, 1):
            body = self._span(span)
            parts += (_SPANS, _varint(len(body)), body)
            if not count % SLICE:
                sleep(0)
        return _message(_RESOURCE_SPANS, self._resource + _message(_SCOPE_SPANS, b"".join(parts)))

    def _span(self, span: Span) -> bytes:
        clock = self._clock
        parts = [b"\x0a\x10", span.trace_id.to_bytes(16, "big"), b"\x12\x08", span.span_id.to_bytes(8, "big")]
        if span.state:
            parts.append(_text(b"\x1a", span.state))
        flags = _SAMPLED | _IS_REMOTE_KNOWN
        if span.parent_id:
            parts += (b"\x22\x08", span.parent_id.to_bytes(8, "big"))
            # Of our spans those of requests alone have parents elsewhere.
            flags |= _IS_REMOTE if span.kind == SERVER else 0
        parts.append(_text(b"\x2a", span.name))
        parts.append(_bounds(0x30, span.kind, 0x39, clock(span.began), 0x41, clock(span.ended)))
        for name, value in span.attributes.items():
            parts.append(_kept(name, value) if name in _FEW else _message(b"\x4a", _entry(name, value)))
        if span.notes or span.links:
            parts += self._told(span)
        if span.error:
            parts += (_kept("error.type", span.error), b"\x7a\x02\x18\x02")
        parts.append(_flags(0x85, 0x01, flags))
        return b"".join(parts)

    def _told(self, span: Span) -> Iterator[bytes]:
        """Yield the events and links of a span, and how many more there were."""
        for moment, name, attributes in span.notes:
            told = b"".join(_message(b"\x1a", _entry(key, value)) for key, value in attributes.items())
            yield _message(b"\x5a", _fixed(0x09, self._clock(moment)) + _text(b"\x12", name) + told)
        for trace_id, span_id in span.links:
            ids = b"\x0a\x10%b\x12\x08%b" % (trace_id.to_bytes(16, "big"), span_id.to_bytes(8, "big"))
            yield _message(b"\x6a", ids + struct.pack("<BI", 0x35, _SAMPLED | _IS_REMOTE_KNOWN))
        if span.lost_notes:
            yield b"\x60" + _varint(span.lost_notes)
        if span.lost_links:
            yield b"\x70" + _varint(span.lost_links)


def _varint(number: int) -> bytes:
    """Return a number of 64 bits, seven of them in each byte, the lowest first; a negative one as its complement."""
    if 0 <= number < 0x80:
        return _SMALL[number]
    number &= 0xFFFF_FFFF_FFFF_FFFF
    parts = bytearray()
    while number >= 0x80:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


_SMALL = [bytes((number,)) for number in range(0x80)]


def _message(tag: bytes, body: bytes) -> bytes:
    return b"%b%b%b" % (tag, _varint(len(body)), body)


def _text(tag: bytes, text: str) -> bytes:
    # What came in as bytes that are no text leaves as question marks.
    return _message(tag, text.encode("utf-8", "replace"))


def _entry(name: str, value: Value) -> bytes:
    """Return a ``KeyValue``."""
    # A flag is a number to Python: it goes first.
    if isinstance(value, bool):
        content = b"\x10\x01" if value else b"\x10\x00"
    elif isinstance(value, int):
        content = b"\x18" + _varint(value)
    elif isinstance(value, float):
        content = _double(0x21, value)
    else:
        content = _text(b"\x0a", value)
    return _key(name) + _message(b"\x12", content)


@lru_cache(_KEPT)
def _key(name: str) -> bytes:
    return _text(b"\x0a", name)


@lru_cache(_KEPT, typed=True)
def _kept(name: str, value: Value) -> bytes:
    return _message(b"\x4a", _entry(name, value))
