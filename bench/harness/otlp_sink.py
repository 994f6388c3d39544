"""A collector of traces that takes everything and keeps a count: ``python -m bench.harness.otlp_sink PORT``.

It answers 200 to every POST, reads no span, and tells on ``GET /`` how many bytes came: less work than any real one.
"""

from __future__ import annotations

import asyncio
import sys

LIMIT = 64 * 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"


class Sink:
    """Bytes of all bodies so far, and how many requests they came in."""

    def __init__(self) -> None:
        self.bytes = 0
        self.requests = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, until it ends."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(length_of(head))
                writer.write(self.answer(head, body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            # The client is done.
            writer.close()

    def answer(self, head: bytes, body: bytes) -> bytes:
        """Return the reply to one request."""
        if head.startswith(b"GET "):
            told = b"%d" % self.bytes
            return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(told), told)
        self.requests += 1
        self.bytes += len(body)
        return OK


def length_of(head: bytes) -> int:
    """Return the length of the body that follows a head. Chunked ones are not read: no exporter sends them."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


async def run(port: int) -> None:
    """Serve on a port of this machine until the process is ended."""
    server = await asyncio.start_server(Sink().serve, "127.0.0.1", port, limit=LIMIT)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1])))
