"""Bodies: type before size before content, and every bound kept while the bytes arrive."""

from typing import Any

import pytest

from roadbed.http.asgi import ClientLeft, Message
from roadbed.http.bodies import JsonBody, MediaTypes, has_body, read_body
from roadbed.http.call import READING, RUNNING, Call
from roadbed.kernel.errors import Fault, Invalid, TooLarge, UnsupportedMediaType
from tests.unit.http.driving import messages_of
from tests.unit.http.notes import NewNote

JSON = MediaTypes(("application/json",))
LIMIT = 10

READ = [
    *(b"application/json", b"Application/JSON", b"application/json;charset=utf-8", b"application/json; charset=UTF-8"),
    *(
        b'application/json ; charset="utf-8"',
        b"application/json;",
        b"application/json; version=1",
        b" application/json ",
    ),
]
NOT_READ = [
    *(b"", b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x", b"text/json"),
    *(b"application/json5", b"application/js", b"application/*", b"application/problem+json", b"*/*"),
    *(b"application/json, text/plain", b"text/plain; application/json", b"application/json\xe9"),
    *(b"application/json; charset=latin-1", b'application/json; charset="utf-16"'),
    b"application/json; charset=utf-8; charset=utf-16",
]


@pytest.mark.parametrize("value", READ)
def test_json_is_read_however_it_is_spelt(value: bytes) -> None:
    JSON.check({b"content-type": value})
    JSON.check({b"content-type": value})


@pytest.mark.parametrize("value", NOT_READ)
def test_other_types_and_charsets_are_not_read(value: bytes) -> None:
    with pytest.raises(UnsupportedMediaType, match="Expected"):
        JSON.check({b"content-type": value})


def test_no_type_is_no_guess() -> None:
    with pytest.raises(UnsupportedMediaType, match="Content-Type is missing; expected application/json"):
        JSON.check({})


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"identity, gzip", b"x"])
def test_codings_are_not_read(coding: bytes) -> None:
    with pytest.raises(UnsupportedMediaType, match="Content-Encoding"):
        JSON.check({b"content-type": b"application/json", b"content-encoding": coding})


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"gzip", b"chunked, chunked"])
def test_a_transfer_coding_that_nobody_undoes_is_refused(coding: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        JSON.check({b"content-type": b"application/json", b"transfer-encoding": coding})
    assert [fault.pointer for fault in caught.value.faults] == ["header:Transfer-Encoding"]


@pytest.mark.parametrize("coding", [b"identity", b"Identity", b""])
def test_no_coding_may_be_said_aloud(coding: bytes) -> None:
    JSON.check({b"content-type": b"application/json", b"content-encoding": coding})


def test_an_operation_may_read_further_types() -> None:
    media = MediaTypes(("application/json", "application/merge-patch+json"))
    media.check({b"content-type": b"application/merge-patch+json"})
    with pytest.raises(UnsupportedMediaType, match=r"Expected application/json or application/merge-patch\+json"):
        media.check({b"content-type": b"text/plain"})


def test_types_that_were_seen_are_remembered_up_to_a_bound() -> None:
    media = MediaTypes(("application/json",))
    for number in range(1000):
        media.check({b"content-type": b"application/json; v=%d" % number})
    media.check({b"content-type": b"application/json; v=999"})
    assert len(media._seen) == 64


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({b"content-length": b"0"}, False),
        ({b"content-length": b"1"}, True),
        ({b"transfer-encoding": b"chunked"}, True),
    ],
)
def test_the_head_tells_whether_there_is_a_body(fields: dict[bytes, bytes], expected: bool) -> None:
    assert expected == has_body(fields)


def call_with(**fields: str) -> Call[None]:
    given = {name.replace("_", "-").encode(): value.encode() for name, value in fields.items()}
    return Call(None, "r", "POST", "/", given)


async def read(chunks: list[bytes], leaves: bool = False, **fields: str) -> tuple[bytes, int]:
    """Return what was read, and how often something was received. ``leaves``: the last message is never sent."""
    messages: list[Message] = messages_of(chunks)
    if leaves:
        messages[-1] = {"type": "http.disconnect"}
    received = 0

    async def receive() -> Message:
        nonlocal received
        received += 1
        return messages[received - 1]

    return await read_body(call_with(**fields), receive, LIMIT), received


