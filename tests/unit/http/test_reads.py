"""Reads through the edge: pages, versions, HEAD."""

import pytest

from roadbed.http.call import Call
from roadbed.http.edge import Edge
from roadbed.http.operations import Operations
from roadbed.http.reply import Reply
from tests.unit.http import notes
from tests.unit.http.driving import ask, make_edge


async def test_head_answers_where_get_does(edge: Edge, note: notes.Note) -> None:
    reply = await ask(edge, f"HEAD /notes/{note.note_id}")
    assert (reply.status, reply.body, reply.header("etag")) == (200, b"", '"1"')
    assert int(reply.header("content-length") or 0) > 0


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


async def test_a_reply_without_a_version_is_always_sent() -> None:
    operations: Operations[None] = Operations("t", "t")

    @operations.get("/maybe")
    async def maybe(call: Call[None], known: bool = False) -> str:
        if known:
            call.version = 5
        return "x"

    @operations.get("/raw")
    async def raw(call: Call[None]) -> Reply:
        return Reply(status=203, body=b"x")

    edge, _ = make_edge(operations)
    headers = {"If-None-Match": "*"}
    calls = ("GET /maybe", "GET /maybe?known=true", "GET /raw")
    assert [(await ask(edge, call, headers=headers)).status for call in calls] == [200, 304, 203]


async def test_a_read_without_versions_has_no_conditions(edge: Edge) -> None:
    assert (await ask(edge, "GET /ping", headers={"If-None-Match": "*", "If-Match": '"9"'})).status == 200


async def test_a_list_field_may_come_twice(edge: Edge, note: notes.Note) -> None:
    headers = [("If-None-Match", '"7"'), ("If-None-Match", '"1"')]
    assert (await ask(edge, f"GET /notes/{note.note_id}", headers=headers)).status == 304
