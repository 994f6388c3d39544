"""Natural batching: while one flight is in the air, requests that arrive join the next.

An idle flight leaves at the end of the present turn of the event loop, so a lone request waits for nobody. Items keep
their order of arrival. Two items that share a key never share a flight: the later one takes a later flight, and
whatever arrives after it with the same key a still later one. Who clashes with nobody does not wait for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any, Generic, TypeVar

from roadbed.data.joining import after_commit, open_transaction, tell
from roadbed.data.outcomes import settle, twin
from roadbed.data.spans import begin_ride
from roadbed.kernel.errors import OutcomeUnknown, Overloaded, Unavailable
from roadbed.kernel.events import Events, FlightLanded, RequestShed
from roadbed.kernel.spans import Span, current, enter

I = TypeVar("I")  # noqa: E741
R = TypeVar("R")

_TIME_TO_BREAK_OFF = 1.0

Keys = Callable[[Any], Sequence[object]]
"""Names what an item must not share with another one of its flight."""

Told = Callable[[Any], None]
"""Hears of a result that is committed. It neither blocks nor raises."""

_Seat = tuple[Any, "asyncio.Future[Any]", float, Sequence[object], Span | None]


class Flight(Generic[I, R]):
    """A bounded queue in front of one function over a list of items.

    ``fly`` returns one result per item; an exception instance in an item's place is that item's failure. When
    ``fly`` itself raises, every item of the flight fails with it (the engines split flights before that).
    ``capacity`` bounds one flight, ``queue`` bounds the items that wait; beyond it ``join`` raises ``Overloaded``.
    One flight is in the air at a time: what it writes is there before the next one looks. ``program`` is what an open
    transaction runs in its own place. ``told`` is called with the result of each item, once, when it is committed:
    whoever waited for it may have left meanwhile. ``traced`` says whether there is anybody who wants spans.
    """

    def __init__(
        self,
        name: str,
        fly: Callable[[list[I]], Awaitable[Sequence[Any]]],
        events: Events,
        *,
        capacity: int,
        queue: int,
        keys: Keys | None = None,
        program: Any = None,
        traced: bool = False,
    ) -> None:
        self.name = name
        self.told: Told | None = None
        self._program = program
        self._traced = traced
        self._fly = fly
        self._capacity = capacity
        self._queue = queue
        self._keys = keys
        # Flights to come by number, each with at least one seat taken; those below ``_open`` are full.
        self._planned: dict[int, list[_Seat]] = {}
        self._next = 0
        self._open = 0
        self._latest: dict[object, int] = {}
        self._waiting = 0
        self._airborne: asyncio.Task[None] | None = None
        self._boarding = False
        self._closed = False
        self._landed = events.subscribers(FlightLanded)
        self._shed = events.subscribers(RequestShed)

    @property
    def depth(self) -> int:
        """How many items wait for a flight."""
        return self._waiting

    def join(self, item: I) -> asyncio.Future[R]:
        """Take a seat on the next flight; await the result. Whoever cancels the wait gives the seat up.

        Raises:
            Overloaded: the queue is full.
            Unavailable: the service is shutting down.
        """
        run = open_transaction()
        if run is not None:
            return asyncio.ensure_future(self._along(run, item))
        if self._closed:
            raise Unavailable("The service is shutting down")
        if self._waiting >= self._queue:
            for subscriber in self._shed:
                subscriber(RequestShed(f"flight:{self.name}"))
            raise Overloaded(f"{self._queue} requests already wait for {self.name}")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        keys = () if self._keys is None else self._keys(item)
        span = current() if self._traced else None
        seats = None if keys else self._planned.get(self._open)
        if seats is not None and len(seats) < self._capacity:
            # What most do: a seat without keys, on the first flight that is not full.
            seats.append((item, future, perf_counter(), keys, span))
        else:
            self._book((item, future, perf_counter(), keys, span))
        self._waiting += 1
        if self._airborne is None and not self._boarding:
            self._boarding = True
            loop.call_soon(self._depart)
        return future

    async def _along(self, run: Any, item: I) -> R:
        """Run an item as a part of the transaction that is open."""
        result = await run.fly(self._program, item)
        if self.told is not None:
            after_commit(partial(self.told, result))
        return result

    async def close(self, timeout: float) -> None:
        """Take nobody else on board and wait, at most ``timeout`` seconds, until all have landed.

        Whoever still waits then is told so; of a flight that is still in the air, nobody knows the outcome.
        """
        self._closed = True
        deadline = perf_counter() + timeout
        while self._airborne is not None or self._boarding:
            left = deadline - perf_counter()
            if left <= 0:
                break
            if self._airborne is None:
                await asyncio.sleep(0)
            else:
                await asyncio.wait((self._airborne,), timeout=left)
        self._refuse_who_waits()
        if self._airborne is not None:
            self._airborne.cancel()
            await asyncio.wait((self._airborne,), timeout=_TIME_TO_BREAK_OFF)

    def _book(self, seat: _Seat) -> None:
        """Put a seat on the first flight that has room and comes after all flights that hold one of its keys."""
        planned, latest = self._planned, self._latest
        number = self._open
        for key in seat[3]:
            taken = latest.get(key)
            if taken is not None and taken >= number:
                number = taken + 1
        while (seats := planned.get(number)) is not None and len(seats) >= self._capacity:
            if number == self._open:
                self._open += 1
            number += 1
        if seats is None:
            planned[number] = [seat]
        else:
            seats.append(seat)
        for key in seat[3]:
            latest[key] = number

    def _board(self) -> list[_Seat]:
        """Return the seats of the next flight but those whose people have left; empty when nobody waits."""
        while self._planned:
            number = self._next
            self._next += 1
            self._open = max(self._open, self._next)
            booked = self._planned.pop(number)
            self._waiting -= len(booked)
            seats = [seat for seat in booked if not seat[1].done()]
            if self._keys is not None:
                self._forget(booked, number)
            if seats:
                return seats
        return []

    def _forget(self, seats: list[_Seat], number: int) -> None:
        latest = self._latest
        for seat in seats:
            for key in seat[3]:
                if latest.get(key) == number:
                    del latest[key]

    def _depart(self) -> None:
        self._boarding = False
        seats = self._board()
        if seats:
            self._airborne = asyncio.get_running_loop().create_task(self._travel(seats))

    async def _results(self, items: list[I]) -> Sequence[Any]:
        results = await self._fly(items)
        if len(results) != len(items):
            raise RuntimeError(f"flight {self.name}: {len(results)} results for {len(items)} items")
        return results

    def _begin(self, seats: list[_Seat], departed: float) -> Span | None:
        """Begin the span of a flight: what its task does is part of it, and of no passenger's who happened to call."""
        passengers = [seat[4] for seat in seats if seat[4] is not None]
        ride = begin_ride(f"flight {self.name}", passengers, len(seats), departed)
        if ride is not None:
            ride.attributes["roadbed.flight.name"] = self.name
            ride.attributes["roadbed.flight.wait"] = departed - seats[0][2]
        enter(ride)
        return ride

    async def _travel(self, seats: list[_Seat]) -> None:
        departed = perf_counter()
        ride = self._begin(seats, departed) if self._traced else None
        try:
            results = await self._results([seat[0] for seat in seats])
        except asyncio.CancelledError:
            # Only ``close`` does that, and the end of the event loop: there will be no other flight.
            self._airborne = None
            self._refuse_who_waits()
            for seat in seats:
                settle(seat[1], OutcomeUnknown("The service is shutting down: the outcome is unknown"))
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, those on board must hear of it
            if ride is not None:
                ride.fail(error)
            for seat in seats:
                settle(seat[1], twin(error))
        else:
            if self.told is not None:
                for result in results:
                    tell(self.told, result)
            _hand_out(seats, results)
        self._airborne = None
        if self._planned:
            self._depart()
        if ride is not None:
            ride.end()
        landed = FlightLanded(self.name, len(seats), departed - seats[0][2], perf_counter() - departed)
        for subscriber in self._landed:
            subscriber(landed)

    def _refuse_who_waits(self) -> None:
        self._closed = True
        abandoned = [seat for seats in self._planned.values() for seat in seats]
        self._planned.clear()
        self._latest.clear()
        self._waiting = 0
        for seat in abandoned:
            settle(seat[1], Unavailable("The service is shutting down: nothing was written"))


def _hand_out(seats: Sequence[_Seat], results: Sequence[Any]) -> None:
    for (_, future, _, _, _), result in zip(seats, results, strict=True):
        if isinstance(result, Exception):
            settle(future, result)
        elif not future.done():
            future.set_result(result)
