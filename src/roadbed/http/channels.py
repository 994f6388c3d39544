"""Event streams (server-sent events): what one client will be sent, in a bounded buffer between two tasks.

The format is WHATWG's (https://html.spec.whatwg.org/multipage/server-sent-events.html). A handler returns
``Reply(body=channel, media_type=EVENT_STREAM)``; who has something to say calls ``channel.push(frame(...))``.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any

EVENT_STREAM = "text/event-stream"

PATIENCE = 1.0
"""Seconds at a shutdown in which a client may still read the end of its stream."""

HEARTBEAT = 15.0
"""Seconds after which a silent stream gets a comment: proxies cut off what says nothing for a minute."""

BUFFER = 256 * 1024
"""Bytes that wait for one client at most, beyond what the system holds for its socket."""

COMMENT = b":\n\n"

Produce = Callable[["Channel"], Awaitable[None]]


def frame(data: bytes, event_id: int | None = None, kind: str = "") -> bytes:
    """Return one event. ``data`` may have line breaks; ``kind`` is the event's name (``message`` where it is empty)."""
    lines: list[bytes] = []
    if event_id is not None:
        lines.append(b"id: %d" % event_id)
    if kind:
        lines.append(b"event: " + kind.encode())
    if b"\n" in data or b"\r" in data:
        lines += [b"data: " + line for line in data.splitlines()]
    else:
        lines.append(b"data: " + data)
    return b"\n".join(lines) + b"\n\n"


class Channel:
    """What one client of an event stream is still to be sent.

    ``produce``, if there is one, runs beside the stream as a task of its own from when the head has left: it pushes
    what the client missed, for example. It may return before the stream ends; it is cancelled when the stream does.
    An error of it breaks the stream off. ``limit`` is in bytes. ``feed`` names what it follows. ``heartbeat`` makes
    what a silent stream is sent. All of it belongs to the event loop's thread.
    """

    def __init__(self, produce: Produce | None = None, limit: int = BUFFER) -> None:
        self.produce = produce
        self.limit = limit
        self.feed = ""
        self.size = 0
        self.is_open = True
        self.is_cut = False
        self.heartbeat: Callable[[], bytes] = lambda: COMMENT
        self._frames: deque[bytes] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._closed: list[Callable[[], None]] = []
        self._is_silent = True
        self._error: BaseException | None = None

    def push(self, frames: bytes) -> bool:
        """Add whole events. A client for whom too much waits is cut off: it comes again with ``Last-Event-ID``.

        Returns whether the stream goes on.
        """
        if not self.is_open:
            return False
        if self.size and self.size + len(frames) > self.limit:
            self.cut()
            return False
        self._frames.append(frames)
        self.size += len(frames)
        self._is_silent = False
        self._wake()
        return True

    async def room(self, size: int = 0) -> bool:
        """Wait until half of the buffer is free, and there is room for ``size`` bytes (or nothing else waits).

        For who has much to push. Returns whether the stream goes on.
        """
        while self.is_open and self.size and (self.size * 2 > self.limit or self.size + size > self.limit):
            self._room = asyncio.get_running_loop().create_future()
            await self._room
        return self.is_open

    async def take(self) -> bytes:
        """Wait for events and return all that there are; no bytes mean that the stream has ended.

        Raises:
            Exception: what the producer failed with.
        """
        while not self._frames:
            if self._error is not None:
                raise self._error
            if not self.is_open:
                return b""
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        taken = self._frames.popleft() if len(self._frames) == 1 else b"".join(self._frames)
        self._frames.clear()
        self.size = 0
        self._make_room()
        return taken

    def end(self) -> None:
        """End the stream after what waits already."""
        if self.is_open:
            self.is_open = False
            self._wake()
            self._make_room()
            for closed in self._closed:
                closed()
            self._closed.clear()

    def cut(self) -> None:
        """End the stream now; what waits is dropped."""
        self.is_cut = True
        self._frames.clear()
        self.size = 0
        self.end()

    def fail(self, error: BaseException) -> None:
        """End the stream as one that broke."""
        self._error = error
        self.cut()

    def when_closed(self, callback: Callable[[], None]) -> None:
        """Call something as soon as nothing can be pushed any more."""
        if self.is_open:
            self._closed.append(callback)
        else:
            callback()

    def beat(self) -> None:
        """Push a comment if nothing was pushed since the last beat."""
        if self._is_silent and not self.size:
            self.push(self.heartbeat())
        self._is_silent = True

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _make_room(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)


class Channels:
    """All event streams of one process, with one timer for their heartbeats.

    ``is_over``: the streams were ended, and whoever did not read the end has been cut off.
    """

    def __init__(self) -> None:
        self.is_over = False
        self.open: dict[Channel, asyncio.Task[Any]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._ending = False

    def feeds(self) -> dict[str, int]:
        """Return how many streams are open, by the feed that they follow."""
        return dict(Counter(channel.feed for channel in self.open if channel.feed))

    def enter(self, channel: Channel, task: asyncio.Task[Any]) -> None:
        """Take in a stream that begins. While the process ends it ends at once: its client then comes again."""
        self.open[channel] = task
        if self._ending:
            channel.end()
        elif self._timer is None:
            self._timer = task.get_loop().call_later(HEARTBEAT, self._beat)

    def leave(self, channel: Channel) -> None:
        """Forget a stream that has ended."""
        channel.cut()
        self.open.pop(channel, None)
        if not self.open and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end(self) -> None:
        """End all streams, also those that would begin later: the process shuts down."""
        self._ending = True
        for channel in list(self.open):
            channel.end()
        asyncio.get_running_loop().call_later(PATIENCE, self._abandon)

    def _abandon(self) -> None:
        self.is_over = True
        for task in self.open.values():
            task.cancel()

    def _beat(self) -> None:
        for channel in list(self.open):
            channel.beat()
        self._timer = asyncio.get_running_loop().call_later(HEARTBEAT, self._beat)
