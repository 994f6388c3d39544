"""The tracer: what is among the sample, what a span says in the end, and what it takes to switch it on."""

import sys
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.events import (
    CacheAsked,
    DatabaseFailed,
    Events,
    FlightRetried,
    FlightSplit,
    RequestFinished,
    RequestShed,
)
from roadbed.kernel.settings import Settings
from roadbed.kernel.spans import SERVER, Span, current, enter
from roadbed.runtime.span_export import SpanExport
from roadbed.runtime.tracing import Tracing, open_tracing
from tests.support.otlp import OtlpCollector

FEW = 2000


class Nowhere:
    """A collector that is never asked."""

    def send(self, spans: Sequence[Span]) -> tuple[int, str]:
        raise NotImplementedError

    def leave(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class World:
    """A tracer whose spans stay in its queue."""

    def __init__(self, sample: float = 1.0) -> None:
        self.events = Events()
        self.export = SpanExport(Nowhere(), self.events, bound=10_000)
        self.tracing = Tracing(sample, self.export)
        self.tracing.subscribe(self.events)

    def begin(self) -> Span:
        span = Span(self.tracing, "GET", SERVER, self.tracing.draw())
        enter(span)
        return span

    def finish(self, span: Span, **differently: object) -> None:
        given = {"method": "GET", "route": "/x/{id}", "status": 200, "problem": "", "cache": ""} | differently
        self.events.emit(
            RequestFinished(
                "id",
                str(given["method"]),
                str(given["route"]),
                "/x/1",
                int(str(given["status"])),
                0.25,
                "192.0.2.7",
                12,
                str(given["problem"]),
                span.trace_hex,
                str(given["cache"]),
                span.span_hex,
            )
        )


@pytest.fixture
def world() -> World:
    return World()


def test_all_are_drawn_of_a_whole_sample() -> None:
    assert all(World(1.0).tracing.draw() for _ in range(FEW))


def test_none_is_drawn_of_an_empty_sample() -> None:
    assert not any(World(0.0).tracing.draw() for _ in range(FEW))


def test_a_share_is_drawn() -> None:
    draw = World(0.25).tracing.draw
    # 20,000 draws: farther off than this is less likely than a broken machine.
    assert 4_000 < sum(1 for _ in range(20_000) if draw()) < 6_000


@pytest.mark.parametrize("sample", [0.01, 0.3, 0.999])
def test_what_is_drawn_opentelemetry_would_keep_too(sample: float) -> None:
    """A service behind us that samples by the same ratio comes to the same decision."""
    draw, theirs = World(sample).tracing.draw, TraceIdRatioBased(sample)
    drawn = [trace_id for _ in range(FEW) if (trace_id := draw())]
    assert all(theirs.should_sample(None, each, "x").decision is Decision.RECORD_AND_SAMPLE for each in drawn)
    assert all(0 < each < 2**128 for each in drawn)


def test_traces_have_ids_of_their_own(world: World) -> None:
    ids = {world.tracing.draw() for _ in range(FEW)}
    assert (len(ids), len({each >> 64 for each in ids})) == (FEW, FEW)


def test_a_request_that_ends_ends_its_span(world: World) -> None:
    span = world.begin()
    world.finish(span)
    assert (world.export.waiting, span.ended, current()) == (1, span.began + 0.25, None)


def test_a_span_says_what_became_of_the_request(world: World) -> None:
    span = world.begin()
    world.finish(span, cache="hit")
    assert (span.name, span.error) == ("GET /x/{id}", "")
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/x/{id}",
        "http.response.status_code": 200,
        "http.response.body.size": 12,
        "roadbed.cache.result": "hit",
    }


def test_no_client_is_in_a_span(world: World) -> None:
    span = world.begin()
    world.finish(span)
    assert "192.0.2.7" not in span.attributes.values()


