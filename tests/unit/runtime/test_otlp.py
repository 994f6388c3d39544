"""Spans as a collector reads them: what they say, what was left out, and times that stand to each other."""

import logging
import threading
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from roadbed.kernel.spans import CLIENT, INTERNAL, MOST_LINKS, MOST_NOTES, SERVER, Span, Value
from roadbed.runtime import otlp
from roadbed.runtime.otlp import SLICE, STEP, Translation, WallClock
from tests.support.otlp import Seen, spans_of
from tests.support.tracing import Kept

RESOURCE = {"service.name": "shop", "service.instance.id": "one"}

HAS_IS_REMOTE, IS_REMOTE = 0x100, 0x200
"""Flags of OTLP: whether a parent lies in another process is known, and it does."""


class Standing(WallClock):
    """A clock by which second 0 of ours is second 1,000 of the world."""

    def __init__(self) -> None:
        super().__init__(lambda: 1_000_000_000_000, lambda: 0.0)


def request_of(*spans: Span, translation: Translation | None = None) -> Any:
    """Return the message that the exporter makes of spans."""
    return encode_spans((translation or Translation(RESOURCE, "1.2", Standing()))(spans))


def message_of(span: Span) -> Any:
    return request_of(span).resource_spans[0].scope_spans[0].spans[0]


def seen(*spans: Span, translation: Translation | None = None) -> list[Seen]:
    return spans_of(request_of(*spans, translation=translation).SerializeToString())


def test_a_span_is_what_it_was() -> None:
    kept = Kept()
    span = kept.span("POST /accounts/{account_id}", trace_id=2**127 + 5)
    span.attributes |= {"text": "é", "empty": "", "number": -5, "large": 2**62, "zero": 0, "share": 0.5, "yes": True}
    (told,) = seen(span)
    assert (told.trace, told.id, told.parent) == (span.trace_hex, span.span_hex, "")
    assert (told.name, told.status, told.state, told.error) == ("POST /accounts/{account_id}", 0, "", "")
    assert told.attributes == span.attributes


@pytest.mark.parametrize(("kind", "number"), [(INTERNAL, 1), (SERVER, 2), (CLIENT, 3)])
def test_kinds_are_those_of_otlp(kind: int, number: int) -> None:
    (told,) = seen(Kept().span().child("put", kind))
    assert told.kind == number


def test_the_scope_is_ours() -> None:
    scope = request_of(Kept().span()).resource_spans[0].scope_spans[0].scope
    assert (scope.name, scope.version) == ("roadbed", "1.2")


def test_the_environment_adds_to_what_describes_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,cloud.region=eu%20west")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "another")
    (told,) = seen(Kept().span())
    assert told.resource == RESOURCE | {"cloud.region": "eu west"}


def test_a_caller_is_a_parent_elsewhere() -> None:
    span = Kept().span()
    span.parent_id = 77
    (told,) = seen(span)
    assert (told.parent, told.flags) == (f"{77:016x}", HAS_IS_REMOTE | IS_REMOTE)


def test_a_part_has_its_parent_here() -> None:
    span = Kept().span()
    (told,) = seen(span.child("put"))
    assert (told.parent, told.flags) == (span.span_hex, HAS_IS_REMOTE)


def test_what_callers_noted_goes_along() -> None:
    span = Kept().span()
    span.state = "rojo=00f067,congo=t61"
    assert [told.state for told in seen(span, span.child("put"))] == ["rojo=00f067,congo=t61"] * 2


@pytest.mark.parametrize("state", ["no state", "a=1,a=2", ",".join(f"k{number}=1" for number in range(40))])
def test_what_a_caller_should_not_have_noted_is_left_out_without_a_word(
    state: str, caplog: pytest.LogCaptureFixture
) -> None:
    span = Kept().span()
    span.state = state
    with caplog.at_level(logging.INFO):
        (told,) = seen(span)
    assert (told.state, told.trace, caplog.records) == ("", span.trace_hex, [])


