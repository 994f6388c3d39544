"""Every kind of reply keeps every convention, and is told of in exactly one event."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest

from roadbed.http.edge import Edge
from roadbed.http.limits import HttpOptions
from roadbed.http.mounts import Mount
from roadbed.http.problems import Problem
from tests.unit.http import notes
from tests.unit.http.driving import HOST, Recorder, Reply, ask, make_edge

NOBODY = "0192f0c1-1111-7111-8111-0123456789ab"
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
LOW = HttpOptions(allowed_hosts=(HOST,), body_limit=1000)
JSON = {"Content-Type": "application/json"}


class Kind(msgspec.Struct):
    """One kind of reply: how it comes about, and what it is like."""

    call: str
    status: int
    route: str
    body: Any = None
    headers: dict[str, str] = {}
    slug: str = ""
    cache: str = "no-store"
    media: str | None = "application/json"


PROBLEM = "application/problem+json"
KINDS = {
    "a value": Kind("GET /ping", 200, "/ping"),
    "HEAD": Kind("HEAD /ping", 200, "/ping"),
    "a versioned value": Kind("GET /notes/<note>", 200, "/notes/{note_id}", cache="no-cache"),
    "a list": Kind("GET /notes", 200, "/notes"),
    "something made": Kind("POST /notes", 201, "/notes", {"text": "x"}),
    "something gone": Kind("DELETE /notes/<note>", 204, "/notes/{note_id}", media=None),
    "nothing new": Kind(
        "GET /notes/<note>", 304, "/notes/{note_id}", headers={"If-None-Match": '"1"'}, cache="no-cache", media=None
    ),
    "options": Kind("OPTIONS /notes", 204, "/notes", media=None),
    "raw bytes": Kind("GET /page", 200, "/page", media="text/html; charset=utf-8"),
    "a static file": Kind("GET /assets/hello.txt", 200, "/assets", cache="no-cache", media="text/plain"),
    "the document": Kind("GET /openapi.json", 200, "/openapi.json", cache="no-cache"),
    "the documentation": Kind("GET /docs", 200, "/docs", cache="no-cache", media="text/html; charset=utf-8"),
    "a script of it": Kind(
        "GET /docs/assets/docs.js", 200, "/docs/assets", cache="no-cache", media="text/javascript; charset=utf-8"
    ),
    "a bad parameter": Kind("GET /notes?limit=0", 400, "/notes", slug="invalid", media=PROBLEM),
    "a bad id": Kind("GET /notes/7", 400, "/notes/{note_id}", slug="invalid", media=PROBLEM),
    "a path that is not UTF-8": Kind("GET /notes/%ff", 400, "", slug="invalid", media=PROBLEM),
    "a bad body": Kind("POST /notes", 400, "/notes", {}, slug="invalid", media=PROBLEM),
    "no Host": Kind("GET /ping", 400, "", headers={"Host": "-"}, slug="invalid", media=PROBLEM),
    "a wrong Host": Kind("GET /ping", 403, "", headers={"Host": "evil"}, slug="forbidden", media=PROBLEM),
    "a foreign origin": Kind(
        "POST /notes", 403, "/notes", {"text": "x"}, {"Origin": "http://evil"}, slug="forbidden", media=PROBLEM
    ),
    "no such path": Kind("GET /nothing", 404, "", slug="not-found", media=PROBLEM),
    "no such thing": Kind(f"GET /notes/{NOBODY}", 404, "/notes/{note_id}", slug="not-found", media=PROBLEM),
    "no such file": Kind("GET /assets/none.txt", 404, "/assets", slug="not-found", media=PROBLEM),
    "no such method": Kind("PATCH /notes", 405, "/notes", slug="method-not-allowed", media=PROBLEM),
    "an unheard-of method": Kind("BREW /notes", 405, "/notes", slug="method-not-allowed", media=PROBLEM),
    "no such method of a file": Kind(
        "POST /assets/hello.txt", 405, "/assets", slug="method-not-allowed", media=PROBLEM
    ),
    "a conflict": Kind("POST /notes", 409, "/notes", {"text": "conflict"}, slug="note-taken", media=PROBLEM),
    "a broken precondition": Kind(
        "PUT /notes/<note>", 412, "/notes/{note_id}", {"text": "x"}, {"If-Match": '"9"'},
        slug="precondition-failed", media=PROBLEM,
    ),
    "too large a body": Kind("POST /notes", 413, "/notes", b"x" * 1001, slug="too-large", media=PROBLEM),
    "another media type": Kind(
        "POST /notes", 415, "/notes", b"x", {"Content-Type": "text/plain"}, slug="unsupported-media-type", media=PROBLEM
    ),
    "an error": Kind("GET /broken", 500, "/broken", slug="internal", media=PROBLEM),
}  # fmt: skip


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """A mounted application, as static files are: it raises Starlette's errors."""
    from starlette.exceptions import HTTPException

    if scope["method"] not in ("GET", "HEAD"):
        raise HTTPException(405, headers={"Allow": "GET, HEAD"})
    if scope["path"] != "/assets/hello.txt":
        raise HTTPException(404)
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


class World(msgspec.Struct):
    """A fresh service with one note."""

    edge: Edge
    recorder: Recorder
    note_id: UUID


@pytest.fixture
def world() -> World:
    service = notes.Notes()
    edge, recorder = make_edge(notes.operations, service, LOW, {"/assets": Mount(hello)})
    return World(edge, recorder, service.add(notes.NewNote("first")).note_id)


