"""Event streams: bounded for who reads slowly, ended for who leaves, and all of them at a shutdown."""

import asyncio
from typing import Any

import pytest

from roadbed.http import channels
from roadbed.http.channels import Channel, frame
from roadbed.http.edge import Edge
from roadbed.http.limits import HttpOptions
from tests.unit.http import flows
from tests.unit.http.driving import HOST, Recorder, ask, make_edge
from tests.unit.http.serving import Client, Serving, serving
from tests.unit.http.test_outgoing import request


def make(**options: Any) -> tuple[Edge, Recorder, flows.Flows]:
    service = flows.Flows()
    edge, recorder = make_edge(flows.operations, service, HttpOptions(allowed_hosts=(HOST, "127.0.0.1"), **options))
    return edge, recorder, service


async def watch(server: Serving, kind: str = "plain") -> Client:
    client = await server.connect()
    await client.send(request(f"/events/{kind}"))
    status, fields = await client.head()
    assert (status, fields["content-type"]) == (200, "text/event-stream")
    return client


async def part(client: Client) -> bytes:
    """Read one chunk."""
    async with asyncio.timeout(10):
        size = int(await client.reader.readuntil(b"\r\n"), 16)
        return (await client.reader.readexactly(size + 2))[:-2]


async def whole(client: Client) -> bytes:
    """Read a stream to its end."""
    body = b""
    while piece := await part(client):
        body += piece
    return body


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (frame(b"{}"), b"data: {}\n\n"),
        (frame(b"{}", 7, "put"), b"id: 7\nevent: put\ndata: {}\n\n"),
        (frame(b"[1,\r\n2]\n"), b"data: [1,\ndata: 2]\n\n"),
    ],
)
def test_an_event_is_written_as_the_standard_says(made: bytes, expected: bytes) -> None:
    assert made == expected


async def test_all_that_waits_is_taken_at_once() -> None:
    channel = Channel()
    assert [channel.push(b"a"), channel.push(b"b")] == [True, True]
    assert (await channel.take(), channel.size) == (b"ab", 0)


async def test_who_takes_waits_until_something_is_pushed() -> None:
    channel = Channel()
    taking = asyncio.create_task(channel.take())
    await asyncio.sleep(0)
    channel.push(b"a")
    assert await taking == b"a"


async def test_a_client_for_whom_too_much_waits_is_cut_off() -> None:
    channel, closed = Channel(limit=10), list[str]()
    channel.when_closed(lambda: closed.append("closed"))
    assert [channel.push(b"x" * size) for size in (20, 1, 1)] == [True, False, False]
    assert (channel.size, channel.is_cut, closed, await channel.take()) == (0, True, ["closed"], b"")


async def test_an_end_comes_after_what_waits() -> None:
    channel, closed = Channel(), list[str]()
    channel.push(b"a")
    channel.end()
    channel.end()
    channel.when_closed(lambda: closed.append("late"))
    assert ([await channel.take(), await channel.take()], closed) == ([b"a", b""], ["late"])


async def test_who_has_much_to_push_waits_for_room() -> None:
    channel = Channel(limit=10)
    channel.push(b"x" * 6)
    waiting = asyncio.create_task(channel.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await channel.take()
    assert await waiting is True
    channel.push(b"x" * 6)
    waiting = asyncio.create_task(channel.room())
    await asyncio.sleep(0)
    channel.end()
    assert await waiting is False


async def test_a_silent_stream_beats() -> None:
    channel = Channel()
    channel.push(b"a")
    await channel.take()
    channel.beat()
    assert channel.size == 0
    channel.beat()
    assert await channel.take() == b":\n\n"


async def test_events_reach_the_client() -> None:
    edge, _, service = make()
    async with serving(edge) as server:
        client = await watch(server)
        assert (await part(client)).startswith(b"retry: ")
        assert await part(client) == b"id: 1\ndata: begun\n\n"
        service.channels[0].push(frame(b"more", 2))
        assert await part(client) == b"id: 2\ndata: more\n\n"
        # An open stream is none of the requests that a shutdown waits for.
        assert (edge.in_flight, len(edge.channels.open)) == (0, 1)


async def test_silence_is_broken_by_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "HEARTBEAT", 0.02)
    edge, _, _ = make()
    async with serving(edge) as server:
        client = await watch(server, "silent")
        await part(client)
        assert [await part(client), await part(client)] == [b":\n\n"] * 2


