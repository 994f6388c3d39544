"""One feed of changes, read once per process and sent to all who watch it.

A hub sleeps while nobody watches. Then it reads what the bell wakes it for, encodes each change once, and sends them in
groups: the first at once, the next not before ``GROUP`` seconds have passed, so that a thousand watchers of a busy feed
cost ten writes a second each. Whoever comes with an older position is first brought up to the hub's from the log, on
its own, and then joins: nothing is lost, nothing doubled, and all is in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, TypeAlias

import msgspec

from roadbed.data import changes
from roadbed.data.changes import Change, Page
from roadbed.data.database import Database
from roadbed.http.channels import Channel, frame
from roadbed.kernel.errors import Gone, RoadbedError
from roadbed.kernel.spans import detached

GROUP = 0.1
"""Seconds between two groups of changes, at least."""

_PAUSE_AFTER_A_FAILURE = 0.5
_CATCH_UP_BYTES = 128 * 1024
_CATCHING_UP = 4
_LOOKS = 5
_UNDECODED: Any = object()


class Event:
    """One change on its way to its watchers: ``frame`` is what they are sent."""

    __slots__ = ("_decode", "_row", "change", "frame")

    def __init__(self, change: Change, frame: bytes, decode: Callable[[str], Any]) -> None:
        self.change = change
        self.frame = frame
        self._decode = decode
        self._row = _UNDECODED

    @property
    def row(self) -> Any:
        """The body, decoded once however many ask; None where the log keeps none."""
        if self._row is _UNDECODED:
            body = self.change.body
            self._row = None if body is None else self._decode(body)
        return self._row


Matches: TypeAlias = Callable[[Event], bool]
"""Tells whether a watcher wants an event. Those that are equal (a frozen struct with ``__call__``) are asked once for
all of their watchers."""


def encode_change(change: Change) -> bytes:
    """Return what an event says of a change: its body, or where the log keeps none ``{"key": …}``."""
    return msgspec.json.encode({"key": change.key}) if change.body is None else change.body.encode()


class Hub:
    """The watchers of one feed in one process. It needs no start and no end: it lives as long as somebody watches.

    ``encode`` makes the data of an event from a change, ``decode`` makes ``Event.row`` from a body.
    """

    def __init__(
        self,
        database: Database,
        feed: str,
        encode: Callable[[Change], bytes] = encode_change,
        decode: Callable[[str], Any] = msgspec.json.decode,
    ) -> None:
        self.feed = feed
        self._database = database
        self._encode = encode
        self._decode = decode
        self._groups: dict[Matches | None, dict[Channel, None]] = {}
        self._present: set[Channel] = set()
        self._task: asyncio.Task[None] | None = None
        self._position = -1
        self._wake = asyncio.Event()
        self._moved: asyncio.Future[None] | None = None
        self._reading = asyncio.Semaphore(_CATCHING_UP)

    @property
    def watchers(self) -> int:
        """How many watch at this moment."""
        return len(self._present)

    async def start_at(self, position: int | None) -> int:
        """Return where a watcher begins: at ``position``, or now.

        Raises:
            Gone: what came after that position is not kept any more, or it is none.
        """
        if position is None:
            return await changes.head(self._database, self.feed)
        await changes.read(self._database, self.feed, position, limit=1)
        return position

    async def follow(self, channel: Channel, position: int, matches: Matches | None = None) -> None:
        """Send a channel what comes after a position: first from the log, then with all others. ``Channel.produce``.

        It returns as soon as the channel has joined the others.

        Raises:
            Gone: the log was swept meanwhile.
        """
        self._enter(channel)
        channel.push(_mark(position))
        await self._reach(position)
        while position < self._position and channel.is_open:
            async with self._reading:
                page = await changes.read(self._database, self.feed, position, size=_CATCH_UP_BYTES)
            # Never beyond the hub: what comes after it will be sent with all others.
            until = min(page.last, self._position)
            for change in page.changes:
                event = self._event(change)
                if change.number <= until and (matches is None or matches(event)):
                    await channel.room(len(event.frame))
                    channel.push(event.frame)
            position = until
        if channel.is_open:
            # No turn of the event loop lies between this and the last look at the hub's position.
            self._groups.setdefault(matches, {})[channel] = None
            channel.when_closed(lambda: self._part(channel, matches))
            channel.heartbeat = self._heartbeat

    def _enter(self, channel: Channel) -> None:
        self._present.add(channel)
        channel.when_closed(lambda: self._leave(channel))
        if self._task is None and self._present:
            self._position = -1
            self._database.bell.on(self.feed, self._wake.set)
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._live(), name=f"hub:{self.feed}", context=detached())

    def _part(self, channel: Channel, matches: Matches | None) -> None:
        group = self._groups.get(matches, {})
        group.pop(channel, None)
        if not group:
            self._groups.pop(matches, None)

    def _leave(self, channel: Channel) -> None:
        self._present.discard(channel)
        if not self._present and self._task is not None:
            self._database.bell.off(self.feed, self._wake.set)
            self._task.cancel()
            self._task = None

    async def _reach(self, position: int) -> None:
        """Wait until the hub has read that far: to be asked for it once is enough, unless the log was set back."""
        for _ in range(_LOOKS):
            if self._position >= position:
                return
            if self._moved is None:
                self._moved = asyncio.get_running_loop().create_future()
            self._wake.set()
            await asyncio.shield(self._moved)
        raise Gone(f"The feed has no number {position} any more")

    async def _live(self) -> None:
        sent = float("-inf")
        while True:
            try:
                page = await self._next()
                self._deliver(page)
                if page.changes:
                    sent = monotonic()
                if not page.more:
                    await self._wake.wait()
                    # What comes until then makes one group.
                    await asyncio.sleep(sent + GROUP - monotonic())
            except Gone:
                # They come again with their position, and are told.
                self._end_all()
            except RoadbedError:
                # The engine has told of it. Nothing is lost: the log is read on from here.
                await asyncio.sleep(_PAUSE_AFTER_A_FAILURE)
            except Exception as error:  # noqa: BLE001 - whatever it is breaks the streams, and is told there
                self._end_all(error)
                await asyncio.sleep(_PAUSE_AFTER_A_FAILURE)

    async def _next(self) -> Page:
        self._wake.clear()
        if self._position < 0:
            return Page([], await changes.head(self._database, self.feed), more=False)
        return await changes.read(self._database, self.feed, self._position)

    def _event(self, change: Change) -> Event:
        return Event(change, frame(self._encode(change), change.number, change.kind), self._decode)

    def _deliver(self, page: Page) -> None:
        events = [self._event(change) for change in page.changes]
        for matches, group in tuple(self._groups.items()) if events else ():
            try:
                frames = b"".join([event.frame for event in events if matches is None or matches(event)])
            except Exception as error:  # noqa: BLE001 - what one filter stumbles over is no matter of the others
                _fail(group, error)
                continue
            if frames:
                for channel in tuple(group):
                    channel.push(frames)
        self._position = page.last
        if self._moved is not None:
            self._moved.set_result(None)
            self._moved = None

    def _end_all(self, error: Exception | None = None) -> None:
        if error is not None:
            _fail(self._present, error)
        for channel in tuple(self._present):
            channel.end()

    def _heartbeat(self) -> bytes:
        # Who is told nothing for long, for its filter, must not fall behind what the log keeps.
        return _mark(self._position)


def _mark(position: int) -> bytes:
    """Return what moves a client's ``Last-Event-ID`` without being an event to it."""
    return b":\nid: %d\n\n" % position


def _fail(channels: Iterable[Channel], error: Exception) -> None:
    for channel in tuple(channels):
        channel.fail(error)
