"""How long the event loop of a service is held: how late a task was that wants to run every half millisecond."""

import asyncio
from time import perf_counter

from msgspec import Struct

from roadbed.data.database import Database
from roadbed.http.call import Call
from roadbed.http.operations import Operations
from roadbed.kernel.clock import Clock
from roadbed.resource.domain import Domain

EVERY = 0.0005
"""Seconds."""


class Held(Struct):
    """Milliseconds by which the task was late since it was asked for the last time: the most, and 99.9 % of times."""

    most: float
    p999: float
    times: int


class Watch:
    """The task. It begins with the first question."""

    def __init__(self, _database: Database, _clock: Clock) -> None:
        self._late: list[float] = []
        self._task: asyncio.Task[None] | None = None

    def ask(self) -> Held:
        """Return what was seen since the last question."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        late, self._late = sorted(self._late) or [0.0], []
        return Held(late[-1] * 1e3, late[int(len(late) * 0.999)] * 1e3, len(late))

    async def _run(self) -> None:
        due = perf_counter()
        while True:
            due = max(due, perf_counter()) + EVERY
            await asyncio.sleep(due - perf_counter())
            self._late.append(max(perf_counter() - due, 0.0))


operations: Operations[Watch] = Operations("holding", "How long the event loop is held")


@operations.get("/held")
async def held(call: Call[Watch]) -> Held:
    """Return how late a task was since the last question."""
    return call.service.ask()


domain = Domain(name="holding", title="Holding", operations=operations, open=Watch)
