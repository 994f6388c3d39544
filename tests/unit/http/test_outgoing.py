"""Replies that are sent while they are made: what fails before the first part is a problem, later it shows."""

import asyncio
from typing import Any

import pytest

from roadbed.http.asgi import Message
from roadbed.http.edge import Edge
from roadbed.http.limits import HttpOptions
from tests.unit.http import flows
from tests.unit.http.driving import HOST, Recorder, ask, make_edge, scope_of
from tests.unit.http.serving import Client, serving


def make(**options: Any) -> tuple[Edge, Recorder, flows.Flows]:
    service = flows.Flows()
    edge, recorder = make_edge(flows.operations, service, HttpOptions(allowed_hosts=(HOST, "127.0.0.1"), **options))
    return edge, recorder, service


def request(path: str, method: str = "GET", version: str = "1.1") -> bytes:
    return f"{method} {path} HTTP/{version}\r\nHost: 127.0.0.1\r\n\r\n".encode()


async def chunked(client: Client) -> bytes:
    """Read one chunked body to its end."""
    body = b""
    while True:
        size = int(await client.reader.readuntil(b"\r\n"), 16)
        part = await client.reader.readexactly(size + 2)
        if not size:
            return body
        body += part[:-2]


async def test_a_reply_in_parts_carries_the_conventions_and_no_length() -> None:
    edge, recorder, service = make()
    reply = await ask(edge, "GET /parts/plain")
    assert (reply.status, reply.body, reply.header("x-kind")) == (200, b"one\ntwo\n", "plain")
    assert (reply.header("content-length"), reply.header("content-type")) == (None, "text/csv")
    assert {"x-request-id", "x-content-type-options", "cache-control"} <= set(reply.names)
    assert [(event.status, event.size, event.problem) for event in recorder.finished] == [(200, 8, "")]
    assert (service.ended, edge.in_flight) == (["plain"], 0)


async def test_parts_are_chunks_and_the_connection_lives_on() -> None:
    edge, _, _ = make()
    async with serving(edge) as server:
        client = await server.connect()
        for _ in range(2):
            await client.send(request("/parts/plain"))
            status, fields = await client.head()
            assert (status, fields["transfer-encoding"], await chunked(client)) == (200, "chunked", b"one\ntwo\n")


async def test_http_1_0_gets_its_parts_up_to_the_end_of_the_connection() -> None:
    edge, _, _ = make()
    async with serving(edge) as server:
        client = await server.connect()
        await client.send(request("/parts/plain", version="1.0"))
        _, fields = await client.head()
        assert ("transfer-encoding" in fields, await client.rest()) == (False, b"one\ntwo\n")


async def test_head_makes_no_parts() -> None:
    edge, recorder, service = make()
    reply = await ask(edge, "HEAD /parts/plain")
    assert (reply.status, reply.body, service.begun) == (200, b"", [])
    assert [event.status for event in recorder.finished] == [200]


async def test_a_reply_may_have_no_parts() -> None:
    edge, _, service = make()
    reply = await ask(edge, "GET /parts/empty")
    assert (reply.status, reply.body, service.ended) == (200, b"", ["empty"])


async def test_what_fails_before_the_first_part_is_a_problem() -> None:
    edge, recorder, service = make()
    reply = await ask(edge, "GET /parts/missing")
    assert (reply.status, reply.json()["detail"], service.ended) == (404, "There are no parts", ["missing"])
    assert [(event.status, event.problem) for event in recorder.finished] == [(404, "not-found")]


async def test_a_first_part_that_takes_too_long_is_a_problem_too() -> None:
    edge, _, service = make(request_timeout=0.05, sweep_interval=0.01)
    reply = await ask(edge, "GET /parts/slow-start")
    assert (reply.status, reply.json()["type"]) == (503, "urn:roadbed:problem:deadline-exceeded")
    assert service.ended == ["slow-start"]


