"""Spans as OTLP: the same as OpenTelemetry's own exporter makes of them, and times that stand to each other."""

import threading
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from roadbed.kernel.spans import CLIENT, INTERNAL, MOST_LINKS, MOST_NOTES, SERVER, Span, Value
from roadbed.runtime.otlp import STEP, Encoder, WallClock
from tests.support.otlp import spans_of
from tests.support.tracing import Kept

RESOURCE = {"service.name": "shop", "service.instance.id": "one"}
KINDS = {INTERNAL: SpanKind.INTERNAL, SERVER: SpanKind.SERVER, CLIENT: SpanKind.CLIENT}


class Standing(WallClock):
    """A clock by which second 0 of ours is second 1,000 of the world."""

    def __init__(self) -> None:
        super().__init__(lambda: 1_000_000_000_000, lambda: 0.0)


def theirs(span: Span, clock: WallClock) -> ReadableSpan:
    """Return the same span as OpenTelemetry's SDK would hold it."""

    def context(trace_id: int, span_id: int, *, remote: bool = False, state: TraceState | None = None) -> SpanContext:
        return SpanContext(trace_id, span_id, remote, TraceFlags(TraceFlags.SAMPLED), state)

    attributes: dict[str, Any] = dict(span.attributes)
    if span.error:
        attributes["error.type"] = span.error
    return ReadableSpan(
        span.name,
        context(span.trace_id, span.span_id, state=TraceState.from_header([span.state]) if span.state else None),
        context(span.trace_id, span.parent_id, remote=span.kind == SERVER) if span.parent_id else None,
        Resource(RESOURCE),
        attributes,
        [Event(name, attributes, clock(moment)) for moment, name, attributes in span.notes],
        [Link(context(*link)) for link in span.links],
        KINDS[span.kind],
        status=Status(StatusCode.ERROR) if span.error else Status(StatusCode.UNSET),
        start_time=clock(span.began),
        end_time=clock(span.ended),
        instrumentation_scope=InstrumentationScope("roadbed", "1.2"),
    )


def plain(kept: Kept) -> Span:
    return kept.span("GET /x")


def full(kept: Kept) -> Span:
    span = kept.span("POST /accounts/{account_id}", trace_id=2**127 + 5)
    span.parent_id, span.state = 77, "rojo=00f067,congo=t61"
    span.attributes |= {"text": "é", "empty": "", "number": -5, "large": 2**62, "zero": 0, "share": 0.5, "yes": True}
    span.note("cache asked", {"roadbed.cache.result": "hit", "no": False})
    span.link(kept.span(trace_id=3))
    span.link(kept.span(trace_id=4))
    return span


def failed(kept: Kept) -> Span:
    span = kept.span().child("put", CLIENT)
    span.fail(ValueError("hidden"))
    return span


@pytest.mark.parametrize("make", [plain, full, failed])
def test_it_is_what_opentelemetry_would_send(make: Any) -> None:
    span, clock = make(Kept()), Standing()
    span.end()
    ours, wanted = ExportTraceServiceRequest(), encode_spans([theirs(span, clock)])
    ours.ParseFromString(Encoder(RESOURCE, "1.2", clock).encode([span]))
    for request in (ours, wanted):
        for group in request.resource_spans:
            for each in group.scope_spans[0].spans:
                # Whether a trace is sampled: that only ours says, and all that is sent is.
                each.flags &= ~1
                if not each.status.code:
                    # They send a status that says nothing.
                    each.ClearField("status")
                for link in each.links:
                    link.flags &= ~1
    assert ours == wanted


def test_one_request_holds_many() -> None:
    kept = Kept()
    for number in range(1, 100):
        kept.span(trace_id=number).end()
    seen = spans_of(Encoder(RESOURCE, "1").encode(kept.spans))
    assert [int(span.trace, 16) for span in seen] == list(range(1, 100))
    assert all(span.resource == RESOURCE for span in seen)


