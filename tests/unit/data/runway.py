"""A destination for flights that a test holds in the air, and events that it keeps."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from roadbed.data.flights import Flight
from roadbed.kernel.events import Events, FlightLanded, RequestShed


class Runway:
    """Keeps every flight in the air until ``land``; remembers what flew."""

    def __init__(self) -> None:
        self.flown: list[list[Any]] = []
        self._arrivals: asyncio.Queue[asyncio.Future[Sequence[Any]]] = asyncio.Queue()

    async def fly(self, items: list[Any]) -> Sequence[Any]:
        """Stay in the air until a test says what came of it."""
        self.flown.append(items)
        arrival: asyncio.Future[Sequence[Any]] = asyncio.get_running_loop().create_future()
        self._arrivals.put_nowait(arrival)
        return await arrival

    async def land(self, outcome: Any = None) -> None:
        """Let the oldest flight in the air land: with these results, this exception, or each item as its result."""
        arrival = await self._arrivals.get()
        if isinstance(outcome, BaseException):
            arrival.set_exception(outcome)
        else:
            arrival.set_result(self.flown[-1] if outcome is None else outcome)
        await turn()


async def echo(items: list[Any]) -> Sequence[Any]:
    """Land at once."""
    return items


async def turn(times: int = 4) -> None:
    """Let the event loop go round, often enough for a landing and the next departure."""
    for _ in range(times):
        await asyncio.sleep(0)


class Tower:
    """A flight over a runway, and the events it emitted."""

    def __init__(
        self,
        capacity: int = 100,
        queue: int = 100,
        keys: Callable[[Any], Sequence[object]] | None = None,
        fly: Any = None,
    ) -> None:
        events = Events()
        self.landed: list[FlightLanded] = []
        self.shed: list[RequestShed] = []
        events.on(FlightLanded, self.landed.append)
        events.on(RequestShed, self.shed.append)
        self.runway = Runway()
        self.flight: Flight[Any, Any] = Flight(
            "test", fly or self.runway.fly, events, capacity=capacity, queue=queue, keys=keys
        )

    def join(self, *items: Any) -> list[asyncio.Future[Any]]:
        return [self.flight.join(item) for item in items]
