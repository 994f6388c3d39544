"""A real server on a real socket within the test's own loop, and clients that speak bytes to it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from uvicorn import Config, Server

from roadbed.http.connections import STATE_KEY
from roadbed.http.edge import Edge
from roadbed.http.limits import HttpOptions
from roadbed.http.protocol import PROTOCOL
from tests.unit.http import notes
from tests.unit.http.driving import Recorder

GET = b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
BODY = b'{"text": "x"}'
HEAD = b"POST /notes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
POST = HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

PATIENCE = 10.0
"""Seconds after which a test that waits for bytes gives up: far more than anything here takes."""


class _Application:
    """What ``app`` does with the lifespan, and no more."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            scope["state"][STATE_KEY] = self.edge.connections
        await self.edge(scope, receive, send)


class _Server(Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Client:
    """One connection. Replies are read as bytes, up to the length that they say or to the end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        """Read the head of one reply: its status and fields."""
        raw = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        first, *lines = raw.decode("latin-1").split("\r\n")[:-2]
        fields = [line.partition(": ") for line in lines]
        assert first.startswith("HTTP/1.1 ")
        return int(first.split()[1]), {name: value for name, _, value in fields}

    async def reply(self) -> tuple[int, dict[str, str], bytes]:
        """Read one reply with a Content-Length."""
        status, fields = await self.head()
        length = int(fields.get("content-length", "0"))
        return status, fields, await asyncio.wait_for(self.reader.readexactly(length), PATIENCE)

    async def ask(self, *parts: bytes) -> tuple[int, dict[str, str], bytes]:
        await self.send(*parts)
        return await self.reply()

    async def rest(self) -> bytes:
        """Read to the end of the connection, however it ends."""
        try:
            return await asyncio.wait_for(self.reader.read(), PATIENCE)
        except ConnectionResetError:
            return b""

    def leave(self) -> None:
        """Break the connection at once."""
        self.writer.transport.abort()


class Serving:
    """A running server."""

    def __init__(self, edge: Edge, server: Server, port: int) -> None:
        self.edge = edge
        self.server = server
        self.port = port
        self.clients: list[Client] = []

    async def connect(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=2**24))
        self.clients.append(client)
        return client

    async def until(self, condition: Any) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(edge: Edge) -> AsyncGenerator[Serving]:
    """Serve an edge for the length of a block."""
    config = Config(
        _Application(edge), http=PROTOCOL, ws="none", lifespan="on", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = _Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        made = Serving(edge, server, listener.getsockname()[1])
        await made.until(lambda: server.started)
        try:
            yield made
        finally:
            for client in made.clients:
                client.leave()
            server.should_exit = True
            await task


BIG = 20_000_000


OPTIONS = HttpOptions(head_limit=2000, url_limit=500, max_headers=20, body_limit=5000, max_connections=5)


async def stream(scope: Any, receive: Any, send: Any) -> None:
    """A mounted application: its replies are long, or in parts, or broken in one of several ways."""
    kind = scope["path"].rpartition("/")[2]
    headers: dict[str, list[tuple[bytes, bytes]]] = {
        "big": [(b"content-length", b"%d" % BIG)],
        "short": [(b"content-length", b"4")],
        "long": [(b"content-length", b"2")],
        "forged": [(b"location", b"/\r\nSet-Cookie: x=1")],
    }
    bodies = {"big": [b"x" * BIG], "short": [b"xxx"], "long": [b"xxx"]}
    await send({"type": "http.response.start", "status": 200, "headers": headers.get(kind, [])})
    parts = bodies.get(kind, [b"one", b"", b"two"])
    for number, part in enumerate(parts):
        if kind == "broken" and number:
            raise ZeroDivisionError
        await send({"type": "http.response.body", "body": part, "more_body": len(parts) > 1})
    if len(parts) > 1:
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


def slug(body: bytes) -> str:
    return json.loads(body)["type"].removeprefix("urn:roadbed:problem:")
