"""Connections, byte by byte: what goes well, what is refused, and every bound in time, size and number."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from roadbed.http import connections, protocol
from roadbed.http.limits import HttpOptions
from roadbed.http.mounts import Mount
from roadbed.kernel.events import Events, RequestShed
from tests.unit.http import notes
from tests.unit.http.driving import Recorder, make_edge
from tests.unit.http.serving import Client, Serving, serving

GET = b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
BODY = b'{"text": "x"}'
HEAD = b"POST /notes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
POST = HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BIG = 20_000_000

OPTIONS = HttpOptions(head_limit=2000, url_limit=500, max_headers=20, body_limit=5000, max_connections=5)


async def stream(scope: Any, receive: Any, send: Any) -> None:
    """A mounted application that sends in parts, of a length that it does not tell, or a very long reply."""
    size = BIG if scope["path"].endswith("/big") else 0
    headers = [(b"content-length", b"%d" % size)] if size else []
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for part in [b"x" * size] if size else [b"one", b"", b"two"]:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})


class World:
    """A served domain with its events."""

    def __init__(self, server: Serving, service: notes.Notes, recorder: Recorder) -> None:
        self.server = server
        self.service = service
        self.recorder = recorder

    @property
    def statuses(self) -> list[int]:
        return [event.status for event in self.recorder.finished]


Serve = Callable[..., Any]


@pytest.fixture
async def serve(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Serve]:
    """Serve notes under the options given."""
    monkeypatch.setattr(connections, "SWEEP_INTERVAL", 0.02)
    monkeypatch.setattr(protocol, "SHUTDOWN_GRACE", 0.05)
    async with AsyncExitStack() as stack:

        async def start(options: HttpOptions = OPTIONS) -> World:
            service = notes.Notes()
            edge, recorder = make_edge(notes.operations, service, options, {"/stream": Mount(stream)})
            return World(await stack.enter_async_context(serving(edge)), service, recorder)

        yield start


@pytest.fixture
async def world(serve: Serve) -> World:
    return await serve()


@pytest.fixture
async def client(world: World) -> Client:
    return await world.server.connect()


def slug(body: bytes) -> str:
    return json.loads(body)["type"].removeprefix("urn:roadbed:problem:")


async def test_a_connection_serves_one_request_after_another(client: Client) -> None:
    replies = [await client.ask(GET), await client.ask(POST), await client.ask(GET)]
    assert [status for status, _, _ in replies] == [200, 201, 200]


async def test_a_reply_has_a_date_and_no_name_of_the_server(client: Client) -> None:
    _, fields, body = await client.ask(GET)
    assert ("date" in fields, "server" in fields, body) == (True, False, b'{"status":"ok"}')


async def test_requests_behind_one_another_are_answered_in_order(client: Client) -> None:
    await client.send(GET + POST + GET)
    assert [(await client.reply())[0] for _ in range(3)] == [200, 201, 200]


async def test_a_request_may_come_byte_by_byte(client: Client) -> None:
    status, _, _ = await client.ask(*[bytes([byte]) for byte in POST])
    assert status == 201


async def test_head_has_a_length_and_no_body(client: Client) -> None:
    await client.send(GET.replace(b"GET", b"HEAD"))
    status, fields = await client.head()
    # The next reply begins right behind the head.
    assert (status, fields["content-length"], (await client.ask(GET))[0]) == (200, "15", 200)


async def test_nothing_comes_behind_204(client: Client, world: World) -> None:
    note = world.service.add(notes.NewNote("x"))
    call = f"DELETE /notes/{note.note_id} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    status, fields, _ = await client.ask(call)
    assert (status, "content-length" in fields, "transfer-encoding" in fields) == (204, False, False)
    assert (await client.ask(GET))[0] == 200


@pytest.mark.parametrize(
    "parts", [[b'5\r\n{"tex\r\n8\r\nt": "x"}\r\n0\r\n\r\n'], [b"d\r\n" + BODY, b"\r\n0\r\n", b"\r\n"]]
)
async def test_a_body_may_come_in_chunks(client: Client, parts: list[bytes]) -> None:
    assert (await client.ask(CHUNKED, *parts))[0] == 201


async def test_a_target_may_name_the_host(client: Client) -> None:
    assert (await client.ask(GET.replace(b"/ping", b"http://127.0.0.1/ping?")))[0] == 200


async def test_a_fragment_is_no_part_of_the_path(client: Client) -> None:
    assert (await client.ask(GET.replace(b"/ping", b"/ping#top")))[0] == 200


async def test_a_path_reaches_the_router_as_it_was_sent(client: Client) -> None:
    _, _, body = await client.ask(GET.replace(b"/ping", b"/files/a%2Fb/%C3%A9?"))
    assert json.loads(body) == "a/b/é"


async def test_who_wants_the_connection_closed_gets_it(client: Client) -> None:
    _, fields, _ = await client.ask(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert (fields["connection"], await client.rest()) == ("close", b"")


async def test_an_older_client_gets_one_reply(client: Client) -> None:
    _, fields, _ = await client.ask(GET.replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert (fields["connection"], await client.rest()) == ("close", b"")


async def test_who_waits_for_100_is_told_to_go_on(client: Client) -> None:
    await client.send(POST.partition(b"\r\n\r\n")[0] + b"\r\nExpect: 100-continue\r\n\r\n")
    go_on = await client.head()
    assert (go_on, (await client.ask(BODY))[0]) == ((100, {}), 201)


async def test_who_waits_for_100_is_refused_before_the_body(client: Client) -> None:
    head = HEAD + b"Content-Length: 6000\r\nExpect: 100-continue\r\n\r\n"
    status, fields, body = await client.ask(head)
    assert (status, fields["connection"], slug(body)) == (413, "close", "too-large")


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket", b"h2c, websocket"])
async def test_an_upgrade_is_not_taken_up(client: Client, upgrade: bytes) -> None:
    offer = b"\r\nConnection: Upgrade\r\nUpgrade: " + upgrade + b"\r\n\r\n"
    status, fields, _ = await client.ask(GET.replace(b"\r\n\r\n", offer))
    assert (status, fields["connection"], await client.rest()) == (200, "close", b"")


async def test_an_upgrade_that_is_not_taken_up_keeps_its_body(client: Client) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Type:"
    assert (await client.ask(POST.replace(b"Content-Type:", offer)))[0] == 201


async def test_a_stream_comes_in_chunks(client: Client) -> None:
    await client.send(GET.replace(b"/ping", b"/stream/parts"))
    status, fields = await client.head()
    body = await client.reader.readuntil(b"0\r\n\r\n")
    assert (status, fields["transfer-encoding"], body) == (200, "chunked", b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


async def test_a_long_reply_comes_whole(client: Client) -> None:
    status, _, body = await client.ask(GET.replace(b"/ping", b"/stream/big"))
    assert (status, len(body)) == (200, BIG)


REFUSED = {
    "no HTTP": (b"hello\r\n\r\n", 400, "invalid"),
    "another version": (GET.replace(b"1.1", b"3.1"), 400, "invalid"),
    "an unknown method": (GET.replace(b"GET", b"BREW"), 400, "invalid"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "invalid"),
    "a field without a name": (GET.replace(b"Host", b": x\r\nHost"), 400, "invalid"),
    "a blank before the colon": (GET.replace(b"Host:", b"Host :"), 400, "invalid"),
    "two lengths": (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400, "invalid"),
    "length and chunks": (HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "invalid"),
    "a length that is no number": (HEAD + b"Content-Length: x\r\n\r\n", 400, "invalid"),
    "bytes beyond ASCII in the path": (GET.replace(b"/ping", b"/p\xc3\xa9"), 400, "invalid"),
    "an authority": (GET.replace(b"GET /ping", b"CONNECT 127.0.0.1:80"), 400, "invalid"),
    "a long address": (GET.replace(b"/ping", b"/" + b"a" * 500), 414, "address-too-long"),
    "many fields": (GET.replace(b"Host", b"A: 1\r\n" * 20 + b"Host"), 431, "head-too-large"),
    "a long field": (GET.replace(b"Host", b"A: " + b"x" * 2000 + b"\r\nHost"), 431, "head-too-large"),
    "a field without end": (b"GET /ping HTTP/1.1\r\nA: " + b"x" * 2000, 431, "head-too-large"),
}


@pytest.mark.parametrize("part", [None, 7])
@pytest.mark.parametrize("what", REFUSED)
async def test_what_never_becomes_a_request_is_refused_in_the_one_shape(
    world: World, client: Client, what: str, part: int | None
) -> None:
    raw, expected, kind = REFUSED[what]
    status, fields, body = await client.ask(*([raw] if part is None else [raw[:part], raw[part:]]))
    assert (expected, kind, "close") == (status, slug(body), fields["connection"])
    assert (
        fields["content-type"],
        fields["x-content-type-options"],
        fields["cache-control"],
    ) == ("application/problem+json", "nosniff", "no-store")
    assert fields["x-request-id"] == json.loads(body)["instance"]
    client.writer.close()
    assert (b"", [expected]) == (await client.rest(), world.statuses)


async def test_a_large_body_does_not_make_a_head_too_large(client: Client) -> None:
    body = b'{"text": "x",' + b" " * 3000 + b'"weight": 1}'
    assert (await client.ask(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body))[0] == 201


async def test_a_refusal_is_written_behind_the_reply_that_is_due(client: Client) -> None:
    await client.send(GET)
    assert (await client.reply())[0] == 200
    status, _, _ = await client.ask(b"garbage\r\n\r\n")
    assert status == 400


async def test_garbage_behind_a_request_that_runs_does_not_spoil_its_reply(world: World, client: Client) -> None:
    await client.send(b"POST /wait HTTP/1.1\r\nHost: localhost\r\n\r\ngarbage\r\n\r\n")
    await world.server.until(lambda: world.server.edge.in_flight == 1)
    world.service.released.set()
    status, fields, body = await client.reply()
    assert (status, body, fields["connection"], await client.rest()) == (200, b'"done"', "close", b"")


async def test_a_body_that_breaks_is_refused_by_the_request_itself(world: World, client: Client) -> None:
    status, fields, body = await client.ask(CHUNKED, b'5\r\n{"tex\r\nzz\r\n')
    assert (status, slug(body), fields["connection"]) == (400, "invalid", "close")
    assert (world.statuses, world.recorder.finished[0].route, world.service.kept) == ([400], "/notes", {})


async def test_a_reply_before_the_end_of_the_body_leaves_the_connection_usable(client: Client) -> None:
    head = HEAD.replace(b"application/json", b"text/plain") + b"Content-Length: 3000\r\n\r\n"
    status, _, _ = await client.ask(head, b"x" * 1000)
    await client.send(b"x" * 2000)
    assert (status, (await client.ask(GET))[0]) == (415, 200)


async def test_a_body_that_nobody_wants_is_dropped_up_to_a_bound(client: Client) -> None:
    head = HEAD.replace(b"application/json", b"text/plain") + b"Content-Length: 100000\r\n\r\n"
    status, _, _ = await client.ask(head)
    await client.send(b"x" * 20_000)
    assert (status, await client.rest()) == (415, b"")


async def test_a_reply_to_too_large_a_body_can_be_read(client: Client) -> None:
    # To close at once, with bytes still unread, would reset the connection and destroy the reply.
    await client.send(HEAD + b"Content-Length: 6000\r\n\r\n" + b"x" * 6000)
    status, _, body = await client.reply()
    assert (status, slug(body), await client.rest()) == (413, "too-large", b"")


@pytest.mark.parametrize(
    ("sent", "expected"), [(b"", b""), (b"\r\n", b""), (b"GET /ping HTTP/1.1\r\n", b"408"), (b"G", b"408")]
)
async def test_a_head_takes_only_so_long(serve: Serve, sent: bytes, expected: bytes) -> None:
    world = await serve(HttpOptions(head_timeout=0.05))
    client = await world.server.connect()
    await client.send(sent)
    reply = await client.rest()
    assert expected == reply[9:12]


async def test_a_head_that_drips_takes_no_longer(serve: Serve) -> None:
    world = await serve(HttpOptions(head_timeout=0.1))
    client = await world.server.connect()
    await client.send(b"GET /ping HTTP/1.1\r\n")

    async def drip() -> None:
        while True:
            await asyncio.sleep(0.01)
            await client.send(b"A: 1\r\n")

    dripping = asyncio.create_task(drip())
    status, _, body = await client.reply()
    dripping.cancel()
    assert (status, slug(body), world.statuses) == (408, "too-slow", [408])


async def test_an_idle_connection_is_closed(serve: Serve) -> None:
    world = await serve(HttpOptions(keep_alive=0.05))
    client = await world.server.connect()
    status, _, _ = await client.ask(GET)
    assert (status, await client.rest(), world.statuses) == (200, b"", [200])


async def test_a_body_that_drips_behind_its_reply_is_cut_off(serve: Serve) -> None:
    world = await serve(HttpOptions(body_timeout=0.05))
    client = await world.server.connect()
    head = HEAD.replace(b"application/json", b"text/plain") + b"Content-Length: 3000\r\n\r\n"
    status, _, _ = await client.ask(head)
    assert (status, await client.rest()) == (415, b"")


async def test_a_client_that_reads_nothing_is_cut_off(serve: Serve) -> None:
    world = await serve(HttpOptions(body_timeout=0.1))
    client = await world.server.connect()
    client.reader._transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    await client.send(GET.replace(b"/ping", b"/stream/big"))
    await world.server.until(lambda: world.statuses)
    await world.server.until(lambda: not world.server.edge.connections.open)
    client.leave()


async def test_a_client_that_leaves_while_it_sends_is_noted(world: World, client: Client) -> None:
    await client.send(HEAD + b"Content-Length: 100\r\n\r\n{")
    await world.server.until(lambda: world.server.edge.in_flight == 1)
    client.leave()
    await world.server.until(lambda: world.statuses)
    assert (world.statuses, world.service.kept, world.recorder.failed) == ([499], {}, [])


async def test_a_client_that_leaves_while_it_is_served_is_noted(world: World, client: Client) -> None:
    await client.send(b"POST /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await world.server.until(lambda: world.server.edge.in_flight == 1)
    client.leave()
    await world.server.until(lambda: not world.server.edge.connections.open)
    assert world.server.edge.in_flight == 1
    world.service.released.set()
    await world.server.until(lambda: world.statuses)
    assert (world.statuses, world.recorder.failed) == ([499], [])


async def test_connections_beyond_the_bound_are_told_so(world: World) -> None:
    clients = [await world.server.connect() for _ in range(5)]
    assert [(await client.ask(GET))[0] for client in clients] == [200] * 5
    extra = await world.server.connect()
    status, fields, body = await extra.ask(GET)
    assert (status, slug(body), fields["retry-after"], fields["connection"]) == (503, "overloaded", "1", "close")
    extra.leave()
    clients[0].leave()
    await world.server.until(lambda: len(world.server.edge.connections.open) == 4)
    assert (await (await world.server.connect()).ask(GET))[0] == 200


async def test_connections_far_beyond_the_bound_are_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_SPARE", 1)
    clients = [await world.server.connect() for _ in range(6)]
    cut_off = await world.server.connect()
    assert await cut_off.rest() == b""
    for client in clients:
        client.leave()


async def test_a_connection_turned_away_is_told_of() -> None:
    events = Events()
    shed: list[RequestShed] = []
    events.on(RequestShed, shed.append)
    register = connections.Connections(HttpOptions(), events)
    register.shed()
    assert [RequestShed("connections")] == shed


async def test_at_the_end_requests_are_finished_and_idle_connections_closed(serve: Serve) -> None:
    world: World = await serve()
    idle, busy = await world.server.connect(), await world.server.connect()
    await idle.ask(GET)
    await busy.send(b"POST /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await world.server.until(lambda: world.server.edge.in_flight == 1)
    world.server.edge.drain()
    world.server.server.should_exit = True
    assert await idle.rest() == b""
    world.service.released.set()
    status, fields, _ = await busy.reply()
    assert (status, fields["connection"], await busy.rest()) == (200, "close", b"")


async def test_a_request_that_was_on_its_way_at_the_end_is_answered(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "SHUTDOWN_GRACE", 0.5)
    world: World = await serve()
    client = await world.server.connect()
    await client.ask(GET)
    for connection in list(world.server.server.server_state.connections):
        connection.shutdown()
    status, fields, _ = await client.ask(GET)
    assert (status, fields["connection"], await client.rest()) == (200, "close", b"")


async def test_without_a_register_the_usual_bounds_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.unit.http import serving as module

    monkeypatch.setattr(module, "STATE_KEY", "another key")
    edge, _ = make_edge(notes.operations, notes.Notes(), OPTIONS)
    async with serving(edge) as server:
        client = await server.connect()
        assert (await client.ask(GET.replace(b"/ping", b"/" + b"a" * 600)))[0] == 404
        client.leave()
