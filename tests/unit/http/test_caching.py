"""Replies that are kept: what comes from the cache, what does not, and what the client is told of it."""

import asyncio
from typing import Annotated, Any

import msgspec
import pytest

from roadbed.data.cache.bodies import Bodies, Stamp
from roadbed.data.cache.opening import Cache
from roadbed.data.joining import joined
from roadbed.data.listing import Listing
from roadbed.http.caching import ResponseCache
from roadbed.http.call import Call
from roadbed.http.edge import Edge
from roadbed.http.operations import Operations
from roadbed.http.paging import Page
from roadbed.kernel.errors import NotFound, Unavailable
from roadbed.kernel.events import CacheAsked, Events
from tests.support.waiting import eventually
from tests.unit.http.driving import OPTIONS, Recorder, Reply, ask


class Note(msgspec.Struct):
    text: str


class Cursor(msgspec.Struct, array_like=True, frozen=True):
    number: int


class Notes:
    """Counts how often it was asked, and waits while ``gate`` is closed."""

    def __init__(self) -> None:
        self.asked = 0
        self.version = 1
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def note(self) -> Note:
        self.asked += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return Note(f"v{self.version}")


operations: Operations[Notes] = Operations("notes", "Notes")


@operations.get("/note", cache="note", raises=[NotFound])
async def read(call: Call[Notes], size: Annotated[int, msgspec.Meta(ge=0)] = 0) -> Note:
    """Read it."""
    found = await call.service.note()
    call.version = call.service.version
    return Note(found.text + "x" * size)


@operations.get("/notes", cache="note")
async def rows(call: Call[Notes], page: Page[Cursor]) -> Listing[Note]:
    """List."""
    return Listing([await call.service.note()], Cursor(7), 12 if page.total else None)


@operations.get("/plain")
async def plain(call: Call[Notes]) -> Note:
    """Read it as it is."""
    return await call.service.note()


class Numbers:
    """The database's part: the number of the feed, at once or after a while."""

    def __init__(self) -> None:
        self.stamp = Stamp(1, 0)
        self.at_once = True

    def known(self, _feed: str) -> Stamp | None:
        return self.stamp if self.at_once else None

    async def read(self, _feed: str) -> Stamp:
        await asyncio.sleep(0)
        return self.stamp


class World:
    def __init__(self) -> None:
        self.events = Events()
        self.recorder = Recorder(self.events)
        self.results: list[str] = []
        self.events.on(CacheAsked, lambda event: self.results.append(event.result))
        self.notes, self.numbers, self.bodies = Notes(), Numbers(), Bodies(3, 20_000)
        versions: Any = self.numbers
        cache = ResponseCache(Cache(versions, self.bodies), self.events)
        self.edge = Edge([(operations, self.notes)], self.events, OPTIONS, cache=cache)

    async def get(self, target: str = "/note", method: str = "GET", **headers: str) -> Reply:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await ask(self.edge, f"{method} {target}", headers=given)

    def write(self) -> None:
        self.notes.version += 1
        self.numbers.stamp = Stamp(self.numbers.stamp.number + 1, 0)


@pytest.fixture
async def world() -> World:
    return World()


def state(reply: Reply) -> str | None:
    return reply.header("cache-status")


async def test_the_second_reply_is_the_first_one_until_a_write(world: World) -> None:
    first, second = await world.get(), await world.get()
    assert (state(first), state(second)) == ("roadbed; fwd=uri-miss; stored", "roadbed; hit")
    same = ("content-type", "etag", "cache-control", "content-length")
    assert [first.header(name) for name in same] == [second.header(name) for name in same]
    assert (first.json(), second.json(), world.notes.asked) == ({"text": "v1"}, {"text": "v1"}, 1)
    world.write()
    world.numbers.at_once = False
    assert ((await world.get()).json(), (await world.get()).json(), world.notes.asked) == ({"text": "v2"},) * 2 + (2,)
    assert world.results == ["miss", "hit", "miss", "hit"]
    assert [event.cache for event in world.recorder.finished] == world.results


async def test_documents_foresee_the_field(world: World) -> None:
    paths = (await world.get("/openapi.json")).json()["paths"]
    found = {
        (path, status)
        for path in ("/note", "/notes", "/plain")
        for status, answer in paths[path]["get"]["responses"].items()
        if "Cache-Status" in answer.get("headers", {})
    }
    assert found == {("/note", "200"), ("/note", "304"), ("/notes", "200")}


async def test_what_an_operation_says_in_fields_comes_again(world: World) -> None:
    first, second = await world.get("/notes?total=true"), await world.get("/notes?total=true")
    assert [(reply.header("total-count"), reply.header("link")) for reply in (first, second)] == [
        ("12", first.header("link"))
    ] * 2
    assert (first.header("link") is not None, state(second)) == (True, "roadbed; hit")