@pytest.mark.parametrize(
    ("kind", "slug", "failures"),
    [("broken", "internal", 1), ("refused", "conflict", 0), ("slow", "deadline-exceeded", 0)],
)
async def test_what_fails_later_leaves_the_reply_without_an_end(kind: str, slug: str, failures: int) -> None:
    edge, recorder, service = make(request_timeout=1.0, sweep_interval=0.01)
    service.go_on.clear()
    async with serving(edge) as server:
        client = await server.connect()
        await client.send(request(f"/parts/{kind}"))
        await client.head()
        assert await client.rest() == b"4\r\none\n\r\n"
        await server.until(lambda: recorder.finished)
    assert [(event.status, event.size, event.problem) for event in recorder.finished] == [(200, 4, slug)]
    assert (len(recorder.failed), service.ended, edge.in_flight) == (failures, [kind], 0)


async def test_a_client_that_leaves_ends_the_making() -> None:
    edge, recorder, service = make()
    async with serving(edge) as server:
        client = await server.connect()
        await client.send(request("/parts/endless"))
        await client.head()
        client.leave()
        await server.until(lambda: service.ended)
    assert [event.status for event in recorder.finished] == [499]


async def test_a_client_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roadbed.http.connections.SWEEP_INTERVAL", 0.02)
    edge, _, service = make(body_timeout=0.1)
    async with serving(edge) as server:
        client = await server.connect()
        await client.send(request("/parts/endless"))
        await client.head()
        await server.until(lambda: service.ended)


async def test_what_still_sends_is_abandoned_at_the_end() -> None:
    edge, recorder, service = make()
    service.go_on.clear()
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("nobody reads the body of a GET")

    async def send(message: Message) -> None:
        sent.append(message)

    task = asyncio.create_task(edge(scope_of("GET /parts/slow"), receive, send))
    while len(sent) < 2:  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.001)
    edge.abandon()
    await task
    assert [message.get("body") for message in sent] == [None, b"one\n"]
    assert [(event.status, event.problem) for event in recorder.finished] == [(200, "unavailable")]


async def test_a_cancellation_by_others_is_handed_on_with_an_event() -> None:
    edge, recorder, service = make()
    service.go_on.clear()
    async with serving(edge) as server:
        client = await server.connect()
        await client.send(request("/parts/slow"))
        await client.head()
        server.server.server_state.tasks.copy().pop().cancel()
        assert await client.rest() == b"4\r\none\n\r\n"
        await server.until(lambda: recorder.finished)
    assert (service.ended, len(recorder.failed)) == (["slow"], 0)


async def test_an_operation_may_return_a_value_or_a_reply() -> None:
    edge, _, _ = make()
    value, raw = await ask(edge, "GET /either?size.gte=5"), await ask(edge, "GET /either?csv=true")
    assert (value.json(), value.header("content-type")) == ({"least": 5}, "application/json")
    assert (raw.body, raw.header("content-type")) == (b"a,b\n", "text/csv")


async def test_a_query_parameter_is_known_by_its_public_name_alone() -> None:
    edge, _, _ = make()
    wrong, unknown = await ask(edge, "GET /either?size.gte=x"), await ask(edge, "GET /either?least=5")
    assert (wrong.faults, set(unknown.faults)) == (
        {"query:size.gte": "Expected an integer of at most 64 bits"},
        {"query:least"},
    )


async def test_the_document_names_all_media_types_of_a_reply() -> None:
    edge, _, _ = make()
    paths = (await ask(edge, "GET /openapi.json")).json()["paths"]
    text = {"schema": {"type": "string"}}
    assert paths["/parts/{kind}"]["get"]["responses"]["200"]["content"] == {
        "text/csv": text,
        "application/x-ndjson": {},
    }
    either = paths["/either"]["get"]
    assert list(either["responses"]["200"]["content"]) == ["text/csv", "application/json"]
    assert [parameter["name"] for parameter in either["parameters"]] == ["csv", "size.gte"]
