"""Clients that never give up: whatever becomes of the service, they ask again, in the same words, until told."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import uuid4

import httpx

from tests.faults.journal import PASSING
from tests.support.waiting import PATIENCE, eventually

WRITERS = 4
"""Clients of each domain."""

PAUSE = 0.05
"""Seconds after which a client asks again."""

STILL_RUNNING = "still-running"
"""The kind of problem that says: the first request with this key has not ended."""


class Asking:
    """One client: it asks one thing until it is answered. ``again`` counts how often that took another attempt."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.again = 0

    async def write(self, call: str, content: Any = None, key: str | None = None) -> httpx.Response:
        """Send JSON under an idempotency key, by default one of its own: what was done already is not done again."""
        headers = {"Idempotency-Key": key or str(uuid4()), "Content-Type": "application/json"}
        return await self.send(call, () if content is None else (json.dumps(content).encode(),), headers)

    async def read(self, target: str, **query: str | int) -> Any:
        """Return what is read, past every cache."""
        path = str(httpx.URL(target, params=query)) if query else target
        reply = await self.send(f"GET {path}", (), {"Cache-Control": "no-cache"})
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def send(self, call: str, parts: Sequence[bytes], headers: dict[str, str]) -> httpx.Response:
        """Send a request, its body in parts, until the answer is one that another attempt would not change."""
        method, _, target = call.partition(" ")
        while True:
            content = parts[0] if len(parts) == 1 else _slowly(parts) if parts else None
            try:
                reply = await self.http.request(method, target, content=content, headers=headers)
            except httpx.TransportError:
                reply = None
            if reply is not None and not _asks_to_come_again(reply):
                return reply
            self.again += 1
            await asyncio.sleep(PAUSE)


def _asks_to_come_again(reply: httpx.Response) -> bool:
    return reply.status_code in PASSING or (reply.status_code == 409 and reply.json()["type"].endswith(STILL_RUNNING))


async def _slowly(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
        await asyncio.sleep(0.005)


class Subject(Protocol):
    """One domain, what was written to it, and what its clients were told of that.

    ``findings`` are answers that no service should give.
    """

    findings: list[str]

    @property
    def damage(self) -> tuple[str, str]:
        """The name of a table, and a statement that takes from it what was told."""
        ...

    async def prepare(self, ask: Asking) -> None:
        """Write what the rest needs."""
        ...

    async def turn(self, ask: Asking, writer: int, dice: random.Random, /) -> None:
        """Intend one write, and see it through."""
        ...

    async def differences(self, ask: Asking, url: str, /) -> list[str]:
        """Compare what is stored with what was told: all of it is there, once, and nothing else is."""
        ...


class Trial:
    """Writers of several domains at one service, while something breaks again and again."""

    def __init__(self, http: httpx.AsyncClient, subjects: dict[str, Subject]) -> None:
        self.subjects = subjects
        self._asking = {name: [Asking(http) for _ in range(WRITERS)] for name in subjects}
        self._turns = dict.fromkeys(subjects, 0)
        self._stopping = False
        self._writers: list[asyncio.Task[None]] = []

    async def run(self, breaks: "Breaks", rounds: int, turns: int = 30) -> None:
        """Let each domain be written to ``turns`` times before, between and after what ``breaks``."""
        for name, subject in self.subjects.items():
            await subject.prepare(self._asking[name][0])
        places = [(name, place) for name in self.subjects for place in range(WRITERS)]
        self._writers = [asyncio.create_task(self._write(*place)) for place in places]
        for number in range(rounds):
            await self._more(turns)
            await breaks(self, number)
        await self._more(turns)
        self._stopping = True
        await asyncio.gather(*self._writers)

    async def verdict(self, url: str) -> dict[str, list[str]]:
        """Return what is wrong, by domain."""
        return {
            name: [*subject.findings[:5], *(await subject.differences(self._asking[name][0], url))[:5]]
            for name, subject in self.subjects.items()
        }

    @asynccontextmanager
    async def felt_by_all(self) -> AsyncGenerator[None]:
        """Break something in the block; then wait until in each domain somebody has had to ask again."""
        before = self._again()
        yield
        await self._until(lambda: all(now > then for now, then in zip(self._again(), before, strict=True)), "the fault")

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition; a writer that has failed says why itself, at the end."""
        await eventually(lambda: condition() or any(one.done() for one in self._writers), what)

    def _again(self) -> list[int]:
        return [sum(ask.again for ask in clients) for clients in self._asking.values()]

    async def _more(self, turns: int) -> None:
        goals = {name: told + turns for name, told in self._turns.items()}
        what = f"{turns} more writes to each of {list(goals)}"
        await self._until(lambda: all(self._turns[name] >= goal for name, goal in goals.items()), what)

    async def _write(self, name: str, place: int) -> None:
        dice = random.Random(f"{name} {place}")
        while not self._stopping:
            await self.subjects[name].turn(self._asking[name][place], place, dice)
            self._turns[name] += 1


Breaks = Callable[[Trial, int], Awaitable[object]]
"""Breaks something and mends it, for the so-manieth time."""


@asynccontextmanager
async def client_of(base_url: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A client without a bound on its connections."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=base_url, timeout=PATIENCE, limits=limits) as http:
        yield http
