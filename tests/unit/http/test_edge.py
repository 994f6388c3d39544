"""Operations through the edge: what reaches a handler, what a handler gives, and in which order things are refused."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from roadbed.http.asgi import Message
from roadbed.http.call import Call
from roadbed.http.edge import Edge
from roadbed.http.limits import HttpOptions
from roadbed.http.operations import Operations
from tests.unit.http import notes
from tests.unit.http.driving import HOST, Recorder, ask, drive, make_edge, messages_of, reply_of, scope_of


async def test_all_that_is_wrong_is_told_together(edge: Edge) -> None:
    reply = await ask(edge, "PUT /notes/7?x=1", {"text": "", "weight": "a", "y": 1}, {"If-Match": "5"})
    expected = ["path:note_id", "query:x", "/text", "/weight", "/y", "header:If-Match"]
    assert (400, expected) == (reply.status, list(reply.faults))


@pytest.mark.parametrize(
    ("call", "body", "headers", "expected"),
    [
        ("PATCH /nothing", b"x", {"Host": "evil"}, 403),
        ("PATCH /notes", b"x", {"Host": "evil", "Content-Type": "text/plain"}, 403),
        ("GET /%ff", b"", {"Host": "evil"}, 403),
        ("POST /notes?x=1", b"x", {"Host": "evil", "Content-Type": "text/plain"}, 403),
        ("PATCH /nothing", b"x", {"Origin": "http://evil"}, 404),
        ("PATCH /notes", b"x", {"Origin": "http://evil", "Content-Type": "text/plain"}, 405),
        ("POST /notes?x=1", b"x", {"Origin": "http://evil", "Content-Type": "text/plain"}, 403),
        ("POST /notes?x=1", b"x" * 2000, {"Content-Type": "text/plain"}, 415),
        ("POST /notes?x=1", b"x" * 2000, {"Content-Type": "application/json"}, 413),
        ("POST /notes?x=1", b"x" * 200, {"Content-Type": "application/json"}, 400),
    ],
)
async def test_what_is_wrong_first_is_told_first(
    call: str, body: bytes, headers: dict[str, str], expected: int
) -> None:
    edge, _ = make_edge(notes.operations, notes.Notes(), HttpOptions(allowed_hosts=(HOST,), body_limit=1000))
    assert expected == (await ask(edge, call, body, headers)).status


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/echo/x", {}),
        ("/echo/a%2Fb", {"name": "a/b"}),
        ("/echo/%C3%A9", {"name": "é"}),
        ("/echo/x?at=2024-05-01T14:30:00%2B02:00", {"at": "2024-05-01T12:30:00Z"}),
        ("/echo/x?at=2024-05-01T14:30:00+02:00", {"at": "2024-05-01T12:30:00Z"}),
        ("/echo/x?at=2024-05-01T12:30:00", {"at": "2024-05-01T12:30:00Z"}),
        ("/echo/x?flag=true&ratio=1&mode=slow", {"flag": True, "ratio": 1.0, "mode": "slow"}),
        ("/echo/x?tag=3&tag=1", {"tag": [3, 1]}),
    ],
)
async def test_parameters_reach_the_handler(edge: Edge, target: str, expected: dict[str, Any]) -> None:
    default = {"name": "x", "at": None, "flag": False, "ratio": 0.5, "mode": "fast", "tag": None, "last": None}
    assert {**default, **expected} == (await ask(edge, f"GET {target}")).json()


async def test_a_header_parameter_reaches_the_handler(edge: Edge) -> None:
    assert (await ask(edge, "GET /echo/x", headers={"Last-Event-ID": "41"})).json()["last"] == "41"


@pytest.mark.parametrize(
    ("target", "pointer"),
    [
        ("/echo/%00", "path:name"),
        ("/echo/x?at=now", "query:at"),
        ("/echo/x?flag=1", "query:flag"),
        ("/echo/x?ratio=1.5", "query:ratio"),
        ("/echo/x?mode=medium", "query:mode"),
        ("/echo/x?tag=1&tag=2&tag=3&tag=4", "query:tag"),
        ("/echo/x?tag=a", "query:tag"),
        ("/echo/x?flag=true&flag=true", "query:flag"),
        ("/echo/x?mood=fast", "query:mood"),
        ("/ping?x", "query:x"),
        ("/notes/newest?x=1", "query:x"),
    ],
)
async def test_a_wrong_parameter_is_named(edge: Edge, target: str, pointer: str) -> None:
    reply = await ask(edge, f"GET {target}")
    assert (400, [pointer]) == (reply.status, list(reply.faults))


async def test_the_rest_of_a_path_may_hold_slashes(edge: Edge) -> None:
    assert (await ask(edge, "GET /files/a/b%2Fc//d")).json() == "a/b/c//d"


@pytest.mark.parametrize("path", ["/ping/", "/notes/", "//ping", "/notes/newest/"])
async def test_a_slash_at_the_end_is_another_path(edge: Edge, path: str) -> None:
    assert (await ask(edge, f"GET {path}")).status == 404


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/notes", "GET, HEAD, POST, OPTIONS"),
        (f"/notes/{UUID(int=1)}", "DELETE, GET, HEAD, PUT, OPTIONS"),
        ("/wait", "POST, OPTIONS"),
    ],
)
async def test_allow_names_the_methods(edge: Edge, path: str, allow: str) -> None:
    options, wrong = await ask(edge, f"OPTIONS {path}"), await ask(edge, f"PATCH {path}")
    assert [(204, allow), (405, allow)] == [(reply.status, reply.header("allow")) for reply in (options, wrong)]


async def test_a_field_that_comes_twice_is_refused(edge: Edge) -> None:
    reply = await ask(edge, "GET /ping", headers=[("Host", HOST), ("Host", HOST)])
    assert (reply.status, list(reply.faults)) == (400, ["header:Host"])


async def test_what_a_page_says_of_itself_stands(edge: Edge) -> None:
    reply = await ask(edge, "GET /page")
    assert (reply.header("content-security-policy"), reply.body) == ("default-src x", b"<p>hi</p>")


async def test_a_handler_may_not_forge_fields(recorder: Recorder) -> None:
    operations: Operations[None] = Operations("t", "t")

    @operations.get("/moved")
    async def moved(call: Call[None]) -> str:
        call.location = "/x\r\nSet-Cookie: y=1"
        return ""

    edge, recorder = make_edge(operations)
    reply = await ask(edge, "GET /moved")
    assert (reply.status, len(recorder.failed), reply.header("location")) == (500, 1, None)


async def test_a_client_that_leaves_while_it_sends_is_noted(
    edge: Edge, recorder: Recorder, service: notes.Notes
) -> None:
    headers = [("Content-Type", "application/json"), ("Content-Length", "100")]
    part: Message = {"type": "http.request", "body": b'{"text": ', "more_body": True}
    sent = await drive(edge, scope_of("POST /notes", headers), [part])
    (event,) = recorder.finished
    assert (sent, event.status, event.route, service.kept) == ([], 499, "/notes", {})


async def test_a_client_that_leaves_before_the_reply_is_noted(
    edge: Edge, recorder: Recorder, service: notes.Notes
) -> None:
    async def receive() -> Message:
        return messages_of([b'{"text": "x"}'])[0]

    async def send(message: Message) -> None:
        raise ConnectionResetError

    await edge(scope_of("POST /notes", [("Content-Type", "application/json")]), receive, send)
    (event,) = recorder.finished
    # What was asked for has been done all the same.
    assert (event.status, len(service.kept), recorder.failed) == (499, 1, [])


async def test_requests_that_run_are_counted(edge: Edge, service: notes.Notes) -> None:
    running = [asyncio.create_task(ask(edge, "POST /wait")) for _ in range(3)]
    await asyncio.sleep(0)
    during = edge.in_flight
    service.released.set()
    replies = await asyncio.gather(*running)
    assert (3, 0, {200}) == (during, edge.in_flight, {reply.status for reply in replies})


async def test_a_server_without_raw_paths_will_do(edge: Edge) -> None:
    scope = scope_of("GET /echo/a b")
    del scope["raw_path"]
    reply = reply_of(await drive(edge, scope, messages_of([b""])))
    assert reply.json()["name"] == "a b"


async def test_a_server_without_client_addresses_will_do(edge: Edge, recorder: Recorder) -> None:
    scope = scope_of("GET /ping")
    scope["client"] = None
    await drive(edge, scope, messages_of([b""]))
    assert recorder.finished[0].client == ""


async def test_websockets_are_refused(edge: Edge) -> None:
    assert await drive(edge, {"type": "websocket"}, []) == [{"type": "websocket.close", "code": 1000}]


async def test_a_lifespan_is_acknowledged(edge: Edge) -> None:
    sent = await drive(edge, {"type": "lifespan"}, [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
