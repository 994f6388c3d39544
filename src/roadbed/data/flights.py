"""Natural batching: while one flight is in the air, requests that arrive join the next.

An idle flight leaves at the end of the present turn of the event loop, so a lone request waits for nobody. Items keep
their order of arrival. Two items that share a key never share a flight: the later one, and whatever arrives after it
with the same key, waits for the next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any, Generic, TypeVar

from roadbed.kernel.errors import Overloaded, Unavailable
from roadbed.kernel.events import Events, FlightLanded, RequestShed

I = TypeVar("I")  # noqa: E741
R = TypeVar("R")

_Seat = tuple[Any, "asyncio.Future[Any]", float]


class Flight(Generic[I, R]):
    """A bounded queue in front of one function over a list of items.

    ``fly`` returns one result per item; an exception instance in an item's place is that item's failure. When
    ``fly`` itself raises, every item of the flight fails with it (the engines split flights before that).
    ``capacity`` bounds one flight, ``queue`` bounds the items that wait; beyond it ``join`` raises ``Overloaded``.
    """

    def __init__(
        self,
        name: str,
        fly: Callable[[list[I]], Awaitable[Sequence[Any]]],
        events: Events,
        *,
        capacity: int,
        queue: int,
        lanes: int = 1,
        keys: Callable[[I], Sequence[object]] | None = None,
    ) -> None:
        self.name = name
        self._fly = fly
        self._capacity = capacity
        self._queue = queue
        self._lanes = lanes
        self._keys = keys
        self._waiting: deque[_Seat] = deque()
        self._airborne: set[asyncio.Task[None]] = set()
        self._boarding = False
        self._closed = False
        self._landed = events.subscribers(FlightLanded)
        self._shed = events.subscribers(RequestShed)

    @property
    def depth(self) -> int:
        """How many items wait for the next flight."""
        return len(self._waiting)

    def join(self, item: I) -> asyncio.Future[R]:
        """Take a seat on the next flight; await the result.

        Raises:
            Overloaded: the queue is full.
            Unavailable: the service is shutting down.
        """
        if self._closed:
            raise Unavailable("The service is shutting down")
        if len(self._waiting) >= self._queue:
            for subscriber in self._shed:
                subscriber(RequestShed(f"flight:{self.name}"))
            raise Overloaded(f"{self._queue} requests already wait for {self.name}")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        self._waiting.append((item, future, perf_counter()))
        if not self._boarding and len(self._airborne) < self._lanes:
            self._boarding = True
            loop.call_soon(self._depart)
        return future

    async def close(self, timeout: float) -> None:
        """Take nobody else on board and wait, at most ``timeout`` seconds, until all have landed."""
        self._closed = True
        deadline = perf_counter() + timeout
        while (self._airborne or self._waiting) and perf_counter() < deadline:
            if self._airborne:
                await asyncio.wait(self._airborne, timeout=max(deadline - perf_counter(), 0.0))
            else:
                await asyncio.sleep(0)
        for _, future, _ in self._waiting:
            if not future.done():
                future.set_exception(Unavailable("The service is shutting down"))
        self._waiting.clear()

    def _depart(self) -> None:
        self._boarding = False
        while self._waiting and len(self._airborne) < self._lanes:
            seats = self._board()
            if not seats:
                return
            task = asyncio.get_running_loop().create_task(self._travel(seats))
            self._airborne.add(task)

    def _board(self) -> list[_Seat]:
        waiting = self._waiting
        if self._keys is None:
            if len(waiting) <= self._capacity:
                seats = list(waiting)
                waiting.clear()
                return seats
            return [waiting.popleft() for _ in range(self._capacity)]
        return self._board_without_clash(self._keys)

    def _board_without_clash(self, keys: Callable[[I], Sequence[object]]) -> list[_Seat]:
        seats: list[_Seat] = []
        later: list[_Seat] = []
        taken: set[object] = set()
        waiting = self._waiting
        while waiting and len(seats) < self._capacity:
            seat = waiting.popleft()
            held = keys(seat[0])
            if held and not taken.isdisjoint(held):
                later.append(seat)
            else:
                seats.append(seat)
            taken.update(held)
        waiting.extendleft(reversed(later))
        return seats

    async def _travel(self, seats: list[_Seat]) -> None:
        departed = perf_counter()
        try:
            results = await self._fly([seat[0] for seat in seats])
            if len(results) != len(seats):
                raise RuntimeError(f"flight {self.name}: {len(results)} results for {len(seats)} items")
        except BaseException as error:
            self._fail(seats, error)
            if not isinstance(error, Exception):
                raise
        else:
            for (_, future, _), result in zip(seats, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)
        finally:
            self._land(seats, departed)

    def _fail(self, seats: list[_Seat], error: BaseException) -> None:
        failure = error if isinstance(error, Exception) else Unavailable("The service is shutting down")
        for _, future, _ in seats:
            if not future.done():
                future.set_exception(failure)

    def _land(self, seats: list[_Seat], departed: float) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._airborne.discard(task)
        landed = FlightLanded(self.name, len(seats), departed - seats[0][2], perf_counter() - departed)
        for subscriber in self._landed:
            subscriber(landed)
        if self._waiting and not self._boarding:
            self._depart()
