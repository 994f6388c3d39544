"""Bodies that are read while they come in: bounded in bytes, in memory and in every silence."""

import asyncio
from typing import Any

import pytest

from roadbed.http.asgi import Message
from roadbed.http.edge import Edge
from roadbed.http.limits import HttpOptions
from tests.unit.http import flows
from tests.unit.http.driving import HOST, Recorder, ask, make_edge, reply_of, scope_of
from tests.unit.http.serving import serving

CSV = {"Content-Type": "text/csv; charset=utf-8"}


def make(**options: Any) -> tuple[Edge, Recorder, flows.Flows]:
    service = flows.Flows()
    edge, recorder = make_edge(flows.operations, service, HttpOptions(allowed_hosts=(HOST, "127.0.0.1"), **options))
    return edge, recorder, service


async def test_parts_arrive_as_they_are_sent_and_empty_ones_do_not() -> None:
    edge, _, _ = make()
    reply = await ask(edge, "POST /rows", headers=CSV, chunks=[b"one", b"", b"three", b""])
    assert (reply.status, reply.json()) == (200, {"size": 8, "parts": [3, 5], "media_type": "text/csv"})


async def test_a_body_may_be_empty() -> None:
    edge, _, _ = make()
    reply = await ask(edge, "POST /rows", b"", headers=CSV)
    assert (reply.status, reply.json()["size"]) == (200, 0)


@pytest.mark.parametrize(
    ("headers", "status", "slug"),
    [
        ({"Content-Type": "text/html"}, 415, "unsupported-media-type"),
        ({"Content-Type": "-"}, 415, "unsupported-media-type"),
        ({"Content-Type": "text/csv", "Content-Length": "1001"}, 413, "too-large"),
        ({"Content-Type": "text/csv", "Content-Length": "x"}, 400, "invalid"),
        ({"Content-Type": "text/csv", "Idempotency-Key": "k"}, 400, "invalid"),
        ({"Content-Type": "text/csv", "If-Match": '"1"'}, 400, "invalid"),
    ],
)
async def test_what_the_head_tells_already_is_refused_before_a_byte(headers: Any, status: int, slug: str) -> None:
    edge, _, service = make()
    reply = await ask(edge, "POST /rows", headers=headers, chunks=[b"x" * 900])
    assert (reply.status, reply.json()["type"]) == (status, f"urn:roadbed:problem:{slug}")
    assert service.sizes == []


async def test_a_body_beyond_its_bound_ends_where_it_passes_it() -> None:
    edge, recorder, service = make()
    reply = await ask(edge, "POST /rows", headers=CSV, chunks=[b"x" * 600, b"x" * 400, b"x", b"never read"])
    assert (reply.status, reply.header("connection"), service.sizes) == (413, "close", [600, 400])
    assert [(event.status, event.problem) for event in recorder.finished] == [(413, "too-large")]


async def test_a_client_that_leaves_ends_the_handler() -> None:
    edge, recorder, service = make()
    sent: list[Message] = []
    incoming: list[Message] = [
        {"type": "http.request", "body": b"one", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return incoming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await edge(scope_of("POST /rows", [("Content-Type", "text/csv")]), receive, send)
    assert (sent, service.sizes, [event.status for event in recorder.finished]) == ([], [3], [499])


async def slowly(edge: Edge, pauses: list[float]) -> Any:
    """Send a part after each pause, and then nothing more."""
    sent: list[Message] = []

    async def receive() -> Message:
        if not pauses:
            await asyncio.Event().wait()
        await asyncio.sleep(pauses.pop(0))
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    await edge(scope_of("POST /rows", [("Content-Type", "text/csv")]), receive, send)
    return reply_of(sent)


async def test_every_silence_has_its_own_time() -> None:
    edge, _, service = make(body_timeout=1.0, sweep_interval=0.01)
    reply = await slowly(edge, [0.25] * 5)
    assert (reply.status, reply.json()["type"]) == (408, "urn:roadbed:problem:too-slow")
    # All of it took longer than the limit, no silence before the last one did.
    assert service.sizes == [1] * 5


async def test_a_handler_that_hangs_is_given_up() -> None:
    edge, _, service = make(request_timeout=0.05, body_timeout=5, sweep_interval=0.01)
    service.go_on.clear()
    reply = await slowly(edge, [0.0])
    assert (reply.status, reply.json()["type"]) == (503, "urn:roadbed:problem:deadline-exceeded")


async def test_a_patient_stream_does_not_keep_the_sweep_from_others() -> None:
    edge, _, service = make(request_timeout=0.05, body_timeout=0.2, sweep_interval=0.01)
    streaming = asyncio.create_task(slowly(edge, [0.04] * 6))
    await asyncio.sleep(0.01)
    service.go_on.clear()
    assert (await ask(edge, "POST /rows", b"x", headers=CSV)).status == 503
    service.go_on.set()
    streaming.cancel()
    await asyncio.gather(streaming, return_exceptions=True)


async def test_a_handler_may_refuse_in_the_middle() -> None:
    edge, _, service = make()
    reply = await ask(edge, "POST /rows?mode=refuse", headers=CSV, chunks=[b"one", b"two"])
    assert (reply.status, service.sizes) == (409, [3])


async def test_a_fast_client_is_held_back_by_a_slow_handler() -> None:
    edge, _, service = make()
    service.go_on.clear()
    async with serving(edge) as server:
        client = await server.connect()
        size = 30_000_000
        head = (
            b"POST /rows/big HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n" % size
        )
        sending = asyncio.create_task(client.send(head, *[b"x" * 1_000_000] * 30))
        await server.until(lambda: service.taken)
        await asyncio.sleep(0.2)
        # What the system's buffers hold is not ours: neither side has the body in memory.
        assert (service.taken < 1_000_000, sending.done()) == (True, False)
        service.go_on.set()
        await sending
        status, _, _ = await client.reply()
    assert (status, service.taken) == (200, size)


async def test_the_document_tells_what_each_media_type_holds() -> None:
    edge, _, _ = make()
    document = (await ask(edge, "GET /openapi.json")).json()
    assert document["paths"]["/rows"]["post"]["requestBody"]["content"] == {
        "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}}},
        "application/x-ndjson": {"schema": {"type": "string"}},
        "text/csv": {"schema": {"type": "string"}},
    }
    assert document["paths"]["/rows/big"]["post"]["requestBody"]["content"] == {
        "text/csv": {"schema": {"type": "string"}}
    }
