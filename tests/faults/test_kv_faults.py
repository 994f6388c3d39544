"""The key-value store under kill -9 and restarts of PostgreSQL: every intent that was tried until it was answered is in
the history of its key, once, under the version that was told; nothing else is there."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import StartService
from tests.support.postgres import PostgresServer
from tests.support.waiting import eventually

KEYS = [f"faults/{number}" for number in range(4)]
WRITERS = 8


@pytest.fixture
async def http() -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10) as client:
        yield client


class Writers:
    """Clients that never give an intent up: they ask again, with the same key, until they are told."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.told: dict[str, tuple[str, int]] = {}
        self.again = 0
        self._http = http
        self._stop = asyncio.Event()

    async def write(self, seed: int) -> None:
        dice = random.Random(seed)
        while not self._stop.is_set():
            key, intent = dice.choice(KEYS), str(uuid4())
            if dice.random() < 0.3:
                call = ("PATCH", f"/kv/{key}", {"intent": intent})
            else:
                call = ("PUT", f"/kv/{key}", {"value": {"intent": intent}})
            self.told[intent] = (key, await self._insist(*call, intent))

    async def _insist(self, method: str, path: str, body: Any, intent: str) -> int:
        while True:
            try:
                reply = await self._http.request(method, path, json=body, headers={"Idempotency-Key": intent})
            except httpx.TransportError:
                reply = None
            if reply is not None and reply.is_success:
                return reply.json()["version"]
            assert reply is None or reply.status_code in (409, 503), reply.text
            self.again += 1
            await asyncio.sleep(0.05)

    async def run(self, breaks: Callable[[], Awaitable[object]], rounds: int) -> None:
        """Write, break something again and again meanwhile, then stop."""
        for key in KEYS:
            await self._insist("PUT", f"/kv/{key}", {"value": {}}, str(uuid4()))
        tasks = [asyncio.create_task(self.write(seed)) for seed in range(WRITERS)]
        for number in range(1, rounds + 1):
            await eventually(lambda number=number: len(self.told) > 100 * number, "writes", within=30)
            await breaks()
        await eventually(lambda: len(self.told) > 100 * (rounds + 1), "writes", within=30)
        self._stop.set()
        await asyncio.gather(*tasks)

    async def histories(self) -> dict[str, tuple[str, int]]:
        """Return what is stored: every intent with its key and version. Each but the first comes once."""
        found: dict[str, tuple[str, int]] = {}
        for key in KEYS:
            rows = (await self._http.get(f"/kv/{key}", params={"history": "true"})).json()
            intents = [(row["value"].get("intent"), (key, row["version"])) for row in reversed(rows)]
            assert intents[0][0] is None
            assert len({intent for intent, _ in intents}) == len(intents)
            found |= dict(intents[1:])
        return found


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.soak)])
async def test_kill9(start_service: StartService, engine_url: str, http: httpx.AsyncClient, rounds: int) -> None:
    service = start_service(database_url=engine_url, arguments=["--workers", "2"])
    http.base_url = service.base_url
    writers = Writers(http)

    async def kill() -> None:
        await asyncio.to_thread(service.kill9)
        await asyncio.to_thread(service.start)

    await writers.run(kill, rounds)
    assert writers.again
    assert await writers.histories() == writers.told


async def test_restarts_of_postgres(
    start_service: StartService, postgres_url: str, breakable_postgres: PostgresServer, http: httpx.AsyncClient
) -> None:
    service = start_service(database_url=postgres_url)
    http.base_url = service.base_url
    writers = Writers(http)
    await writers.run(lambda: asyncio.to_thread(breakable_postgres.restart, "immediate"), 2)
    assert writers.again
    assert await writers.histories() == writers.told
