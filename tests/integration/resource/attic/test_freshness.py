"""The cache over real databases and a real Redis: no reply is older than what was acknowledged before it was asked."""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from roadbed.data.cache.opening import Cache, open_cache
from roadbed.data.cache.redis import RedisBodies
from roadbed.data.database import Database
from roadbed.data.named_sql import compile_statement
from roadbed.data.opening import open_database
from roadbed.data.queries import Query
from roadbed.http.caching import ResponseCache
from roadbed.http.edge import Edge
from roadbed.kernel.clock import now
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.events import CacheAsked, CacheFailed, Events
from roadbed.kernel.settings import Settings
from roadbed.resource.domain import Domain
from tests.integration.resource.attic.domain import domain
from tests.support.redis import RedisServer
from tests.support.waiting import eventually
from tests.unit.http.driving import OPTIONS, Reply, ask

_rng = random.Random(11)


async def hold(_run: Any, _write: Any) -> None:
    """Hold a commit back, after everything was written."""
    await asyncio.sleep(_rng.choice([0, 0, 0.01, 0.03]))


# A hook brings writes to the event loop, where they can be held.
HELD: Domain[Any] = msgspec.structs.replace(
    domain, resources=[msgspec.structs.replace(each, after=hold) for each in domain.resources]
)


class Process:
    """What one process of the service holds: its database, its cache, its operations."""

    def __init__(self, database: Database, cache: Cache, events: Events, what: Domain[Any]) -> None:
        self.database = database
        self.cache = cache
        self.results: list[str] = []
        self.failures: list[CacheFailed] = []
        events.on(CacheAsked, lambda event: self.results.append(event.result))
        events.on(CacheFailed, self.failures.append)
        self.edge = Edge(what.opened(database, now), events, OPTIONS, cache=ResponseCache(cache, events))

    async def ask(self, call: str, body: Any = None, **headers: str) -> Reply:
        reply = await ask(self.edge, call, body, headers)
        assert reply.status < 300, reply.body
        return reply

    async def make(self, path: str, **values: Any) -> str:
        return (await self.ask(f"POST {path}", values)).json()["id"]


class Service:
    def __init__(self, settings: Settings, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._stack = stack

    async def process(self, what: Domain[Any] = domain) -> Process:
        events = Events()
        database = await open_database(self._settings, events)
        self._stack.push_async_callback(database.close, 5)
        cache = await open_cache(self._settings, database, events)
        self._stack.push_async_callback(cache.close)
        return Process(database, cache, events, what)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["memory", "redis"])
async def service(attic_url: str, request: pytest.FixtureRequest) -> AsyncGenerator[Service]:
    url = request.getfixturevalue("redis").url if request.param == "redis" else ""
    async with AsyncExitStack() as stack:
        yield Service(Settings(database_url=attic_url, redis_url=url), stack)


async def test_no_reply_is_older_than_what_was_told_before_it_was_asked(
    service: Service, request: pytest.FixtureRequest
) -> None:
    """Two processes write, hold commits back and read, while Redis is killed, frozen and started again."""
    processes = [await service.process(HELD), await service.process(HELD)]
    first = processes[0]
    tome = await first.make("/tomes", shelf=await first.make("/shelves", name="s"), title="t")
    told, pages = 0, count(1)
    found: list[tuple[int, int]] = []
    done = asyncio.Event()

    async def write(process: Process, times: int) -> None:
        nonlocal told
        for _ in range(times):
            reply = await process.ask(f"PATCH /tomes/{tome}", {"pages": next(pages)})
            told = max(told, reply.json()["version"])
            await asyncio.sleep(_rng.random() / 50)

    async def read() -> None:
        while not done.is_set():
            process, target = _rng.choice(processes), _rng.choice([f"/tomes/{tome}", "/tomes", "/tomes?title=t"])
            before = told
            shown = (await process.ask(f"GET {target}")).json()
            # A hit is answered without a turn of the loop.
            await asyncio.sleep(0.001)
            found.append((before, (shown[0] if isinstance(shown, list) else shown)["version"]))

    async def trouble() -> None:
        if first.cache.shared is None:
            return
        server: RedisServer = request.getfixturevalue("redis")
        while not done.is_set():
            await asyncio.sleep(0.2)
            server.kill()
            await asyncio.sleep(0.2)
            await asyncio.to_thread(server.start)
            await asyncio.sleep(0.2)
            with server.frozen():
                await asyncio.sleep(0.4)

    readers = [asyncio.create_task(each) for each in (*(read() for _ in range(6)), trouble())]
    await asyncio.gather(*(write(process, 25) for process in processes for _ in range(2)))
    done.set()
    await asyncio.gather(*readers)
    assert [pair for pair in found if pair[1] < pair[0]] == []
    assert (told, len(found) > 200) == (101, True)
    assert {"hit", "miss"} <= {result for process in processes for result in process.results}