def test_a_request_without_a_route_is_named_by_its_method(world: World) -> None:
    span = world.begin()
    world.finish(span, route="", status=404, problem="not-found")
    assert (span.name, "http.route" in span.attributes, span.error) == ("GET", False, "")
    assert span.attributes["roadbed.problem"] == "not-found"


def test_a_method_that_nobody_knows_is_not_a_name(world: World) -> None:
    span = world.begin()
    world.finish(span, method="X" * 100, route="")
    assert (span.name, span.attributes["http.request.method"]) == ("HTTP", "_OTHER")
    assert span.attributes["http.request.method_original"] == "X" * 32


@pytest.mark.parametrize(
    ("status", "problem", "error"),
    [
        (200, "", ""),
        (404, "not-found", ""),
        (499, "", ""),
        (500, "internal", "internal"),
        (503, "overloaded", "overloaded"),
        (503, "", "503"),
        # It broke in the middle: the status was sent before.
        (200, "internal", "internal"),
    ],
)
def test_faults_of_the_service_are_errors(world: World, status: int, problem: str, error: str) -> None:
    span = world.begin()
    world.finish(span, status=status, problem=problem)
    assert span.error == error


def test_a_request_beside_the_sample_ends_nothing(world: World) -> None:
    world.events.emit(RequestFinished("id", "GET", "/x", "/x", 200, 0.1, "", 0, "", "4b" * 16))
    assert world.export.waiting == 0


def test_an_event_of_another_task_ends_nothing(world: World) -> None:
    span = world.begin()
    enter(None)
    world.finish(span)
    assert (world.export.waiting, span.ended) == (0, 0.0)


@pytest.mark.parametrize(
    ("event", "name", "attributes"),
    [
        (CacheAsked("items", "hit"), "cache asked", {"roadbed.cache.resource": "items", "roadbed.cache.result": "hit"}),
        (FlightRetried("post", "40P01"), "flight ran again", {"db.response.status_code": "40P01"}),
        (FlightSplit("post", 3, ValueError("hidden")), "flight was split", {"error.type": "ValueError"}),
        (RequestShed("writer"), "queue was full", {"roadbed.queue": "writer"}),
        (DatabaseFailed("sqlite", "full", OSError("hidden")), "database failed", {"error.type": "full"}),
    ],
)
def test_what_happens_is_noted(world: World, event: object, name: str, attributes: dict[str, str]) -> None:
    span = world.begin()
    world.events.emit(event)
    enter(None)
    assert [(note[1], note[2]) for note in span.notes] == [(name, attributes)]


def test_what_happens_to_nobody_is_noted_nowhere(world: World) -> None:
    world.events.emit(CacheAsked("items", "hit"))
    assert world.export.waiting == 0


def test_without_a_collector_there_is_no_tracer() -> None:
    events = Events()
    assert open_tracing(Settings(), events, "me") is None
    assert events.subscribers(RequestFinished) == []


async def test_with_a_collector_there_is_one(collector: OtlpCollector) -> None:
    settings = Settings(
        otlp_endpoint=collector.endpoint, otlp_headers="api-key=k", trace_sample=1.0, service_name="shop"
    )
    opened = open_tracing(settings, Events(), "instance-1")
    assert opened is not None
    Span(opened, "GET /x", SERVER, opened.draw()).end()
    await opened.close()
    (span,) = collector.spans
    assert span.name == "GET /x"
    assert collector.headers["api-key"] == "k"
    told = {name: value for name, value in span.resource.items() if not name.endswith("version")}
    assert told == {
        "service.name": "shop",
        "service.instance.id": "instance-1",
        "deployment.environment.name": "development",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "roadbed",
    }


@pytest.mark.parametrize("missing", ["opentelemetry.exporter.otlp.proto.http", "requests"])
def test_without_the_package_a_start_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.delitem(sys.modules, "roadbed.runtime.collector", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigurationError, match=r"pip install 'roadbed\[otlp\]'"):
        open_tracing(Settings(otlp_endpoint="http://127.0.0.1:4318"), Events(), "me")
