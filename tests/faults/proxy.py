"""A TCP proxy in front of PostgreSQL that loses replies: what was asked is done, and nobody hears of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.support.waiting import eventually


class Proxy:
    """Hands bytes on in both directions. ``url`` leads through it."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url).port
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._deaf = False
        self.swallowed = 0
        self._url = url
        self.url = ""

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = self._url.replace(f":{self._target}/", f":{port}/")
        return server

    async def lose_replies(self, count: int = 1) -> None:
        """Swallow that many pieces of replies, then break all connections off."""
        self.swallowed = 0
        self._deaf = True
        await eventually(lambda: self.swallowed >= count, "a reply to lose", pause=0.001)
        self._deaf = False
        self.break_off()

    def break_off(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def close(self) -> None:
        self.break_off()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [writer, there_writer]
        for source, sink, answers in ((reader, there_writer, False), (there_reader, writer, True)):
            task = asyncio.create_task(self._pump(source, sink, answers=answers))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool) -> None:
        try:
            while data := await source.read(65536):
                if answers and self._deaf:
                    self.swallowed += 1
                    continue
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.transport.abort()


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[Proxy]:
    """Run a proxy for a PostgreSQL URL."""
    proxy = Proxy(url)
    server = await proxy.start()
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
