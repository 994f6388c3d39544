"""Writes through the edge: bodies, keys and preconditions."""

import pytest

from roadbed.http.call import Call
from roadbed.http.edge import Edge
from roadbed.http.operations import Operations
from tests.unit.http import notes
from tests.unit.http.driving import OPTIONS, ask, make_edge

KEY = {"Idempotency-Key": "key-1"}


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


async def test_a_reply_given_again_says_so() -> None:
    operations: Operations[None] = Operations("t", "t")

    @operations.patch("/again", also={202: "Later"})
    async def again(call: Call[None]) -> str:
        call.replayed = True
        call.status = 202
        return "x"

    edge, _ = make_edge(operations)
    reply = await ask(edge, "PATCH /again")
    assert (reply.status, reply.header("idempotency-replayed")) == (202, "true")


async def test_an_empty_body_is_none(edge: Edge, note: notes.Note) -> None:
    reply = await ask(edge, f"DELETE /notes/{note.note_id}", chunks=[b"", b""])
    assert reply.status == 204


async def test_a_body_may_come_in_parts(edge: Edge) -> None:
    reply = await ask(
        edge, "POST /notes", headers={"Content-Type": "application/json"}, chunks=[b'{"te', b'xt":', b'"x"}']
    )
    assert (reply.status, reply.json()["text"]) == (201, "x")


async def test_an_operation_may_have_its_own_bound_and_media_types() -> None:
    operations: Operations[None] = Operations("t", "t")

    @operations.post("/small", body_limit=10, consumes=("application/json", "application/x-www-form-urlencoded"))
    async def small(call: Call[None], body: list[int]) -> list[int]:
        return body

    edge, _ = make_edge(operations, options=OPTIONS)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    replies = [await ask(edge, "POST /small", body, form) for body in (b"[1, 2]", b"[1,    2]]]]", b"a=1")]
    assert [reply.status for reply in replies] == [200, 413, 400]
