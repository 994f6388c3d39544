"""A small HTTP/1.1 client: one connection, one request at a time, and it tells what nobody else does: was it sent?"""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

PATIENCE = 60.0
"""Seconds after which a request without an answer is a finding: every wait of the service is bounded below that."""

JSON = {"Content-Type": "application/json"}


class Unreachable(Exception):
    """Nobody accepts connections: nothing was sent."""


class Lost(Exception):
    """The connection broke after something was sent and before the whole reply was there: the outcome is unknown."""


class Hung(AssertionError):
    """No reply within ``PATIENCE``: nothing may wait for ever."""


@dataclass(frozen=True)
class Reply:
    """A reply; names of header fields are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def slug(self) -> str:
        """The kind of a problem, the empty string where the reply is none."""
        if self.headers.get("content-type") != "application/problem+json":
            return ""
        return str(self.json()["type"]).rpartition(":")[2]


class Connection:
    """A connection that is opened when needed, kept while the service keeps it, and opened again after its end."""

    def __init__(self, port: int, patience: float = PATIENCE) -> None:
        self.port = port
        self._patience = patience
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return the streams of an open connection; a kept one that the service has closed is replaced.

        Raises:
            Unreachable: nobody accepts.
        """
        if self._reader is not None and self._writer is not None:
            if not self._reader.at_eof() and not self._writer.is_closing():
                return self._reader, self._writer
            await self.close()
        try:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError as error:
            raise Unreachable(str(error)) from error
        return self._reader, self._writer

    async def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request and return its reply.

        Raises:
            Unreachable, Lost, Hung: see there.
        """
        try:
            async with asyncio.timeout(self._patience):
                return await self._exchange(head(method, path, body, headers or {}), method)
        except TimeoutError:
            await self.close()
            raise Hung(f"{method} {path}: no reply within {self._patience} s") from None

    async def post(self, path: str, content: object, headers: Mapping[str, str] | None = None) -> Reply:
        """Send JSON."""
        return await self.request("POST", path, json.dumps(content).encode(), JSON | dict(headers or {}))

    async def _exchange(self, message: bytes, method: str) -> Reply:
        reader, writer = await self.open()
        try:
            writer.write(message)
            await writer.drain()
            reply = await read_reply(reader, method)
        except (OSError, asyncio.IncompleteReadError) as error:
            await self.close()
            raise Lost(f"{type(error).__name__}: {error}") from error
        if reply.headers.get("connection") == "close":
            await self.close()
        return reply

    async def close(self) -> None:
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def head(method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
    """Return a request as it goes over the wire, its body included."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


async def read_reply(reader: asyncio.StreamReader, method: str = "GET") -> Reply:
    """Read one reply with a Content-Length, or one that ends with the connection."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = [line.partition(":") for line in lines[1:] if line]
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    status = int(lines[0].split(" ")[1])
    if method == "HEAD" or status in (204, 304):
        return Reply(status, headers, b"")
    if "content-length" in headers:
        return Reply(status, headers, await reader.readexactly(int(headers["content-length"])))
    return Reply(status, headers, await reader.read())
