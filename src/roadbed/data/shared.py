"""Reads that askers share: while one is in the air, all who ask the same wait for the next one, together.

What everybody looks at, the newest entries of a list, is read (and written as JSON) once per round trip instead of
once per request. Nobody gets an answer that is older than the question: a read begins after all who share it asked.
Other questions do not wait for it: a slow search delays those alone who search for the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from time import perf_counter
from typing import Any, TypeVar

from roadbed.data.joining import open_transaction
from roadbed.data.outcomes import settle, twin
from roadbed.data.spans import begin_ride
from roadbed.kernel.spans import Span, current, enter

R = TypeVar("R")

_Read = Callable[[], Awaitable[Any]]


class _Party:
    """Those who wait for one read."""

    def __init__(self, read: _Read) -> None:
        self.read = read
        self.seats: list[asyncio.Future[Any]] = []
        self.spans: list[Span] = []
        self.left = 0
        self.task: asyncio.Task[None] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether all have left."""
        return self.left == len(self.seats)

    def leave(self) -> None:
        """Note that somebody does not wait any more; a read for nobody is broken off."""
        self.left += 1
        if self.task is not None and self.is_empty:
            self.task.cancel()

    async def travel(self) -> None:
        """Read, and tell everybody."""
        # The task has the context of whoever happened to ask first, perhaps for the read before this one.
        ride = begin_ride("shared read", self.spans, len(self.seats), perf_counter())
        enter(ride)
        try:
            answer = await self.read()
        except Exception as error:  # noqa: BLE001  whatever it is, those who asked must hear of it
            if ride is not None:
                ride.fail(error)
            for seat in self.seats:
                settle(seat, twin(error))
        else:
            for seat in self.seats:
                if not seat.done():
                    seat.set_result(answer)
        finally:
            if ride is not None:
                ride.end()


class Shared:
    """Reads by question. Bounded by whoever asks: there are never more reads than askers."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, _Party] = {}
        self._airborne: set[Hashable] = set()

    async def ask(self, question: Hashable, read: Callable[[], Awaitable[R]]) -> R:
        """Return what ``read`` returns: one and the same object for all who share it, to be looked at alone.

        ``question`` tells everything that the answer depends on but the state of the data. What the read raises, each
        asker gets as an exception of its own.
        """
        if open_transaction() is not None:
            # What a transaction sees is nobody else's.
            return await read()
        party = self._waiting.get(question)
        loop = asyncio.get_running_loop()
        if party is None:
            party = self._waiting[question] = _Party(read)
            if question not in self._airborne:
                # At the end of this turn of the event loop: requests that came with it share the read.
                loop.call_soon(self._depart, question)
        seat: asyncio.Future[R] = loop.create_future()
        party.seats.append(seat)
        span = current()
        if span is not None:
            party.spans.append(span)
        try:
            return await seat
        except asyncio.CancelledError:
            party.leave()
            raise

    def _depart(self, question: Hashable) -> None:
        party = self._waiting.pop(question)
        if not party.is_empty:
            self._airborne.add(question)
            party.task = asyncio.get_running_loop().create_task(party.travel())
            # Not at the end of ``travel``: a task that is cancelled before its first step never gets there.
            party.task.add_done_callback(lambda _: self._land(question))

    def _land(self, question: Hashable) -> None:
        self._airborne.remove(question)
        if question in self._waiting:
            self._depart(question)
