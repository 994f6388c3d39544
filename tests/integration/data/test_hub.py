"""Hubs on real databases: whoever comes, whenever, sees every change once, in order, and no more than was asked for."""

import asyncio
import random
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import pytest

from roadbed.data import changes
from roadbed.data.changes import Change, sweep
from roadbed.data.database import Database
from roadbed.data.named_sql import compile_statement
from roadbed.data.queries import Query
from roadbed.http import hub as hubs
from roadbed.http.channels import Channel
from roadbed.http.hub import Event, Hub
from roadbed.http.watching import Prefix, watch
from roadbed.kernel.errors import Gone, Unavailable
from tests.integration.data.feeds import FEED, log, write
from tests.integration.data.stores import Store
from tests.support.waiting import eventually

LOWER = "UPDATE feed SET number = number - 2"
SET_BACK = Query(
    "set back", {"sqlite": compile_statement(LOWER, "?"), "postgres": compile_statement(LOWER, "$")}, tuple
)

IDS = re.compile(rb"^id: (\d+)\nevent: (\w+)\ndata: (.*)$", re.MULTILINE)
MARK = re.compile(rb"^:\nid: (\d+)$", re.MULTILINE)


class Watcher:
    """A client of one stream, without a server between."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.read = b""
        self.failed: BaseException | None = None
        self._tasks = [asyncio.create_task(self._produce()), asyncio.create_task(self._take())]

    async def _produce(self) -> None:
        assert self.channel.produce is not None
        try:
            await self.channel.produce(self.channel)
        except Exception as error:  # noqa: BLE001 - as the server does
            self.channel.fail(error)

    async def _take(self) -> None:
        try:
            while taken := await self.channel.take():
                self.read += taken
        except Exception as error:  # noqa: BLE001 - as the server does
            self.failed = error

    @property
    def numbers(self) -> list[int]:
        return [int(number) for number, _, _ in IDS.findall(self.read)]

    @property
    def position(self) -> int:
        """What a browser sends as ``Last-Event-ID``."""
        return max(int(number) for number in re.findall(rb"^id: (\d+)$", self.read, re.MULTILINE))

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        self.channel.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def watching(hub: Hub, matches: Any = None, *positions: int | None, take: bool = True) -> AsyncGenerator[Watcher]:
    reply = await watch(hub, matches, *positions)
    assert isinstance(reply.body, Channel)
    watcher = Watcher(reply.body)
    if not take:
        watcher._tasks[1].cancel()
    try:
        # A first mark tells where it begins.
        await eventually(lambda: not take or watcher.read, "the begin")
        yield watcher
    finally:
        await watcher.leave()


@pytest.fixture
def hub(database: Database) -> Hub:
    return Hub(database, FEED)


async def test_from_now_on_and_from_a_position(database: Database, hub: Hub) -> None:
    await write(database, 3)
    async with watching(hub) as now, watching(hub, None, None, 1) as later, watching(hub, None, 0) as first:
        await eventually(lambda: first.numbers == [1, 2, 3], "what was there")
        await write(database, 2, kind="gone", body=None)
        await eventually(lambda: first.numbers == [1, 2, 3, 4, 5], "what came")
        await eventually(lambda: (now.numbers, later.numbers) == ([4, 5], [2, 3, 4, 5]), "the others")
        assert MARK.findall(now.read) == [b"3"]
        assert now.read.endswith(b'id: 5\nevent: gone\ndata: {"key":"k5"}\n\n')


async def test_a_hub_sleeps_while_nobody_watches(database: Database, hub: Hub) -> None:
    async with watching(hub) as one, watching(hub):
        await eventually(lambda: one.read, "the begin")
        assert (hub.watchers, database.bell.is_awaited) == (2, True)
    assert (hub.watchers, database.bell.is_awaited) == (0, False)
    await write(database, 2)
    async with watching(hub, None, 0) as again:
        await eventually(lambda: again.numbers == [1, 2], "what came meanwhile")


async def test_filters_and_rows(database: Database) -> None:
    decoded: list[str] = []
    asked: list[int] = []

    def decode(body: str) -> Any:
        decoded.append(body)
        return msgspec.json.decode(body)

    class Even(msgspec.Struct, frozen=True):
        def __call__(self, event: Event) -> bool:
            asked.append(event.change.number)
            return event.row["n"] % 2 == 0

    hub = Hub(database, FEED, decode=decode)
    async with (
        watching(hub, Even()) as even,
        watching(hub, Even()) as likewise,
        watching(hub, lambda event: event.row["n"] > 1) as more,
        watching(hub, Prefix("k1")) as prefixed,
        watching(hub, lambda event: event.row["missing"]) as broken,
    ):
        await eventually(lambda: len(hub._groups) == 4, "all have joined")
        async with database.transaction() as run:
            for number in (1, 2, 3):
                await log(run, body=f'{{"n":{number}}}')
        database.bell.ring(FEED)
        await eventually(lambda: more.numbers == [2, 3] and even.numbers == likewise.numbers == [2], "what was chosen")
        await eventually(lambda: prefixed.numbers == [1], "the prefix")
        # Who is told nothing moves on all the same; who has a bad filter stands alone with it.
        assert even.channel.heartbeat() == b":\nid: 3\n\n"
        await eventually(lambda: broken.failed, "the end of the broken one")
        assert (type(broken.failed), sorted(asked), decoded) == (
            KeyError,
            [1, 2, 3],
            ['{"n":1}', '{"n":2}', '{"n":3}'],
        )


async def test_one_that_reads_nothing_is_cut_off_and_goes_on_where_it_was(
    database: Database, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "GROUP", 0)
    async with watching(hub, take=False) as slow, watching(hub) as quick:
        await eventually(lambda: quick.channel in hub._groups.get(None, {}), "the quick one")
        await eventually(lambda: slow.channel in hub._groups.get(None, {}), "the slow one")
        slow.channel.limit = 5000
        for count in range(1, 30):
            await write(database, body='"' + "x" * 1000 + '"')
            await eventually(lambda count=count: quick.numbers == list(range(1, count + 1)), "the quick one's")
        assert (slow.channel.is_open, slow.channel.size, hub.watchers) == (False, 0, 1)
    # A buffer as small holds back who catches up, and does not cut it off.
    async with watching(hub, None, 7, take=False) as again:
        again.channel.limit = 5000
        again._tasks[1] = asyncio.create_task(again._take())
        await eventually(lambda: again.numbers == list(range(8, 30)), "all that it missed")


async def test_what_is_not_kept_is_told_before_and_within_a_stream(database: Database, hub: Hub) -> None:
    await write(database, 3)
    for position in (4, 2**62):
        with pytest.raises(Gone):
            await watch(hub, None, position)
    reply = await watch(hub, None, 0)
    await sweep(database, 1000, 0)
    with pytest.raises(Gone):
        await watch(hub, None, 0)
    assert isinstance(reply.body, Channel)
    late = Watcher(reply.body)
    await eventually(lambda: isinstance(late.failed, Gone), "the end")
    await late.leave()
    async with watching(hub) as watcher:
        # The database is set back to an earlier state: all come again, and are told then.
        await write(database)
        await eventually(lambda: watcher.numbers == [4], "the change")
        async with database.transaction() as run:
            await run.execute(SET_BACK)
        database.bell.ring(FEED)
        await eventually(lambda: not watcher.channel.is_open, "the end")
        assert watcher.failed is None


async def test_while_the_database_is_away_watchers_stay(
    database: Database, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "_PAUSE_AFTER_A_FAILURE", 0.01)
    async with watching(hub) as watcher:
        fails = iter([Unavailable(), Unavailable()])
        fetch = database.fetch

        async def failing(*arguments: Any, **named: Any) -> Any:
            error = next(fails, None)
            if error is not None:
                raise error
            return await fetch(*arguments, **named)

        monkeypatch.setattr(database, "fetch", failing)
        await write(database)
        await eventually(lambda: watcher.numbers == [1], "the change")


async def test_an_encoder_that_fails_ends_the_streams_with_its_error(database: Database) -> None:
    def encode(_change: Change) -> bytes:
        raise ZeroDivisionError

    async with watching(Hub(database, FEED, encode)) as watcher:
        await write(database)
        await eventually(lambda: isinstance(watcher.failed, ZeroDivisionError), "the end")


async def test_watchers_that_come_and_go_see_each_change_once_in_order(
    store: Store, database: Database, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes write, one holds a commit back at times; watchers break off and go on where they were."""
    monkeypatch.setattr(hubs, "_CATCH_UP_BYTES", 40)
    monkeypatch.setattr(changes, "PAGE", 5)
    other = await store.open()
    rng = random.Random(7)
    total, writers = 0, 4

    async def writer(target: Database, pause: Callable[[], float]) -> None:
        nonlocal total
        for _ in range(15):
            async with target.transaction() as run:
                count = rng.randrange(1, 4)
                await log(run, count)
                await asyncio.sleep(pause())
            total += count
            target.bell.ring(FEED)

    def has_seen(watcher: Watcher, begin: int, end: int) -> bool:
        return watcher.position >= min(end, total) and (watcher.position > begin or done.is_set())

    async def client() -> list[int]:
        seen: list[int] = []
        position = 0
        while not (done.is_set() and position >= total):
            async with watching(hub, None, position) as watcher:
                await eventually(partial(has_seen, watcher, position, position + rng.randrange(1, 30)), "more")
                position = watcher.position
                seen.extend(watcher.numbers)
        return seen

    done = asyncio.Event()
    clients = [asyncio.create_task(client()) for _ in range(8)]
    held = iter([0.05, 0.0, 0.0] * 100)
    await asyncio.gather(
        *(writer(target, lambda: next(held)) for target in (database, other) for _ in range(writers // 2))
    )
    done.set()
    found = await asyncio.gather(*clients)
    await other.close(5)
    assert found == [list(range(1, total + 1))] * 8
