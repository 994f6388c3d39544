"""Which requests are traced, what their spans say at the beginning, and what their replies tell of it."""

import re

import msgspec
import pytest

from roadbed.http.call import Call
from roadbed.http.edge import Edge
from roadbed.http.operations import Operations
from roadbed.http.traces import state_of
from roadbed.kernel.errors import NotFound
from roadbed.kernel.events import Events, RequestFinished
from roadbed.kernel.spans import SERVER, Span, Value, current
from tests.support.tracing import Kept
from tests.unit.http.driving import HOST, OPTIONS, Recorder, ask

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
OWN = 0xABC

operations: Operations[None] = Operations("things", "Things")


class Told(msgspec.Struct):
    """What a handler sees of its span."""

    span: str


@operations.get("/things/{number}")
async def thing(_call: Call[None], number: int) -> Told:
    """Return the id of the running span."""
    if number == 0:
        raise NotFound
    if number == 500:
        raise ZeroDivisionError
    span = current()
    return Told("" if span is None else span.span_hex)


class World:
    """An edge, its events, and a tracer that ends spans as the real one does."""

    def __init__(self, *ids: int) -> None:
        self.tracer = Kept(*ids)
        self.events = Events()
        self.recorder = Recorder(self.events)
        self.begun: list[Span | None] = []
        self.events.on(RequestFinished, lambda _: self.begun.append(current()))
        self.edge = Edge([(operations, None)], self.events, OPTIONS, tracer=self.tracer)

    @property
    def span(self) -> Span:
        (span,) = self.begun
        assert span is not None
        return span


async def test_a_request_of_the_sample_has_a_trace_of_its_own() -> None:
    world = World(OWN)
    reply = await ask(world.edge, "GET /things/1")
    (event,) = world.recorder.finished
    assert (event.trace_id, event.span_id) == (f"{OWN:032x}", world.span.span_hex)
    assert reply.header("traceparent") == f"00-{OWN:032x}-{event.span_id}-01"


async def test_its_handler_runs_within_its_span() -> None:
    world = World(OWN)
    reply = await ask(world.edge, "GET /things/1")
    assert reply.json() == {"span": world.span.span_hex}


async def test_a_request_beside_the_sample_has_none() -> None:
    world = World(0)
    reply = await ask(world.edge, "GET /things/1")
    (event,) = world.recorder.finished
    assert (event.trace_id, event.span_id, world.begun, reply.header("traceparent")) == ("", "", [None], None)


async def test_a_traced_caller_has_decided() -> None:
    world = World(0)
    given = f"00-{TRACE}-{PARENT}-01"
    reply = await ask(world.edge, "GET /things/1", None, {"traceparent": given})
    span = world.span
    assert (span.trace_hex, f"{span.parent_id:016x}", span.kind) == (TRACE, PARENT, SERVER)
    assert (reply.header("traceparent"), world.recorder.finished[0].trace_id) == (given, TRACE)
    assert world.tracer.ids == [0], "nobody was asked"


async def test_a_caller_who_is_not_traced_has_decided_too() -> None:
    world = World(OWN)
    given = f"00-{TRACE}-{PARENT}-00"
    reply = await ask(world.edge, "GET /things/1", None, {"traceparent": given})
    (event,) = world.recorder.finished
    assert (world.begun, event.trace_id, event.span_id) == ([None], TRACE, "")
    assert reply.header("traceparent") == given


@pytest.mark.parametrize("given", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01"])
async def test_what_is_no_trace_decides_nothing(given: str) -> None:
    world = World(OWN)
    reply = await ask(world.edge, "GET /things/1", None, {"traceparent": given})
    assert (world.span.trace_id, world.span.parent_id) == (OWN, 0)
    assert reply.header("traceparent") == f"00-{OWN:032x}-{world.span.span_hex}-01"


async def test_tracestate_passes() -> None:
    world = World()
    fields = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"}
    await ask(world.edge, "GET /things/1", None, fields)
    assert world.span.state == "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"


async def test_tracestate_without_a_trace_is_nothing() -> None:
    world = World(OWN)
    await ask(world.edge, "GET /things/1", None, {"tracestate": "rojo=1"})
    assert world.span.state == ""


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (b"a=b", "a=b"),
        (b"a=b, tenant@system=x y", "a=b, tenant@system=x y"),
        (b"a=b,", "a=b"),
        (b"", ""),
        (b"A=b", ""),
        (b"a", ""),
        (b"a=b=c", ""),
        (b"a=\xe9", ""),
        (b"a=" + b"b" * 600, ""),
        (b"a=b\r\nc=d", ""),
    ],
)
def test_only_a_valid_tracestate_passes(given: bytes, state: str) -> None:
    assert state_of(given) == state


