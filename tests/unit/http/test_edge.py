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
from tests.unit.http.driving import HOST, OPTIONS, Recorder, ask, drive, make_edge, messages_of, reply_of, scope_of

KEY = {"Idempotency-Key": "key-1"}


@pytest.fixture
def service() -> notes.Notes:
    return notes.Notes()


@pytest.fixture
def made(service: notes.Notes) -> tuple[Edge, Recorder]:
    return make_edge(notes.operations, service)


@pytest.fixture
def edge(made: tuple[Edge, Recorder]) -> Edge:
    return made[0]


@pytest.fixture
def recorder(made: tuple[Edge, Recorder]) -> Recorder:
    return made[1]


@pytest.fixture
def note(service: notes.Notes) -> notes.Note:
    return service.add(notes.NewNote("first"))


async def test_what_is_made_is_returned_with_its_place_and_version(edge: Edge) -> None:
    reply = await ask(edge, "POST /notes", {"text": "x", "weight": 7, "colour": "blue"})
    note = reply.json()
    assert (note["text"], note["weight"], note["parent"], note["colour"]) == ("x", 7, None, "blue")
    assert (f"/notes/{note['note_id']}", '"1"') == (reply.header("location"), reply.header("etag"))


@pytest.mark.parametrize("weight", ['"7"', "7.0", "1e3", "true", "null", "9223372036854775808"])
async def test_nothing_but_an_integer_is_an_integer(edge: Edge, service: notes.Notes, weight: str) -> None:
    # What passes as 7 elsewhere must not pass here: an amount is never guessed.
    reply = await ask(edge, "POST /notes", b'{"text": "x", "weight": %s}' % weight.encode())
    assert (reply.status, list(reply.faults), service.kept) == (400, ["/weight"], {})


@pytest.mark.parametrize(
    "media", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"]
)
async def test_a_form_is_no_json_even_if_it_reads_like_it(edge: Edge, service: notes.Notes, media: str) -> None:
    reply = await ask(edge, "POST /notes", b'{"text": "x"}', {"Content-Type": media})
    assert (reply.status, service.kept) == (415, {})


async def test_all_that_is_wrong_is_told_together(edge: Edge) -> None:
    reply = await ask(edge, "PUT /notes/7?x=1", {"text": "", "weight": "a", "y": 1}, {"If-Match": "5"})
    expected = ["path:note_id", "query:x", "/text", "/weight", "/y"]
    assert (400, expected) == (reply.status, list(reply.faults))


@pytest.mark.parametrize(
    ("call", "body", "headers", "expected"),
    [
        ("PATCH /nothing", b"x", {"Host": "evil"}, 404),
        ("PATCH /notes", b"x", {"Host": "evil", "Content-Type": "text/plain"}, 405),
        ("POST /notes?x=1", b"x", {"Host": "evil", "Content-Type": "text/plain"}, 403),
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


async def test_head_answers_where_get_does(edge: Edge, note: notes.Note) -> None:
    reply = await ask(edge, f"HEAD /notes/{note.note_id}")
    assert (reply.status, reply.body, reply.header("etag")) == (200, b"", '"1"')
    assert int(reply.header("content-length") or 0) > 0


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


async def test_pages_lead_to_the_next_until_the_end(edge: Edge, service: notes.Notes) -> None:
    expected = [str(service.add(notes.NewNote(f"note {number}")).note_id) for number in range(5)]
    found: list[str] = []
    target: str | None = "/notes?colour=red"
    pages = 0
    while target is not None:
        reply = await ask(edge, f"GET {target}")
        found += [note["note_id"] for note in reply.json()]
        link = reply.header("link")
        target = None if link is None else link.removeprefix("<").removesuffix('>; rel="next"')
        assert target is None or "colour=red" in target
        pages += 1
    assert (expected, 3) == (found, pages)


async def test_a_page_has_the_size_asked_for(edge: Edge, service: notes.Notes) -> None:
    for number in range(5):
        service.add(notes.NewNote(f"note {number}"))
    sizes = [len((await ask(edge, f"GET /notes{query}")).json()) for query in ("", "?limit=1", "?limit=1000")]
    assert sizes == [2, 1, 5]


@pytest.mark.parametrize(("query", "expected"), [("", None), ("?total=false", None), ("?total=true", "1")])
async def test_the_total_is_counted_when_asked_for(edge: Edge, note: notes.Note, query: str, expected: str) -> None:
    assert expected == (await ask(edge, f"GET /notes{query}")).header("total-count")


@pytest.mark.parametrize("after", ["", "x", "AAAA", "%00", "a" * 3000])
async def test_a_forged_cursor_is_refused(edge: Edge, after: str) -> None:
    reply = await ask(edge, f"GET /notes?after={after}")
    assert (reply.status, list(reply.faults)) == (400, ["query:after"])


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "1.0", "x", ""])
async def test_a_limit_has_bounds(edge: Edge, limit: str) -> None:
    reply = await ask(edge, f"GET /notes?limit={limit}")
    assert (reply.status, list(reply.faults)) == (400, ["query:limit"])


@pytest.mark.parametrize(
    ("field", "expected"),
    [('"1"', 304), ('W/"1"', 304), ("*", 304), ('"0", "1"', 304), ('"2"', 200), ('"01"', 200), ('"x"', 200)],
)
async def test_a_version_that_is_known_is_not_sent_again(
    edge: Edge, note: notes.Note, field: str, expected: int
) -> None:
    reply = await ask(edge, f"GET /notes/{note.note_id}", headers={"If-None-Match": field})
    assert (expected, '"1"', expected == 304) == (reply.status, reply.header("etag"), reply.body == b"")