@pytest.mark.parametrize(
    "chunks", [[b""], [b"x"], [b"x" * LIMIT], [b"ab", b"", b"cd"], [b"x" * (LIMIT - 1), b"x"], [b"x" * LIMIT, b""]]
)
async def test_a_body_within_the_bound_is_read_whole(chunks: list[bytes]) -> None:
    assert (b"".join(chunks), len(chunks)) == await read(chunks)


async def test_a_length_beyond_the_bound_is_refused_before_a_byte_is_read() -> None:
    with pytest.raises(TooLarge, match="more than 10 bytes"):
        await read([], content_length="11")


async def test_a_length_of_very_many_digits_is_too_large() -> None:
    with pytest.raises(TooLarge):
        await read([], content_length="9" * 5000)


@pytest.mark.parametrize("length", ["-1", "1.5", "x", "", "+1", "１"])
async def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    call = Call(None, "r", "POST", "/", {b"content-length": length.encode()})
    with pytest.raises(Invalid) as caught:
        await read_body(call, never, LIMIT)
    assert [Fault("header:Content-Length", "Expected a whole number")] == list(caught.value.faults)


@pytest.mark.parametrize("chunks", [[b"x" * 11], [b"x" * 10, b"x"], [b"xxxxxx", b"xxxxxx", b"never read"]])
async def test_a_body_beyond_the_bound_is_refused_while_it_arrives(chunks: list[bytes]) -> None:
    with pytest.raises(TooLarge, match="more than 10 bytes"):
        await read(chunks)


async def test_a_length_that_lies_does_not_help() -> None:
    with pytest.raises(TooLarge):
        await read([b"x" * 11], content_length="5")


@pytest.mark.parametrize("chunks", [[b""], [b"ab", b""]])
async def test_a_client_that_leaves_is_noticed(chunks: list[bytes]) -> None:
    with pytest.raises(ClientLeft):
        await read(chunks, leaves=True)


async def test_the_call_says_that_its_body_is_being_read() -> None:
    phases: list[int] = []
    call = call_with()

    async def receive() -> Message:
        phases.append(call.phase)
        return {"type": "http.request", "body": b"", "more_body": False}

    await read_body(call, receive, LIMIT)
    assert (phases, call.phase) == ([READING], RUNNING)


async def never() -> Any:
    raise AssertionError("nothing may be received")


def test_a_body_is_decoded() -> None:
    faults: list[Fault] = []
    assert (NewNote("x", 5), []) == (JsonBody(NewNote).decode(b'{"text": "x", "weight": 5}', faults), faults)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", [""]),
        (b'{"text": "x"', [""]),
        (b'{"text": "x", "weight": "7"}', ["/weight"]),
        (b'{"text": "x", "weight": 1.0}', ["/weight"]),
        (b'{"text": "x", "weight": 1e3}', ["/weight"]),
        (b'{"text": "x", "weight": 9223372036854775808}', ["/weight"]),
        (b'{"text": "x", "weight": 1, "weight": 1}', ["/weight"]),
        (b'{"text": "", "weight": true, "x": 1}', ["/text", "/weight", "/x"]),
        (b'{"text": "\xff"}', [""]),
        (b'{"text": "\\ud800"}', [""]),
        (b"[" * 100_000, [""]),
    ],
)
def test_what_is_wrong_with_a_body_is_told(raw: bytes, expected: list[str]) -> None:
    faults: list[Fault] = []
    JsonBody(NewNote).decode(raw, faults)
    assert expected == [fault.pointer for fault in faults]


def test_a_suspicion_that_proves_wrong_does_no_harm() -> None:
    faults: list[Fault] = []
    # It equals the default, and has an escape: it is read again, and found to be in order.
    found = JsonBody(NewNote).decode(b'{"text": "a\\u0062", "colour": "red"}', faults)
    assert (NewNote("ab"), []) == (found, faults)
