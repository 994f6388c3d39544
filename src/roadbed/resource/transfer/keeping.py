"""Bodies that are kept in a temporary file until all of them is there, so that a reply to them can begin early.

A browser reads no reply before it has sent its whole request, and a client that writes without reading would wait for
a service that waits for it. So the body of who wants to be told of progress is taken off its hands first. Memory holds
a part of it at a time.
"""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from io import FileIO
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from roadbed.http.incoming import Stream

P = ParamSpec("P")
T = TypeVar("T")

BLOCK = 256 * 1024
"""Bytes that are read from the file at once."""

RESERVE = 16 * 1024 * 1024
"""Bytes of the disk that are left to others."""


class Room:
    """How many bodies are kept at a time. What comes beyond is read as it comes in."""

    def __init__(self, places: int) -> None:
        self.free = places


class Kept:
    """A body, in a block of ``async with``, which takes all of it first.

    Where there is no room (the disk is nearly full, too many are kept) the rest is read as it comes in. ``is_whole``
    tells whether all has come in; ``size`` is how many bytes have.
    """

    def __init__(self, body: Stream[Any], room: Room) -> None:
        self.is_whole = False
        self._body = body
        self._room = room
        self._has_place = False
        self._file: FileIO | None = None
        self._written = 0
        self._unwritten = b""

    @property
    def size(self) -> int:
        """Bytes that have come in."""
        return self._body.size

    async def __aenter__(self) -> Self:
        if self._room.free > 0:
            self._room.free -= 1
            self._has_place = True
            try:
                await self._take()
            except BaseException:
                self._close()
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """Yield the parts of the body, once. Raises what iterating over the body does."""
        left = self._written
        if self._file is not None:
            await _beside(self._file.seek, 0)
            while left:
                part = await _beside(self._file.read, min(BLOCK, left))
                left -= len(part)
                yield part
        if self._unwritten:
            yield self._unwritten
        async for part in self._body:
            yield part
        self.is_whole = True

    async def _take(self) -> None:
        with suppress(OSError):
            self._file = await _beside(_open)
        if self._file is None:
            return
        async for part in self._body:
            try:
                await _beside(_write, self._file, part)
            except OSError:
                self._unwritten = part
                return
            self._written += len(part)
        self.is_whole = True

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
        if self._has_place:
            self._has_place = False
            self._room.free += 1


def _open() -> FileIO:
    # It has no name: it is gone with this process, whatever becomes of that.
    return tempfile.TemporaryFile(buffering=0)


def _write(file: FileIO, part: bytes) -> None:
    # The metrics of several workers may lie on the same disk, in sparse files that are mapped into memory: a store to
    # such a page for which the disk has no block ends the worker by SIGBUS, and no error can be caught.
    disk = os.fstatvfs(file.fileno())
    # A tmpfs without a limit has no blocks at all.
    if disk.f_blocks and disk.f_bavail * disk.f_frsize < RESERVE + len(part):
        raise OSError(errno.ENOSPC, "What is left of the disk is for others")
    rest = memoryview(part)
    while rest:
        rest = rest[file.write(rest) :]


async def _beside(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Do something with a disk in a thread. Who is cancelled waits for its end: until then the file must not go."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *arguments, **named))
    try:
        return await asyncio.shield(task)
    finally:
        if not task.done():
            await asyncio.wait([task])