def test_a_request_does_not_remember_the_last_one() -> None:
    kept, encoder = Kept(), Encoder(RESOURCE, "1")
    kept.span().end()
    assert [len(spans_of(encoder.encode(kept.spans))) for _ in range(3)] == [1, 1, 1]


def test_what_was_left_out_is_counted() -> None:
    span = Kept().span()
    for _ in range(MOST_LINKS + 3):
        span.link(span)
    for _ in range(MOST_NOTES + 4):
        span.note("n", {})
    request = ExportTraceServiceRequest()
    request.ParseFromString(Encoder(RESOURCE, "1").encode([span]))
    message = request.resource_spans[0].scope_spans[0].spans[0]
    assert (message.dropped_links_count, message.dropped_events_count) == (3, 4)


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**32, 2**63 - 1, -1, -(2**63)])
def test_numbers_of_every_size(number: int) -> None:
    span = Kept().span()
    span.attributes |= {"number": number, "server.port": number}
    (seen,) = spans_of(Encoder(RESOURCE, "1").encode([span]))
    assert seen.attributes == {"number": number, "server.port": number}


def test_a_flag_and_a_number_that_equal_each_other_stay_apart() -> None:
    span = Kept().span()
    kinds: list[Value] = []
    for value in (1, True, 1.0, 0, False, 0.0):
        span.attributes["server.port"] = value
        (seen,) = spans_of(Encoder(RESOURCE, "1").encode([span]))
        kinds.append(seen.attributes["server.port"])
    assert [(type(kind), kind) for kind in kinds] == [
        (int, 1),
        (bool, True),
        (float, 1.0),
        (int, 0),
        (bool, False),
        (float, 0.0),
    ]


@pytest.mark.parametrize("text", ["", "x" * 127, "x" * 128, "ä" * 20_000, "\x00"])
def test_texts_of_every_kind(text: str) -> None:
    span = Kept().span(text)
    span.attributes["text"] = text
    (seen,) = spans_of(Encoder(RESOURCE, "1").encode([span]))
    assert (seen.name, seen.attributes["text"]) == (text, text)


def test_a_span_that_somebody_still_adds_to_is_sent() -> None:
    span, encoder, done = Kept().span(), Encoder(RESOURCE, "1"), threading.Event()

    def add() -> None:
        number = 0
        while not done.is_set():
            number += 1
            span.attributes = {} if number % 500 == 0 else span.attributes
            span.add(f"wait {number}", 1.0)

    thread = threading.Thread(target=add)
    thread.start()
    try:
        assert all(spans_of(encoder.encode([span])) for _ in range(200))
    finally:
        done.set()
        thread.join()


def test_an_error_has_no_words() -> None:
    (seen,) = spans_of(Encoder(RESOURCE, "1").encode([failed(Kept())]))
    assert (seen.status, seen.error, "hidden" in str(seen)) == (2, "ValueError", False)


def test_times_are_those_of_the_world() -> None:
    span = Kept().span()
    span.began = 2.0
    span.end(2.5)
    (seen,) = spans_of(Encoder(RESOURCE, "1", Standing()).encode([span]))
    assert (seen.began, seen.ended) == (1_002_000_000_000, 1_002_500_000_000)


class Moved:
    """The clock of a system that is set."""

    def __init__(self) -> None:
        self.wall = 10**18

    def __call__(self) -> int:
        return self.wall


def test_a_clock_that_shivers_is_not_followed() -> None:
    moved = Moved()
    clock = WallClock(moved, lambda: 0.0)
    moved.wall += STEP
    clock.follow()
    assert clock(0.0) == 10**18


@pytest.mark.parametrize("step", [STEP + 1, -STEP - 1, -3_600 * 10**9])
def test_a_clock_that_was_set_is_followed(step: int) -> None:
    moved = Moved()
    clock = WallClock(moved, lambda: 0.0)
    moved.wall += step
    clock.follow()
    assert clock(0.0) == 10**18 + step