async def get(world: World, kind: Kind) -> Reply:
    return await ask(world.edge, kind.call.replace("<note>", str(world.note_id)), kind.body, kind.headers)


every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@every_kind
async def test_it_has_its_status_and_media_type(world: World, kind: Kind) -> None:
    reply = await get(world, kind)
    assert (kind.status, kind.media) == (reply.status, reply.header("content-type"))


@every_kind
async def test_it_has_every_convention_once(world: World, kind: Kind) -> None:
    reply = await get(world, kind)
    assert sorted(set(reply.names)) == sorted(reply.names)
    assert (reply.header("x-content-type-options"), reply.header("referrer-policy")) == ("nosniff", "no-referrer")
    assert reply.header("cross-origin-resource-policy") == "same-origin"
    assert kind.cache == reply.header("cache-control")
    policy = reply.header("content-security-policy") or ""
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert kind.media != PROBLEM or policy == API_POLICY


@every_kind
async def test_it_has_a_request_id_of_its_own(world: World, kind: Kind) -> None:
    first, second = await get(world, kind), await ask(world.edge, "GET /ping")
    ids = [str(UUID(reply.header("x-request-id") or "")) for reply in (first, second)]
    assert len(set(ids)) == 2


@every_kind
async def test_it_takes_over_the_callers_request_id(world: World, kind: Kind) -> None:
    kind = msgspec.structs.replace(kind, headers={**kind.headers, "X-Request-Id": "mine-7"})
    assert (await get(world, kind)).header("x-request-id") == "mine-7"


TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@every_kind
async def test_it_belongs_to_the_callers_trace(world: World, kind: Kind) -> None:
    traceparent = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
    reply = await get(world, msgspec.structs.replace(kind, headers={**kind.headers, "traceparent": traceparent}))
    told = [*world.recorder.finished, *world.recorder.failed]
    assert (reply.header("traceparent"), {event.trace_id for event in told}) == (traceparent, {TRACE_ID})


async def test_what_is_no_trace_is_ignored(world: World) -> None:
    reply = await ask(world.edge, "GET /ping", None, {"traceparent": f"00-{TRACE_ID}"})
    assert (reply.status, reply.header("traceparent"), world.recorder.finished[0].trace_id) == (200, None, "")


@every_kind
async def test_it_is_told_of_in_one_event(world: World, kind: Kind) -> None:
    reply = await get(world, kind)
    (event,) = world.recorder.finished
    method, _, target = kind.call.replace("<note>", str(world.note_id)).partition(" ")
    expected = (method, kind.route, target.partition("?")[0], kind.status, "192.0.2.7", len(reply.body), kind.slug)
    assert expected == (event.method, event.route, event.path, event.status, event.client, event.size, event.problem)
    assert reply.header("x-request-id") == event.request_id


@every_kind
async def test_its_length_is_that_of_its_body(world: World, kind: Kind) -> None:
    reply = await get(world, kind)
    length = reply.header("content-length")
    if kind.media is None:
        assert (length, reply.body) == (None, b"")
    elif not kind.call.startswith("HEAD"):
        assert str(len(reply.body)) == length


@every_kind
async def test_a_failure_is_a_problem_of_the_one_shape(world: World, kind: Kind) -> None:
    reply = await get(world, kind)
    if kind.media == PROBLEM:
        problem = msgspec.json.decode(reply.body, type=Problem)
        assert f"urn:roadbed:problem:{kind.slug}" == problem.type
        assert (kind.status, reply.header("x-request-id")) == (problem.status, problem.instance)
        assert {"type", "title", "status", "detail", "instance", "errors"} >= set(json.loads(reply.body))


@every_kind
async def test_head_has_the_fields_of_get_and_no_body(world: World, kind: Kind) -> None:
    if kind.call.startswith("GET"):
        fixed = {**kind.headers, "X-Request-Id": "same"}
        with_body = await get(world, msgspec.structs.replace(kind, headers=fixed))
        call = kind.call.replace("GET", "HEAD", 1)
        without = await get(world, msgspec.structs.replace(kind, call=call, headers=fixed))
        if kind.route not in ("/assets", "/docs/assets"):
            assert without.body == b""
        assert (with_body.status, with_body.headers) == (without.status, without.headers)


@every_kind
async def test_it_asks_to_close_the_connection_while_the_service_drains(world: World, kind: Kind) -> None:
    before = (await get(world, kind)).header("connection")
    world.edge.drain()
    restored = msgspec.structs.replace(kind, call=kind.call.replace("DELETE /notes/<note>", "GET /ping"))
    after = await get(world, restored)
    assert sorted(set(after.names)) == sorted(after.names)
    assert ("close" if kind.status == 413 else None, "close") == (before, after.header("connection"))


async def test_only_an_error_that_nobody_foresaw_has_a_second_event(world: World) -> None:
    reply = await ask(world.edge, "GET /broken")
    (failed,) = world.recorder.failed
    expected = (reply.header("x-request-id"), "GET", "/broken", ZeroDivisionError)
    assert expected == (failed.request_id, failed.method, failed.route, type(failed.error))
    assert failed.error.__traceback__ is not None


async def test_the_cause_of_an_error_stays_inside(world: World) -> None:
    reply = await ask(world.edge, "GET /broken")
    assert (b"secret" in reply.body, b"ZeroDivision" in reply.body) == (False, False)