async def test_a_client_that_leaves_is_noticed_in_the_silence() -> None:
    edge, recorder, service = make()
    async with serving(edge) as server:
        client = await watch(server)
        client.leave()
        await server.until(lambda: recorder.finished)
    assert (service.ended, len(edge.channels.open)) == (["plain"], 0)


async def test_a_stream_may_end_by_itself_and_its_connection_lives_on() -> None:
    edge, recorder, _ = make()
    async with serving(edge) as server:
        client = await watch(server, "ended")
        assert (await whole(client)).endswith(b"id: 1\ndata: begun\n\n")
        await client.send(request("/either"))
        assert (await client.reply())[0] == 200
    assert [event.problem for event in recorder.finished] == ["", ""]


async def test_a_producer_that_fails_breaks_the_stream_and_is_told() -> None:
    edge, recorder, _ = make()
    async with serving(edge) as server:
        client = await watch(server, "broken")
        assert not (await client.rest()).endswith(b"0\r\n\r\n")
        await server.until(lambda: recorder.finished)
    assert ([event.problem for event in recorder.finished], len(recorder.failed)) == (["internal"], 1)


async def test_head_opens_no_stream() -> None:
    edge, recorder, _ = make()
    reply = await ask(edge, "HEAD /events/plain")
    assert (reply.status, reply.body, len(edge.channels.open)) == (200, b"", 0)
    assert [event.status for event in recorder.finished] == [200]


async def test_the_time_limits_of_requests_do_not_end_a_stream() -> None:
    edge, _, service = make(request_timeout=0.02, body_timeout=0.02, sweep_interval=0.01)
    async with serving(edge) as server:
        client = await watch(server)
        await part(client)
        await asyncio.sleep(0.1)
        assert service.channels[0].push(frame(b"still here")) is True


async def test_a_shutdown_ends_all_streams_in_order() -> None:
    edge, recorder, _ = make()
    async with serving(edge) as server:
        clients = [await watch(server) for _ in range(20)]
        edge.drain()
        edge.end_streams()
        for client in clients:
            assert (await whole(client)).endswith(b"data: begun\n\n")
        # Who comes while the process ends is sent away at once, and comes again.
        assert (await whole(await watch(server, "silent"))).startswith(b"retry: ")
    assert {(event.status, event.problem) for event in recorder.finished} == {(200, "")}


async def test_a_shutdown_does_not_wait_for_who_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "PATIENCE", 0.05)
    edge, recorder, service = make()
    async with serving(edge) as server:
        client = await watch(server, "flood")
        reading: Any = client.writer.transport
        reading.pause_reading()
        channel, sizes = service.channels[0], [-1, 0]
        while sizes[-1] != sizes[-2] or not sizes[-1]:
            await asyncio.sleep(0.02)
            sizes.append(channel.size)
        # Bounded, however much there is to say.
        assert channels.BUFFER // 2 < channel.size <= channels.BUFFER
        edge.drain()
        edge.end_streams()
        await server.until(lambda: recorder.finished)
    assert [event.problem for event in recorder.finished] == ["unavailable"]


async def test_who_pushes_much_waits_for_room() -> None:
    channel = Channel(limit=100)
    # What is larger than the whole buffer needs an empty one, and no more.
    assert await channel.room(1000)
    channel.push(b"x" * 40)
    assert await channel.room(60)
    waiting = asyncio.create_task(channel.room(61))
    await asyncio.sleep(0)
    assert not waiting.done()
    await channel.take()
    assert await waiting


async def test_a_heartbeat_may_say_more() -> None:
    channel = Channel()
    channel.heartbeat = lambda: b"id: 7\n\n"
    channel.beat()
    assert await channel.take() == b"id: 7\n\n"
