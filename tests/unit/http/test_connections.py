"""Every bound of a connection: in time, in number, at a shutdown."""

import asyncio
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from roadbed.http import connections, protocol
from roadbed.http.limits import HttpOptions
from roadbed.kernel.events import Events, RequestShed
from tests.unit.http import notes
from tests.unit.http.driving import make_edge
from tests.unit.http.serving import CHUNKED, GET, HEAD, OPTIONS, POST, Client, Serve, World, serving, slug


@pytest.mark.parametrize(
    ("sent", "expected"), [(b"", b""), (b"\r\n", b""), (b"GET /ping HTTP/1.1\r\n", b"408"), (b"G", b"408")]
)
async def test_a_head_takes_only_so_long(serve: Serve, sent: bytes, expected: bytes) -> None:
    world = await serve(HttpOptions(head_timeout=0.5))
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
    client.reader._transport.pause_reading()
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


WAIT = b"POST /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"


def open_connections(world: World) -> list[Any]:
    return list(world.server.edge.connections.open)


@pytest.mark.parametrize("behind", [GET, GET * 3, POST])
async def test_a_client_that_leaves_with_requests_in_the_pipeline_is_noted(
    world: World, client: Client, behind: bytes
) -> None:
    """The newest request is not the one that runs: it is that one which has to learn that nobody listens."""
    await client.send(GET + WAIT + behind)
    await world.server.until(lambda: world.statuses and world.server.edge.in_flight == 1)
    (connection,) = open_connections(world)
    assert connection.pipeline
    client.leave()
    await world.server.until(lambda: not world.server.edge.connections.open)
    world.service.released.set()
    await world.server.until(lambda: len(world.statuses) == 2)
    assert (world.statuses, world.recorder.failed, world.service.kept) == ([200, 499], [], {})
    assert not connection.pipeline


async def test_nothing_is_written_to_a_connection_that_is_closing(world: World, client: Client) -> None:
    """uvloop raises a RuntimeError, which is nobody's to catch: neither a problem nor an event would come of it."""
    await client.send(WAIT)
    await world.server.until(lambda: world.server.edge.in_flight == 1)
    (connection,) = open_connections(world)
    # Its end is told by the loop: the reply is made before that.
    connection.connection_lost = lambda _: None
    connection.transport.close()
    world.service.released.set()
    await world.server.until(lambda: world.statuses)
    assert (world.statuses, world.recorder.failed) == ([499], [])
    HttpToolsProtocol.connection_lost(connection, None)
    world.server.edge.connections.leave(connection)


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


async def test_a_body_that_breaks_behind_its_reply_ends_the_connection(world: World) -> None:
    client = await world.server.connect()
    head = CHUNKED.replace(b"application/json", b"text/plain")
    status, _, _ = await client.ask(head + b"5\r\nab")
    await client.send(b"cde\r\nzz\r\n")
    assert (status, await client.rest(), world.statuses) == (415, b"", [415])


def test_a_field_with_a_line_break_is_never_sent() -> None:
    for value in (b"/\r\nSet-Cookie: x=1", b"/\n", b"/\r"):
        with pytest.raises(ValueError, match="line break"):
            connections.status_and_fields(200, [(b"location", value)])


def test_a_status_without_a_phrase_will_do() -> None:
    assert connections.status_and_fields(299, [(b"a", b"b")]) == b"HTTP/1.1 299 \r\na: b\r\n"


async def test_without_a_register_the_usual_bounds_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.unit.http import serving as module

    monkeypatch.setattr(module, "STATE_KEY", "another key")
    edge, _ = make_edge(notes.operations, notes.Notes(), OPTIONS)
    async with serving(edge) as server:
        client = await server.connect()
        assert (await client.ask(GET.replace(b"/ping", b"/" + b"a" * 600)))[0] == 404
        client.leave()
