"""A small HTTP/1.1 client over many kept connections, driven by ``select``: no threads, no callbacks, no surprises.

Two uses, and wrk does neither: sending at a set rate whatever the server does (``pace``), and keeping the replies'
bodies (``ask_all``).
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Self

from bench.harness.errors import BenchError

REPLY_TIMEOUT = 10.0  # seconds
CHUNK = 65_536  # bytes


def request(method: str, path: str, body: bytes | None = None) -> bytes:
    """Return a whole request as bytes, with JSON as its media type if it has a body."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + (body or b"")


def parse_reply(buffer: bytes) -> tuple[int, bytes] | None:
    """Return the status and the body of a reply, or None while some of it is still to come.

    A reply must say its length: every contender does for replies as small as these.
    """
    head, end, body = buffer.partition(b"\r\n\r\n")
    if not end:
        return None
    status_line, *headers = head.split(b"\r\n")
    for header in headers:
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
            return (int(status_line.split(b" ", 2)[1]), body[:length]) if len(body) >= length else None
    raise BenchError(f"a reply without Content-Length: {head.decode(errors='replace')}")


class Connection:
    """One kept connection with at most one request in flight."""

    __slots__ = ("_buffer", "_port", "_socket", "due")

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._buffer = b""
        self.due = 0.0  # seconds of the caller's clock: when the request in flight should have left

    def fileno(self) -> int:
        return self._socket.fileno() if self._socket else -1

    def send(self, data: bytes) -> None:
        """Send a request; on a connection that the server has closed meanwhile, open another and send it there."""
        self._buffer = b""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # Between two replies nothing is readable but the end of the connection.
                if not select.select([self._socket], [], [], 0)[0]:
                    self._socket.sendall(data)
                    return
            self.close()
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=REPLY_TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(data)

    def receive(self) -> tuple[int, bytes] | None:
        """Take what has come; return the reply once it is whole. Status 0: the server broke the connection off."""
        data = b""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                data = self._socket.recv(CHUNK)
        if not data:
            self.close()
            return 0, b""
        self._buffer += data
        return parse_reply(self._buffer)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Pool:
    """Connections to one server: idle ones to send on, busy ones to wait for."""

    def __init__(self, port: int, size: int) -> None:
        self.idle = [Connection(port) for _ in range(size)]
        self.busy: set[Connection] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in (*self.idle, *self.busy):
            connection.close()

    def send(self, data: bytes, due: float = 0.0) -> None:
        connection = self.idle.pop()
        connection.due = due
        # Counted as busy first: if sending fails, the connection is still closed in the end.
        self.busy.add(connection)
        connection.send(data)

    def replies(self, timeout: float) -> Iterator[tuple[Connection, int, bytes]]:
        """Wait at most ``timeout`` seconds, then yield (connection, status, body) of every reply that has come."""
        for connection in select.select(list(self.busy), [], [], max(0.0, timeout))[0]:
            reply = connection.receive()
            if reply is not None:
                self.busy.discard(connection)
                self.idle.append(connection)
                yield connection, *reply


def ask_all(port: int, requests: Iterable[bytes], connections: int) -> list[tuple[int, bytes]]:
    """Send all requests as fast as the server takes them; return (status, body) of each, in order of arrival."""
    waiting = iter(requests)
    replies: list[tuple[int, bytes]] = []
    last_reply = time.monotonic()
    with Pool(port, connections) as pool:
        while True:
            for data in islice(waiting, len(pool.idle)):
                pool.send(data)
            if not pool.busy:
                return replies
            for _, status, body in pool.replies(REPLY_TIMEOUT):
                replies.append((status, body))
                last_reply = time.monotonic()
            if time.monotonic() - last_reply > REPLY_TIMEOUT:
                raise BenchError(f"no reply within {REPLY_TIMEOUT:.0f} s")
