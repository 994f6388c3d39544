"""Event streams under faults: over kills and reconnections each change comes once, in order; a stop ends them all."""

import asyncio
import random
import re
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.conftest import StartService
from tests.support.service import Service
from tests.support.waiting import PATIENCE, eventually

ENV = {"ROADBED_DOMAINS": "tests.faults.watched:domain", "PYTHONPATH": str(Path(__file__).parents[2])}
EVENT = re.compile(r"id: (\d+)\nevent: create\ndata: {}")


class Client:
    """Watches from the first change on; what it sees goes into ``seen``."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.seen: list[int] = []

    async def watch(self, most: int) -> None:
        """Read a stream until it ends or ``most`` events came."""
        headers = {"Last-Event-ID": str(self.seen[-1] if self.seen else 0)}
        text = ""
        async with self._http.stream("GET", "/marks/events", headers=headers) as reply:
            assert (reply.status_code, reply.headers["content-type"]) == (200, "text/event-stream")
            async for part in reply.aiter_text():
                # What is cut off in the middle of an event does not count (the standard says so, too).
                *whole, text = (text + part).split("\n\n")
                found = [int(match[1]) for event in whole if (match := EVENT.fullmatch(event))]
                self.seen += found
                most -= len(found)
                if most <= 0:
                    return

    async def watch_for_ever(self, rng: random.Random) -> None:
        while True:
            with suppress(httpx.TransportError):
                await self.watch(rng.randrange(1, 40))
            await asyncio.sleep(rng.random() / 20)

    async def post(self) -> int:
        reply = await self._http.post("/marks")
        assert reply.status_code in {201, 503}
        return reply.json()["number"] if reply.status_code == 201 else 0


@pytest.fixture
async def http() -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=PATIENCE, limits=httpx.Limits(max_connections=None)) as client:
        yield client


async def write_and_kill(service: Service, http: httpx.AsyncClient, rounds: int) -> None:
    """Kill the service in the midst of writes again and again, while eight watch."""
    http.base_url = service.base_url
    rng = random.Random(5)
    clients = [Client(http) for _ in range(8)]
    watchers = [asyncio.create_task(client.watch_for_ever(rng)) for client in clients]
    told: list[int] = []
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            with suppress(httpx.TransportError):
                told.append(await clients[0].post())

    writers = [asyncio.create_task(write()) for _ in range(4)]
    for count in range(100, 100 * rounds + 1, 100):
        await eventually(lambda count=count: len(told) > count, "writes")
        await asyncio.to_thread(service.kill9)
        await asyncio.to_thread(service.start)
    await eventually(lambda: len(told) > 100 * rounds + 50, "writes")
    stop.set()
    await asyncio.gather(*writers)
    last = await clients[0].post()
    await eventually(lambda: all(client.seen and client.seen[-1] == last for client in clients), "the last")
    for task in watchers:
        task.cancel()
    await asyncio.gather(*watchers, return_exceptions=True)
    # A write that was rolled back with its process took its number along: no gaps.
    assert [client.seen for client in clients] == [list(range(1, last + 1))] * len(clients)
    assert {number for number in told if number} <= set(clients[0].seen)


async def test_each_change_comes_once_and_in_order(
    start_service: StartService, engine_url: str, http: httpx.AsyncClient
) -> None:
    service = start_service(database_url=engine_url, env=ENV, arguments=["--workers", "2"])
    await write_and_kill(service, http, 1)


@pytest.mark.soak
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_over_many_kills_each_change_comes_once_and_in_order(
    start_service: StartService, engine_url: str, workers: str, http: httpx.AsyncClient
) -> None:
    service = start_service(database_url=engine_url, env=ENV, arguments=["--workers", workers])
    await write_and_kill(service, http, 20)


async def test_ctrl_c_with_a_hundred_watchers_waits_for_none_of_them(
    start_service: StartService, sqlite_url: str, http: httpx.AsyncClient
) -> None:
    # As requests in flight they could hold the end up for ten minutes.
    service = start_service(database_url=sqlite_url, env=ENV | {"ROADBED_DRAIN_TIMEOUT": "600"})
    http.base_url = service.base_url
    clients = [Client(http) for _ in range(90)]
    deaf = [await asyncio.open_connection("127.0.0.1", service.port) for _ in range(10)]
    for _, writer in deaf:
        writer.write(b"GET /marks/events?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    watchers = [asyncio.create_task(client.watch(10**6)) for client in clients]
    await clients[0].post()
    await eventually(lambda: all(client.seen == [1] for client in clients), "all watch")
    assert await asyncio.to_thread(service.interrupt) == 0
    # They end in order: a stream that broke would raise.
    await asyncio.gather(*watchers)
    for _, writer in deaf:
        writer.close()
