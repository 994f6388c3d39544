"""Other applications under a prefix."""

from typing import Any

import pytest
from starlette.exceptions import HTTPException

from roadbed.http import conventions
from roadbed.http.asgi import App, ClientLeft, Message, ReplyBroken
from roadbed.http.mounts import Mount, MountTable, run_mount
from roadbed.kernel.errors import MethodNotAllowed, NotFound
from tests.unit.http import notes
from tests.unit.http.driving import ask, make_edge, messages_of, scope_of
from tests.unit.http.serving import World


async def nothing(scope: Any, receive: Any, send: Any) -> None: ...


TABLE = MountTable({"/a": Mount(nothing), "/a/b": Mount(nothing), "/c": Mount(nothing)})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a", "/a"),
        ("/a/", "/a"),
        ("/a/x", "/a"),
        ("/a/b", "/a/b"),
        ("/a/b/c", "/a/b"),
        ("/a/bc", "/a"),
        ("/c/x", "/c"),
    ],
)
def test_the_longest_prefix_is_taken(path: str, expected: str) -> None:
    found = TABLE.find(path)
    assert found is not None
    assert expected == found[0]


@pytest.mark.parametrize("path", ["/", "", "/ab", "/x/a", "/C"])
def test_other_paths_lie_under_no_prefix(path: str) -> None:
    assert TABLE.find(path) is None


async def run(app: App, call: str = "GET /a/x") -> tuple[tuple[int, int], list[Message]]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return messages_of([b""])[0]

    result = await run_mount(Mount(app), "/a", [(b"x-request-id", b"r")], scope_of(call), receive, send)
    return result, sent


async def test_status_and_size_are_told_and_conventions_added() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"cache-control", b"max-age=60")]
        await send({"type": "http.response.start", "status": 203, "headers": headers})
        await send({"type": "http.response.body", "body": b"abc", "more_body": True})
        await send({"type": "http.response.body", "body": b"de"})

    result, sent = await run(app)
    added = [field for field in conventions.PAGE if field[0] != b"cache-control"]
    assert result == (203, 5)
    assert [(b"cache-control", b"max-age=60"), (b"x-request-id", b"r"), *added] == sent[0]["headers"]
    assert [message["body"] for message in sent[1:]] == [b"abc", b"de"]


async def test_an_application_finds_its_prefix_in_the_root_path() -> None:
    seen: list[tuple[str, str]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["root_path"], scope["path"]))

    await run(app)
    assert seen == [("/a", "/a/x")]


@pytest.mark.parametrize(
    ("raised", "expected", "allowed"),
    [
        (HTTPException(404), NotFound, None),
        (HTTPException(405, headers={"Allow": "GET"}), MethodNotAllowed, ("GET",)),
        (HTTPException(405), MethodNotAllowed, ("GET", "HEAD")),
        (HTTPException(401), NotFound, None),
    ],
)
async def test_errors_of_starlette_become_ours(raised: Any, expected: type[Exception], allowed: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise raised

    with pytest.raises(expected) as caught:
        await run(app)
    assert allowed == getattr(caught.value, "allowed", None)


async def test_an_error_after_the_start_is_no_reply_any_more() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise HTTPException(404)

    with pytest.raises(ReplyBroken) as caught:
        await run(app)
    assert (caught.value.status, caught.value.size, type(caught.value.cause)) == (200, 0, HTTPException)


async def test_a_reply_that_breaks_off_is_told_of_once(world: World) -> None:
    client = await world.server.connect()
    await client.send(b"GET /stream/broken HTTP/1.1\r\nHost: localhost\r\n\r\n")
    status, _ = await client.head()
    # The end of the chunks never comes: the client can tell that something is missing.
    assert (status, await client.rest()) == (200, b"3\r\none\r\n")
    (event,) = world.recorder.finished
    assert (event.status, event.size, event.problem, len(world.recorder.failed)) == (200, 3, "internal", 1)


@pytest.mark.parametrize("kind", ["short", "long"])
async def test_a_reply_of_another_length_than_it_says_is_not_sent(world: World, kind: str) -> None:
    client = await world.server.connect()
    await client.send(f"GET /stream/{kind} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert (await client.rest(), len(world.recorder.failed)) == (b"", 1)


async def test_a_reply_with_a_forged_field_is_not_sent(world: World) -> None:
    client = await world.server.connect()
    status, fields, body = await client.ask(b"GET /stream/forged HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (status, "set-cookie" in fields, b'"status":500' in body) == (500, False, True)
    assert ([event.status for event in world.recorder.finished], len(world.recorder.failed)) == ([500], 1)


async def test_a_client_that_leaves_is_told_apart_from_an_error() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Message) -> None:
        raise ConnectionResetError

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(ClientLeft):
        await run_mount(Mount(app), "/a", [], scope_of("GET /a"), receive, send)


async def test_an_operation_goes_before_a_mount() -> None:
    edge, _ = make_edge(notes.operations, notes.Notes(), mounts={"/notes": Mount(nothing), "/ping": Mount(nothing)})
    assert (await ask(edge, "GET /ping")).json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({"Host": "evil"}, 403), ({"Origin": "http://evil"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403)],
)
async def test_a_mount_is_guarded_as_all_else(headers: dict[str, str], expected: int) -> None:
    edge, _ = make_edge(notes.operations, notes.Notes(), mounts={"/a": Mount(nothing)})
    assert expected == (await ask(edge, "POST /a/x", b"", headers)).status


async def test_an_error_of_a_mount_is_a_500_as_all_else() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    edge, recorder = make_edge(notes.operations, notes.Notes(), mounts={"/a": Mount(app)})
    reply = await ask(edge, "GET /a/x")
    assert (reply.status, len(recorder.failed), [event.route for event in recorder.finished]) == (500, 1, ["/a"])