@pytest.mark.parametrize(("field", "expected"), [('"1"', 200), ("*", 200), ('"2"', 412), ('W/"1"', 412), ("1", 400)])
async def test_a_read_may_insist_on_a_version(edge: Edge, note: notes.Note, field: str, expected: int) -> None:
    assert expected == (await ask(edge, f"GET /notes/{note.note_id}", headers={"If-Match": field})).status


async def test_a_read_without_versions_has_no_conditions(edge: Edge) -> None:
    assert (await ask(edge, "GET /ping", headers={"If-None-Match": "*", "If-Match": '"9"'})).status == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"If-Match": '"1"'}, 200),
        ({"If-Match": '"7", "1"'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"2"'}, 412),
        ({"If-Match": 'W/"1"'}, 412),
        ({"If-None-Match": '"2"'}, 200),
        ({"If-None-Match": "*"}, 412),
        ({"If-Match": "1"}, 400),
        ({"If-None-Match": '"1'}, 400),
    ],
)
async def test_a_conditional_write_obeys(edge: Edge, note: notes.Note, headers: dict[str, str], expected: int) -> None:
    reply = await ask(edge, f"PUT /notes/{note.note_id}", {"text": "new"}, headers)
    assert expected == reply.status
    if expected == 400:
        assert [f"header:{name}" for name in headers] == list(reply.faults)


@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
async def test_a_write_without_conditions_refuses_them(edge: Edge, service: notes.Notes, name: str) -> None:
    # To ignore one would let the caller believe that nothing can be overwritten.
    reply = await ask(edge, "POST /notes", {"text": "x"}, {name: "*"})
    assert (400, [f"header:{name}"], {}) == (reply.status, list(reply.faults), service.kept)


async def test_the_key_of_a_write_reaches_the_service(edge: Edge, service: notes.Notes) -> None:
    for headers in ({}, KEY, KEY, {"Idempotency-Key": '"key-1"'}, {"Idempotency-Key": "key-2"}):
        await ask(edge, "POST /notes", {"text": "x"}, headers)
    none, first, second, quoted, other = service.keys
    assert (none, first == second, first == quoted, first == other) == (None, True, True, False)


async def test_other_content_has_another_fingerprint_under_the_same_key(edge: Edge, service: notes.Notes) -> None:
    await ask(edge, "POST /notes", {"text": "x"}, KEY)
    await ask(edge, "POST /notes", {"text": "y"}, KEY)
    first, second = service.keys
    assert first is not None
    assert second is not None
    assert (first.key == second.key, first.fingerprint == second.fingerprint) == (True, False)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
async def test_a_malformed_key_is_refused(edge: Edge, service: notes.Notes, key: str) -> None:
    reply = await ask(edge, "POST /notes", {"text": "x"}, {"Idempotency-Key": key})
    assert (reply.status, list(reply.faults), service.kept) == (400, ["header:Idempotency-Key"], {})


async def test_an_operation_without_keys_refuses_one(edge: Edge, note: notes.Note, service: notes.Notes) -> None:
    # To ignore it would be to promise that a retry is safe.
    reply = await ask(edge, f"DELETE /notes/{note.note_id}", headers=KEY)
    assert (reply.status, list(reply.faults)) == (400, ["header:Idempotency-Key"])
    assert note.note_id in service.kept


async def test_a_key_on_a_read_is_nobodys_business(edge: Edge) -> None:
    assert (await ask(edge, "GET /ping", headers={"Idempotency-Key": ""})).status == 200


async def test_an_operation_without_a_body_refuses_one(edge: Edge, note: notes.Note, service: notes.Notes) -> None:
    reply = await ask(edge, f"DELETE /notes/{note.note_id}", {"really": True})
    assert (reply.status, list(reply.faults)) == (400, [""])
    assert note.note_id in service.kept


async def test_an_empty_body_is_none(edge: Edge, note: notes.Note) -> None:
    reply = await ask(edge, f"DELETE /notes/{note.note_id}", chunks=[b"", b""])
    assert reply.status == 204


async def test_a_body_may_come_in_parts(edge: Edge) -> None:
    reply = await ask(
        edge, "POST /notes", headers={"Content-Type": "application/json"}, chunks=[b'{"te', b'xt":', b'"x"}']
    )
    assert (reply.status, reply.json()["text"]) == (201, "x")


async def test_a_field_that_comes_twice_is_refused(edge: Edge) -> None:
    reply = await ask(edge, "GET /ping", headers=[("Host", HOST), ("Host", HOST)])
    assert (reply.status, list(reply.faults)) == (400, ["header:Host"])


async def test_a_list_field_may_come_twice(edge: Edge, note: notes.Note) -> None:
    headers = [("If-None-Match", '"7"'), ("If-None-Match", '"1"')]
    assert (await ask(edge, f"GET /notes/{note.note_id}", headers=headers)).status == 304


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


async def test_an_operation_may_have_its_own_bound_and_media_types() -> None:
    operations: Operations[None] = Operations("t", "t")

    @operations.post("/small", body_limit=10, consumes=("application/json", "application/x-www-form-urlencoded"))
    async def small(call: Call[None], body: list[int]) -> list[int]:
        return body

    edge, _ = make_edge(operations, options=OPTIONS)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    replies = [await ask(edge, "POST /small", body, form) for body in (b"[1, 2]", b"[1,    2]]]]", b"a=1")]
    assert [reply.status for reply in replies] == [200, 413, 400]
