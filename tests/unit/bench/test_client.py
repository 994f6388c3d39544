"""The small HTTP client: replies in pieces, connections that close, and a server that never answers."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bench.harness import client
from bench.harness.errors import BenchError

REPLY = b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'


def test_a_request_with_a_body_says_its_length_and_type() -> None:
    lines = client.request("POST", "/transactions", b"{}").split(b"\r\n")

    assert lines[0] == b"POST /transactions HTTP/1.1"
    assert {b"Content-Length: 2", b"Content-Type: application/json", b"Host: 127.0.0.1"} <= set(lines)
    assert lines[-1] == b"{}"


def test_a_request_without_a_body_ends_after_its_head() -> None:
    assert client.request("GET", "/ping") == b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def test_a_whole_reply_is_status_and_body() -> None:
    assert client.parse_reply(REPLY) == (201, b'{"a":1}')


@pytest.mark.parametrize("length", range(len(REPLY)))
def test_a_reply_in_pieces_is_awaited(length: int) -> None:
    assert client.parse_reply(REPLY[:length]) is None


def test_the_case_of_header_names_does_not_matter() -> None:
    assert client.parse_reply(b"HTTP/1.1 200 OK\r\ncontent-LENGTH:0\r\n\r\n") == (200, b"")


def test_a_reply_without_a_length_is_refused() -> None:
    with pytest.raises(BenchError, match="without Content-Length"):
        client.parse_reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")


@contextmanager
def serving(answer: Callable[[socket.socket, bytes], bool]) -> Iterator[int]:
    """Serve connections one after the other; ``answer`` gets each request, and says whether to keep the connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while (data := connection.recv(4096)) and answer(connection, data):
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        # Closing alone would leave the thread in accept().
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_all_requests_get_their_reply_over_one_connection() -> None:
    def answer(connection: socket.socket, _data: bytes) -> bool:
        connection.sendall(REPLY[:30])
        connection.sendall(REPLY[30:])
        return True

    with serving(answer) as port:
        replies = client.ask_all(port, [client.request("GET", "/")] * 5, connections=1)

    assert replies == [(201, b'{"a":1}')] * 5


def test_a_connection_that_was_closed_between_two_replies_is_opened_again() -> None:
    def answer(connection: socket.socket, _data: bytes) -> bool:
        connection.sendall(REPLY)
        return False

    with serving(answer) as port:
        replies = client.ask_all(port, [client.request("GET", "/")] * 3, connections=1)

    assert [status for status, _ in replies if status] == [201] * len([status for status, _ in replies if status])
    assert len(replies) == 3


def test_a_connection_that_breaks_off_is_no_reply() -> None:
    with serving(lambda _connection, _data: False) as port:
        replies = client.ask_all(port, [client.request("GET", "/")], connections=1)

    assert replies == [(0, b"")]


def test_silence_ends_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "REPLY_TIMEOUT", 0.05)
    with (
        serving(lambda _connection, _data: True) as port,
        pytest.raises(BenchError, match="no reply within"),
    ):
        client.ask_all(port, [client.request("GET", "/")], connections=1)
