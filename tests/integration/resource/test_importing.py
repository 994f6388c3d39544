"""Rows are written while the next ones are read: in their order, and nothing is still being written afterwards."""

import asyncio
from typing import Any

import pytest

from roadbed.kernel.clock import now
from roadbed.kernel.errors import Unavailable
from roadbed.resource.store import Store
from roadbed.resource.transfer import importing
from roadbed.resource.transfer.csv_reader import CsvReader
from roadbed.resource.transfer.files import stores_of
from roadbed.resource.transfer.importing import Importer
from roadbed.resource.transfer.merging import Merging
from roadbed.resource.transfer.outcomes import Counts
from roadbed.resource.transfer.rejects import Bad
from roadbed.resource.transfer.turns import Turns
from tests.integration.resource.library import domain
from tests.integration.resource.world import World


def text(count: int, first: int = 0) -> bytes:
    return b"".join(b"01890000-0000-7000-8000-%012d,Name %d\n" % (n, n) for n in range(first, first + count))


def read(reader: CsvReader, part: bytes) -> list[Any]:
    return [record for records in (*reader.feed(part), *reader.finish()) for record in records]


def store_of(world: World) -> Store:
    return stores_of(domain.compiled(), world.database, now)["author"]


async def test_what_is_left_out_is_told_in_the_order_of_the_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "GROUP", 4)
    reader = CsvReader()
    body = b"id,name\n" + text(5) + b"x,y\n" + text(1, 2).replace(b"Name 2", b"Name 3") + text(6, 5) + b"z,\n"
    told: list[Bad] = []
    async with Importer(store_of(world)) as importer:
        for record in read(reader, body):
            told += await importer.take([record], reader)
        told += await importer.finish()
    assert [bad.line for bad in told] == [7, 8, 15]
    assert (importer.counts.inserted, importer.counts.rejected) == (11, 3)
    assert len(await world.get("/authors")) == 11


async def test_rows_are_read_while_others_are_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second part is taken before the first is written, and written after it."""
    free, order = asyncio.Event(), list[int]()
    true = Store.write

    async def held(self: Store, *arguments: Any, **named: Any) -> Any:
        number = len(order)
        order.append(number)
        if number == 0:
            await free.wait()
        return await true(self, *arguments, **named)

    monkeypatch.setattr(Store, "write", held)
    reader = CsvReader()
    records = read(reader, b"id,name\n" + text(20))
    async with Importer(store_of(world)) as importer:
        if world.database.dialect == "postgres":
            importer._manner._sent.set()  # type: ignore[union-attr]
            monkeypatch.setattr(importer._manner, "asked", lambda _: asyncio.sleep(0))
        await importer.take(records[:10], reader)
        second = asyncio.create_task(importer.take(records[10:], reader))
        await asyncio.sleep(0.01)
        assert (order, importer.counts.inserted, second.done()) == ([0], 0, False)
        free.set()
        assert await second == []
        assert importer.counts.inserted == 10
        await importer.finish()
    assert (order, importer.counts.inserted) == ([0, 1], 20)


async def test_what_fails_is_told_with_the_next_rows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise Unavailable("The database is away")

    monkeypatch.setattr(Store, "write", fail)
    reader = CsvReader()
    records = read(reader, b"id,name\n" + text(4))

    async def run(*parts: list[Any]) -> None:
        async with Importer(store_of(world)) as importer:
            for part in parts:
                await importer.take(part, reader)
            await importer.finish()

    for parts in ([records], [records[:2], records[2:]]):
        with pytest.raises(Unavailable, match="is away"):
            await run(*parts)


@pytest.mark.parametrize("kind", [ValueError, asyncio.CancelledError])
async def test_nothing_is_still_being_written_after_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    ended: list[bool] = []
    true = Store.write

    async def watched(self: Store, *arguments: Any, **named: Any) -> Any:
        try:
            return await true(self, *arguments, **named)
        finally:
            ended.append(True)

    monkeypatch.setattr(Store, "write", watched)
    reader = CsvReader()
    records = read(reader, b"id,name\n" + text(4))
    importer = Importer(store_of(world))

    async def broken_off() -> None:
        async with importer:
            await importer.take(records, reader)
            await asyncio.sleep(0)
            raise kind

    with pytest.raises(kind):
        await broken_off()
    assert ended == [True]
    # What it had begun is whole, or not there at all.
    assert len(await world.get("/authors")) in (0, 4)


async def test_who_leaves_before_the_server_was_asked_leaves_nothing_behind(world: World) -> None:
    manner = Merging(store_of(world), Counts(), Turns())
    before = asyncio.all_tasks()
    writing: asyncio.Task[None] = asyncio.create_task(asyncio.sleep(60))
    asking = asyncio.create_task(manner.asked(writing))
    await asyncio.sleep(0.01)
    for task in (asking, writing):
        task.cancel()
        await asyncio.wait([task])
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before