async def test_another_address_is_another_reply(world: World) -> None:
    for target in ("/note", "/note?size=1", "/notes"):
        assert state(await world.get(target)) == "roadbed; fwd=uri-miss; stored"
    assert state(await world.get(x_forwarded_proto="https")) == "roadbed; fwd=uri-miss; stored"
    # Three are kept; the one that was used least recently went.
    assert [state(await world.get(target)) for target in ("/note?size=1", "/notes")] == ["roadbed; hit"] * 2
    assert state(await world.get("/note")) == "roadbed; fwd=uri-miss; stored"
    assert world.bodies.gauges()["cache_entries"] == 3


async def test_a_large_reply_is_not_kept(world: World) -> None:
    assert [state(await world.get("/note?size=9000")) for _ in range(2)] == ["roadbed; fwd=uri-miss"] * 2
    for size in range(4000, 4010):
        await world.get(f"/note?size={size}")
    assert world.bodies.size <= 20_000


async def test_conditions_are_looked_at_by_hit_and_miss(world: World) -> None:
    missed = await world.get(If_None_Match='"1"')
    assert (missed.status, missed.body, state(missed)) == (304, b"", "roadbed; fwd=uri-miss; stored")
    hit = await world.get()
    assert (hit.status, hit.json(), state(hit)) == (200, {"text": "v1"}, "roadbed; hit")
    assert [(await world.get(If_None_Match=tag)).status for tag in ('"1"', "*", '"2"')] == [304, 304, 200]
    assert (await world.get(If_Match='"2"')).status == 412
    head = await world.get(method="HEAD")
    assert (head.status, head.body, head.header("content-length"), state(head)) == (200, b"", "13", "roadbed; hit")


@pytest.mark.parametrize("directive", ["no-cache", "max-age=0, no-cache", "No-Store"])
async def test_who_wants_a_new_one_gets_it_and_it_is_kept(world: World, directive: str) -> None:
    await world.get()
    world.notes.version = 5
    fresh = await world.get(Cache_Control=directive)
    assert (fresh.json(), state(fresh)) == ({"text": "v5"}, "roadbed; fwd=request")
    assert (await world.get(Cache_Control="max-age=5")).json() == {"text": "v5"}
    assert world.results == ["miss", "bypass", "hit"]


async def test_what_reads_inside_a_transaction_keeps_nothing(world: World) -> None:
    await world.get()
    world.notes.version = 7
    with joined(object(), []):
        assert ((inside := await world.get()).json(), state(inside)) == ({"text": "v7"}, None)
    assert (await world.get()).json() == {"text": "v1"}


async def test_faults_and_errors_are_not_kept(world: World) -> None:
    assert (await world.get("/note?size=-1")).status == 400
    world.notes.error = NotFound()
    assert [(await world.get()).status for _ in range(2)] == [404, 404]
    world.notes.error = ZeroDivisionError()
    assert (await world.get()).status == 500
    world.notes.error = None
    assert (await world.get()).json() == {"text": "v1"}
    assert state(await world.get("/plain")) is None


async def all_ask(world: World, count: int) -> list[asyncio.Task[Reply]]:
    world.notes.gate.clear()
    tasks = [asyncio.create_task(world.get()) for _ in range(count)]
    await eventually(lambda: world.notes.asked, "the first one")
    return tasks


async def test_those_who_ask_for_the_same_share_one_look(world: World) -> None:
    tasks = await all_ask(world, 20)
    world.notes.gate.set()
    replies = await asyncio.gather(*tasks)
    assert (world.notes.asked, {reply.body for reply in replies}) == (1, {b'{"text":"v1"}'})
    assert sorted(world.results) == ["collapsed"] * 19 + ["miss"]
    assert state(replies[1]) == "roadbed; fwd=uri-miss; collapsed"


async def test_who_comes_after_a_write_does_not_wait_for_what_was_asked_before(world: World) -> None:
    tasks = await all_ask(world, 3)
    world.write()
    later = asyncio.create_task(world.get())
    await eventually(lambda: world.notes.asked == 2, "the later one")
    world.notes.gate.set()
    assert (await later).json() == {"text": "v2"}
    await asyncio.gather(*tasks)
    # The older one came in late, under its own number: it is not what is kept now.
    assert (await world.get()).json() == {"text": "v2"}


async def test_when_the_first_one_leaves_the_next_makes_the_reply(world: World) -> None:
    tasks = await all_ask(world, 5)
    tasks[0].cancel()
    world.notes.gate.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [task.result().json() for task in tasks[1:]] == [{"text": "v1"}] * 4
    assert world.notes.asked == 2


async def test_what_is_refused_is_refused_to_all_who_wait(world: World) -> None:
    tasks = await all_ask(world, 5)
    world.notes.error = Unavailable()
    world.notes.gate.set()
    assert ([reply.status for reply in await asyncio.gather(*tasks)], world.notes.asked) == ([503] * 5, 1)


async def test_what_nobody_foresaw_is_tried_by_each(world: World) -> None:
    tasks = await all_ask(world, 3)
    world.notes.error = ZeroDivisionError()
    world.notes.gate.set()
    assert ([reply.status for reply in await asyncio.gather(*tasks)], world.notes.asked) == ([500] * 3, 3)
