"""Requests byte by byte: what goes well, and what never becomes a request."""

import json

import pytest

from tests.unit.http import notes
from tests.unit.http.serving import BIG, BODY, CHUNKED, GET, HEAD, POST, Client, World, slug

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
    "an address without end": (b"GET /" + b"a" * 2000, 414, "address-too-long"),
    "many fields": (GET.replace(b"Host", b"A: 1\r\n" * 20 + b"Host"), 431, "head-too-large"),
    "a long field": (GET.replace(b"Host", b"A: " + b"x" * 2000 + b"\r\nHost"), 431, "head-too-large"),
    "a field without end": (b"GET /ping HTTP/1.1\r\nA: " + b"x" * 2000, 431, "head-too-large"),
}


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
