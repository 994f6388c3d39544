"""What may stand between us and a PostgreSQL server: a line that falls silent, a pooler that deals servers out anew."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def _replaced(url: str, port: int) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}").geturl()


class Line:
    """Hands bytes on in both directions until it is told to fall silent: neither end hears anything of it."""

    def __init__(self, url: str) -> None:
        self._server_port = urlsplit(url).port or 5432
        self._speaks = asyncio.Event()
        self._speaks.set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.connections = 0

    def fall_silent(self) -> None:
        self._speaks.clear()

    def speak(self) -> None:
        self._speaks.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(asyncio.CancelledError):
            await self._speaks.wait()
            there = await asyncio.open_connection("127.0.0.1", self._server_port)
            for source, target in ((reader, there[1]), (there[0], writer)):
                task = asyncio.ensure_future(self._hand_on(source, target))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _hand_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self._speaks.wait()
                target.write(data)
                await target.drain()
        except OSError:
            pass
        finally:
            target.close()

    async def end(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def line_to(url: str) -> AsyncGenerator[tuple[str, Line]]:
    """Open a line; yield the URL that leads over it, and the line."""
    line = Line(url)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    try:
        yield _replaced(url, server.sockets[0].getsockname()[1]), line
    finally:
        server.close()
        await line.end()


class Pooler:
    """A transaction pooler at its barest: after each transaction, a client goes on with another server connection."""

    def __init__(self, url: str, servers: int) -> None:
        self._server_port = urlsplit(url).port or 5432
        self._servers = servers
        self._tasks: set[asyncio.Task[Any]] = set()
        self.changes = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        servers: list[_Streams] = []
        try:
            await self._pool(reader, writer, servers)
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            for _, there in servers:
                there.close()
            writer.close()

    async def _pool(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, servers: list[_Streams]) -> None:
        greeting = await _greeting(reader, writer)
        for number in range(self._servers):
            servers.append(await asyncio.open_connection("127.0.0.1", self._server_port))
            servers[-1][1].write(greeting)
            # The client hears the first of them; the others are asked the same on its behalf.
            await self._until_ready(servers[-1][0], writer if number == 0 else None)
        while True:
            answers = asyncio.ensure_future(self._until_ready(servers[0][0], writer))
            try:
                # One request of the client ends with Sync (S) or is a simple query (Q); X is its farewell.
                kind = b""
                while kind not in (b"S", b"Q", b"X"):
                    kind, message = await _message(reader)
                    servers[0][1].write(message)
                state = await answers
            finally:
                answers.cancel()
                await asyncio.gather(answers, return_exceptions=True)
            if state == b"I":
                servers.append(servers.pop(0))
                self.changes += 1

    async def _until_ready(self, source: asyncio.StreamReader, target: asyncio.StreamWriter | None) -> bytes:
        """Hand answers on until the server is ready; return the state of the transaction that it tells."""
        while True:
            kind, message = await _message(source)
            if target is not None:
                target.write(message)
            if kind == b"Z":
                return message[5:6]

    async def end(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Return the client's first message; its question for TLS is answered with no."""
    while True:
        size = await reader.readexactly(4)
        body = await reader.readexactly(int.from_bytes(size, "big") - 4)
        if body != (80877103).to_bytes(4, "big"):
            return size + body
        writer.write(b"N")


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:], "big") - 4)


@asynccontextmanager
async def pooler_before(url: str, servers: int = 2) -> AsyncGenerator[tuple[str, Pooler]]:
    """Run a pooler; yield the URL that leads through it, and the pooler."""
    pooler = Pooler(url, servers)
    server = await asyncio.start_server(pooler.serve, "127.0.0.1", 0)
    try:
        yield _replaced(url, server.sockets[0].getsockname()[1]), pooler
    finally:
        server.close()
        await pooler.end()