LOWER = "UPDATE feed SET number = number - 2 WHERE name <> ''"
SET_BACK = Query(
    "set back", {"sqlite": compile_statement(LOWER, "?"), "postgres": compile_statement(LOWER, "$")}, tuple
)


async def test_numbers_that_come_again_bring_nothing_old(service: Service) -> None:
    """The database was set back: the numbers that follow were used before, for other content."""
    process = await service.process()
    shelf = await process.make("/shelves", name="a")
    for name in "bcd":
        await process.ask(f"PATCH /shelves/{shelf}", {"name": name})
    assert (await process.ask("GET /shelves")).json()[0]["name"] == "d"
    await process.database.execute(SET_BACK)
    await process.ask("GET /shelves")
    for name in "ef":
        await process.ask(f"PATCH /shelves/{shelf}", {"name": name})
    assert (await process.ask("GET /shelves")).json()[0]["name"] == "f"


async def test_a_write_leaves_the_replies_of_others_alone(service: Service) -> None:
    process = await service.process()
    shelf = await process.make("/shelves", name="s")
    await process.ask("GET /tomes")
    await process.make("/shelves", name="other")
    assert (await process.ask("GET /tomes")).header("cache-status") == "roadbed; hit"
    await process.make("/tomes", shelf=shelf, title="t")
    assert (await process.ask("GET /tomes")).header("cache-status") == "roadbed; fwd=uri-miss; stored"


@pytest.mark.parametrize("service", ["redis"], indirect=True)
async def test_processes_share_what_redis_keeps_until_one_starts(service: Service, redis: RedisServer) -> None:
    first, second = await service.process(), await service.process()
    await first.ask("GET /tomes?total=true")
    await eventually(lambda: first.cache.shared is not None and not first.cache.shared._writes, "the write to Redis")
    reply = await second.ask("GET /tomes?total=true")
    assert (reply.header("cache-status"), reply.header("total-count")) == ("roadbed; hit; detail=shared", "0")
    assert (await second.ask("GET /tomes?total=true")).header("cache-status") == "roadbed; hit"
    # Another release may show rows in another way, and a restore bring numbers again.
    third = await service.process()
    assert (await third.ask("GET /tomes?total=true")).header("cache-status") == "roadbed; fwd=uri-miss; stored"
    assert third.failures == []


@pytest.mark.parametrize("service", ["redis"], indirect=True)
async def test_without_redis_replies_come_all_the_same(service: Service, redis: RedisServer) -> None:
    process = await service.process()
    checks = process.cache.checks()
    assert (await checks["cache"]()).ok
    redis.kill()
    health = await checks["cache"]()
    assert (health.ok, health.vital, health.detail) == (False, False, "it does not answer")
    assert [(await process.ask("GET /tomes")).header("cache-status") for _ in range(2)] == [
        "roadbed; fwd=uri-miss; stored",
        "roadbed; hit",
    ]
    # It was asked once; then it is left alone for a while.
    await process.ask("GET /tomes?title=a")
    assert len(process.failures) == 1
    shared = process.cache.shared
    assert shared is not None
    await asyncio.to_thread(redis.start)
    await eventually(lambda: shared.is_awake, "the end of the pause")
    await process.ask("GET /tomes?title=b")
    await eventually(lambda: not shared._writes, "the write")
    assert len(process.failures) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1", "redis://127.0.0.1:port/0"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ConfigurationError, match="no"):
        RedisBodies(url, 60, Events())
