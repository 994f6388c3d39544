"""Feeds and the log: numbers in the order of the commits, nothing lost, nothing doubled; what is swept is told."""

import asyncio
import sys
from datetime import timedelta
from typing import Any

import pytest

from roadbed.data import changes
from roadbed.data.changes import BUMP, Change, head, read, sweep
from roadbed.data.database import Database
from roadbed.kernel.clock import now
from roadbed.kernel.errors import Gone
from tests.integration.data.feeds import FEED, write
from tests.integration.data.stores import Store


async def numbers(database: Database, after: int = 0, limit: int = changes.PAGE) -> list[int]:
    return [change.number for change in (await read(database, FEED, after, limit)).changes]


async def test_a_change_comes_back_as_it_was_written(database: Database) -> None:
    instant = now()
    await write(database, kind="delete", body='{"big": 123456789012345678901234567890, "ß": "\\u0000"}', at=instant)
    await write(database, body=None, at=instant)
    page = await read(database, FEED, 0)
    body = '{"big": 123456789012345678901234567890, "ß": "\\u0000"}'
    assert page.changes == [
        Change(FEED, 1, "k1", "delete", instant, body),
        Change(FEED, 2, "k2", "put", instant, None),
    ]


async def test_pages_follow_each_other(database: Database) -> None:
    await write(database, 5)
    first = await read(database, FEED, 0, 2)
    second = await read(database, FEED, first.last, 3)
    third = await read(database, FEED, second.last, 3)
    assert [(page.head, page.more, page.last) for page in (first, second, third)] == [
        (5, True, 2),
        (5, True, 5),
        (5, False, 5),
    ]


async def test_numbers_without_a_change_are_passed_over(database: Database) -> None:
    await write(database)
    await database.fetch_one(BUMP, feed=FEED, count=10)
    page = await read(database, FEED, 1)
    assert (page.changes, page.last, page.more) == ([], 11, False)


async def test_large_bodies_end_a_page(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "LARGE", 100)
    monkeypatch.setattr(changes, "PAGE_BYTES", 250)
    body = '"' + "ß" * 60 + '"'
    await write(database, 4, body=body)
    pages = [await read(database, FEED, 0), await read(database, FEED, 3)]
    assert [([change.body for change in page.changes], page.more) for page in pages] == [
        ([body] * 3, True),
        ([body], False),
    ]


async def test_a_number_that_was_never_given_out_is_refused(database: Database) -> None:
    with pytest.raises(Gone):
        await read(database, FEED, 1)
    await write(database)
    assert (await read(database, FEED, 1)).changes == []
    with pytest.raises(Gone, match="after 2 are not kept"):
        await read(database, FEED, 2)


async def test_old_changes_are_swept_and_who_needs_them_is_told(database: Database) -> None:
    await write(database, 3, at=now() - timedelta(seconds=100))
    await write(database, 2)
    assert [await sweep(database, 60, 1000), await sweep(database, 60, 1000)] == [3, 0]
    assert await numbers(database, 3) == [4, 5]
    for after in (0, 2):
        with pytest.raises(Gone):
            await read(database, FEED, after)


async def test_the_last_ones_are_kept_whatever_their_age(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_SWEPT_AT_ONCE", 3)
    await write(database, 10)
    assert await sweep(database, 1000, 2) == 8
    assert await numbers(database, 8) == [9, 10]


async def test_a_feed_without_a_log_is_left_alone(database: Database) -> None:
    await database.fetch_one(BUMP, feed=FEED, count=5)
    assert await sweep(database, 0, 1) == 0
    assert await numbers(database, 2) == []


async def test_a_page_that_was_swept_while_it_was_read_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "LARGE", 1)
    await write(database, 2)
    fetch = database.fetch

    async def fetch_and_sweep(*arguments: Any, **named: Any) -> Any:
        rows = await fetch(*arguments, **named)
        monkeypatch.setattr(database, "fetch", fetch)
        await sweep(database, 1000, 0)
        return rows

    monkeypatch.setattr(database, "fetch", fetch_and_sweep)
    with pytest.raises(Gone):
        await read(database, FEED, 0)


HOLDER = """
import asyncio, sys
from roadbed.data.opening import open_database
from roadbed.kernel.events import Events
from roadbed.kernel.settings import Settings
from tests.integration.data.feeds import log
async def main(url):
    database = await open_database(Settings(database_url=url, transaction_timeout=60.0), Events())
    async with database.transaction() as run:
        await log(run, 2, "held")
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
    database.bell.ring("thing")
    await database.close(5)
asyncio.run(main(sys.argv[1]))
"""


async def test_a_commit_that_is_held_back_is_never_overtaken(store: Store, database: Database) -> None:
    # Without the lock of the feed's row the second writer commits 4 while 2 and 3 are invisible: who reads then goes
    # on after 4, and never sees them.
    await write(database)
    seen: list[Change] = []
    writing: asyncio.Task[int] | None = None
    holder = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", HOLDER, store.url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert await holder.stdout.readline() == b"held\n"
        writing = asyncio.create_task(write(database, kind="later"))
        for _ in range(10):
            page = await read(database, FEED, seen[-1].number if seen else 0)
            seen.extend(page.changes)
            assert page.head == 1
            await asyncio.sleep(0.02)
        assert ([change.number for change in seen], writing.done()) == ([1], False)
        holder.stdin.write(b"\n")
        assert await writing == 4
        seen.extend((await read(database, FEED, 1)).changes)
    finally:
        holder.stdin.close()
        await holder.wait()
    assert [(change.number, change.kind) for change in seen] == [(1, "put"), (2, "held"), (3, "held"), (4, "later")]


async def test_many_writers_and_a_reader_agree(store: Store, database: Database) -> None:
    other = await store.open()
    seen: list[int] = []
    done = asyncio.Event()

    async def watch() -> None:
        while not done.is_set() or await head(database, FEED) > (seen[-1] if seen else 0):
            seen.extend(await numbers(database, seen[-1] if seen else 0, 7))
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(write(one, count) for one in (database, other) for count in (1, 2, 3) * 7))
    done.set()
    await watching
    await other.close(5)
    assert seen == list(range(1, 85))