def test_links_lead_to_others() -> None:
    kept = Kept()
    span, others = kept.span(), [kept.span(trace_id=3), kept.span(trace_id=4)]
    for other in others:
        span.link(other)
    (told,) = seen(span)
    assert told.links == [(other.trace_hex, other.span_hex) for other in others]
    assert [link.flags for link in message_of(span).links] == [HAS_IS_REMOTE] * 2


def test_what_happened_is_told_with_its_time() -> None:
    span = Kept().span()
    span.notes = [(2.5, "cache asked", {"roadbed.cache.result": "hit", "no": False})]
    (told,) = seen(span)
    assert told.notes == [("cache asked", {"roadbed.cache.result": "hit", "no": False})]
    assert message_of(span).events[0].time_unix_nano == 1_002_500_000_000


@pytest.mark.parametrize("number", [1, SLICE - 1, SLICE, SLICE + 1, 100])
def test_one_request_holds_many(number: int) -> None:
    kept = Kept()
    told = seen(*(kept.span(trace_id=each) for each in range(1, number + 1)))
    assert [int(span.trace, 16) for span in told] == list(range(1, number + 1))
    assert all(span.resource == RESOURCE for span in told)


def test_others_run_after_every_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """While spans become the SDK's, and while the exporter encodes those."""
    pauses: list[float] = []
    monkeypatch.setattr(otlp, "sleep", pauses.append)
    kept = Kept()
    made = Translation(RESOURCE, "1")([kept.span() for _ in range(3 * SLICE + 1)])
    assert pauses == [0] * 3
    encode_spans(made)
    assert pauses == [0] * 6


def test_a_request_does_not_remember_the_last_one() -> None:
    span, translation = Kept().span(), Translation(RESOURCE, "1")
    assert [len(seen(span, translation=translation)) for _ in range(3)] == [1, 1, 1]


def test_what_was_left_out_is_counted() -> None:
    span = Kept().span()
    for _ in range(MOST_LINKS + 3):
        span.link(span)
    for _ in range(MOST_NOTES + 4):
        span.note("n", {})
    message = message_of(span)
    assert (message.dropped_links_count, message.dropped_events_count) == (3, 4)
    assert (len(message.links), len(message.events)) == (MOST_LINKS, MOST_NOTES)


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**32, 2**63 - 1, -1, -(2**63)])
def test_numbers_of_every_size(number: int) -> None:
    span = Kept().span()
    span.attributes |= {"number": number, "server.port": number}
    (told,) = seen(span)
    assert told.attributes == {"number": number, "server.port": number}


def test_a_flag_and_a_number_that_equal_each_other_stay_apart() -> None:
    span = Kept().span()
    kinds: list[Value] = []
    for value in (1, True, 1.0, 0, False, 0.0):
        span.attributes["server.port"] = value
        (told,) = seen(span)
        kinds.append(told.attributes["server.port"])
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
    (told,) = seen(span)
    assert (told.name, told.attributes["text"]) == (text, text)


def test_a_span_that_somebody_still_adds_to_is_sent() -> None:
    span, done = Kept().span(), threading.Event()

    def add() -> None:
        number = 0
        while not done.is_set():
            number += 1
            span.attributes = {} if number % 500 == 0 else span.attributes
            span.add(f"wait {number}", 1.0)

    thread = threading.Thread(target=add)
    thread.start()
    try:
        assert all(seen(span) for _ in range(200))
    finally:
        done.set()
        thread.join()


def test_an_error_has_no_words() -> None:
    span = Kept().span().child("put", CLIENT)
    span.fail(ValueError("hidden"))
    (told,) = seen(span)
    assert (told.status, told.error, "hidden" in str(told)) == (2, "ValueError", False)


def test_times_are_those_of_the_world() -> None:
    span = Kept().span()
    span.began = 2.0
    span.end(2.5)
    (told,) = seen(span)
    assert (told.began, told.ended) == (1_002_000_000_000, 1_002_500_000_000)


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