async def begun(call: str, headers: dict[str, str] | None = None) -> dict[str, Value]:
    world = World(OWN)
    await ask(world.edge, call, None, headers or {})
    return world.span.attributes


async def test_a_span_says_what_was_asked_for() -> None:
    attributes = await begun("GET /things/1")
    assert re.fullmatch(r"[0-9a-f-]{36}", str(attributes.pop("roadbed.request_id")))
    assert attributes == {
        "url.scheme": "http",
        "url.path": "/things/1",
        "network.protocol.version": "1.1",
        "server.address": HOST,
    }


async def test_a_span_has_no_query_no_header_and_no_client() -> None:
    attributes = await begun("GET /things/1?token=hidden", {"authorization": "hidden", "x-name": "hidden"})
    assert [value for value in attributes.values() if "hidden" in str(value) or value == "192.0.2.7"] == []


async def test_a_long_path_is_cut() -> None:
    attributes = await begun(f"GET /{'x' * 2000}")
    assert len(str(attributes["url.path"])) == 512


@pytest.mark.parametrize(
    ("host", "address", "port"),
    [
        (f"{HOST}:8080", HOST, 8080),
        ("[::1]:8000", "[::1]", 8000),
        # What is no host: the address at which it came in.
        ("a b", HOST, 80),
        ("x:port", HOST, 80),
    ],
)
async def test_the_server_is_named_as_the_client_calls_it(host: str, address: str, port: int) -> None:
    attributes = await begun("GET /things/1", {"host": host})
    assert (attributes["server.address"], attributes["server.port"]) == (address, port)


@pytest.mark.parametrize(
    ("call", "status"),
    [("GET /things/0", 404), ("GET /nowhere", 404), ("PUT /things/1", 405), ("GET /things/500", 500)],
)
async def test_a_problem_names_the_trace(call: str, status: int) -> None:
    world = World(OWN)
    reply = await ask(world.edge, call)
    assert (reply.status, reply.json()["trace_id"]) == (status, f"{OWN:032x}")


async def test_a_problem_names_the_callers_trace_though_it_is_not_traced_here() -> None:
    world = World(0)
    reply = await ask(world.edge, "GET /things/0", None, {"traceparent": f"00-{TRACE}-{PARENT}-00"})
    assert reply.json()["trace_id"] == TRACE


async def test_a_problem_without_a_trace_has_no_such_member() -> None:
    reply = await ask(World(0).edge, "GET /things/0")
    assert "trace_id" not in reply.json()


async def test_without_a_tracer_the_callers_trace_is_noted_all_the_same() -> None:
    events = Events()
    recorder = Recorder(events)
    given = f"00-{TRACE}-{PARENT}-01"
    reply = await ask(Edge([(operations, None)], events, OPTIONS), "GET /things/0", None, {"traceparent": given})
    (event,) = recorder.finished
    assert (event.trace_id, event.span_id) == (TRACE, "")
    assert (reply.header("traceparent"), reply.json()["trace_id"]) == (given, TRACE)


async def test_an_unforeseen_error_names_the_trace() -> None:
    world = World(OWN)
    await ask(world.edge, "GET /things/500")
    assert [event.trace_id for event in world.recorder.failed] == [f"{OWN:032x}"]


async def test_a_request_in_the_context_of_another_begins_anew() -> None:
    """A pipelined request starts in the context of the one before it."""
    world = World(OWN, 0)
    assert (await ask(world.edge, "GET /things/1")).json() != {"span": ""}
    # The recorder ends no span: it is still the current one here.
    assert (await ask(world.edge, "GET /things/2")).json() == {"span": ""}


async def test_a_refused_host_is_traced_too() -> None:
    world = World(OWN)
    reply = await ask(world.edge, "GET /things/1", None, {"host": "elsewhere.example"})
    assert (reply.status >= 400, reply.json()["trace_id"]) == (True, f"{OWN:032x}")
