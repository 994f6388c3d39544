"""Bodies in a temporary file: all of it, the rest where there is no room, nothing left behind."""

import asyncio
import os
import tempfile
import threading
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from roadbed.http.asgi import ClientLeft, Message
from roadbed.http.call import Call
from roadbed.http.incoming import Stream
from roadbed.kernel.errors import TooLarge
from roadbed.resource.transfer.keeping import BLOCK, RESERVE, Kept, Room

open_real = tempfile.TemporaryFile
PARTS = [b"a" * BLOCK, b"b" * 1000, b"c" * (BLOCK + 1)]


def body_of(parts: Iterable[bytes | None], limit: int = 4 * BLOCK) -> Stream[Any]:
    """Return a body; None in the place of a part is a client that leaves."""
    left = iter([*parts, b""])

    async def receive() -> Message:
        part = next(left)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": part != b""}

    return Stream(Call(None, "1", "POST", "/", {}), receive, limit)


async def test_the_body_is_taken_first_and_given_back_in_order() -> None:
    room, body = Room(1), body_of(PARTS)
    async with Kept(body, room) as kept:
        assert (kept.is_whole, kept.size, room.free) == (True, sum(map(len, PARTS)), 0)
        found = [part async for part in kept.parts()]
    assert b"".join(found) == b"".join(PARTS)
    assert max(map(len, found)) == BLOCK
    assert room.free == 1


async def test_without_a_place_it_is_read_as_it_comes() -> None:
    room = Room(0)
    async with Kept(body_of(PARTS), room) as kept:
        assert (kept.is_whole, kept.size) == (False, 0)
        assert [part async for part in kept.parts()] == PARTS
        assert kept.is_whole
    assert room.free == 0


class Full:
    """A disk with room for some bytes; of the write that fills it half is there."""

    def __init__(self, room: int) -> None:
        self._file, self._room = open_real(buffering=0), room
        self.seek, self.read, self.close = self._file.seek, self._file.read, self._file.close
        self.fileno = self._file.fileno

    def write(self, part: memoryview) -> int:
        if not self._room:
            raise OSError(28, "No space left on device")
        written = self._file.write(part[: self._room])
        self._room -= written
        return written


@pytest.mark.parametrize("room", [0, 1, BLOCK, BLOCK + 500, BLOCK + 1000, 2 * BLOCK])
async def test_a_disk_that_becomes_full_loses_nothing(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    def open_full(**_: Any) -> Full:
        return Full(room)

    monkeypatch.setattr(tempfile, "TemporaryFile", open_full)
    places = Room(1)
    async with Kept(body_of(PARTS), places) as kept:
        assert not kept.is_whole
        assert b"".join([part async for part in kept.parts()]) == b"".join(PARTS)
        assert kept.is_whole
    assert places.free == 1


def tell_of_disk(monkeypatch: pytest.MonkeyPatch, free: int, blocks: int = 1) -> list[int]:
    """Let every file say that its disk has so many bytes free, less what is in it; return what was in it each time."""
    seen: list[int] = []

    def told(number: int) -> Any:
        seen.append(os.fstat(number).st_size)
        return SimpleNamespace(f_blocks=blocks, f_bavail=max(free - seen[-1], 0), f_frsize=1)

    monkeypatch.setattr(os, "fstatvfs", told)
    return seen


@pytest.mark.parametrize(
    ("free", "kept"),
    [
        (0, 0),
        (RESERVE + BLOCK - 1, 0),
        (RESERVE + BLOCK, 1),
        (RESERVE + BLOCK + 1000, 2),
        (RESERVE + sum(map(len, PARTS)), 3),
    ],
)
async def test_a_reserve_of_the_disk_is_left_to_others(monkeypatch: pytest.MonkeyPatch, free: int, kept: int) -> None:
    seen = tell_of_disk(monkeypatch, free)
    async with Kept(body_of(PARTS), Room(1)) as body:
        assert body.is_whole is (kept == len(PARTS))
        assert seen == [sum(map(len, PARTS[:at])) for at in range(min(kept + 1, len(PARTS)))]
        assert b"".join([part async for part in body.parts()]) == b"".join(PARTS)
        assert body.is_whole


async def test_a_disk_without_a_limit_takes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    # So says a tmpfs of size=0: it has no blocks, and none of them is free.
    tell_of_disk(monkeypatch, 0, blocks=0)
    async with Kept(body_of(PARTS), Room(1)) as body:
        assert body.is_whole


@pytest.mark.parametrize(("parts", "error"), [([b"a", None], ClientLeft), ([b"a" * 5 * BLOCK], TooLarge)])
async def test_a_body_that_fails_leaves_its_place(parts: list[bytes | None], error: type[Exception]) -> None:
    room = Room(1)
    with pytest.raises(error):
        async with Kept(body_of(parts), room):
            pytest.fail("the body is not whole")
    assert room.free == 1


async def test_who_is_cancelled_waits_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    # A file that is closed under a thread that writes to it gives its number to another file.
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    class Slow(Full):
        def write(self, part: memoryview) -> int:
            begun.set()
            go_on.wait(10)
            written = super().write(part)
            done.set()
            return written

    def open_slow(**_: Any) -> Full:
        return Slow(BLOCK)

    monkeypatch.setattr(tempfile, "TemporaryFile", open_slow)
    room = Room(1)

    async def take() -> None:
        async with Kept(body_of([b"a"]), room):
            pytest.fail("it was cancelled")

    task = asyncio.create_task(take())
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()
    assert room.free == 1
