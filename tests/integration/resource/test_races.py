"""Many clients at once, through two processes' worth of engines: exactly one wins, and nobody hears of a deadlock."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from random import Random
from typing import Any

import pytest

from tests.integration.resource.world import World, opened
from tests.unit.http.driving import Reply

CLIENTS = 30


@pytest.fixture
async def worlds(library_url: str) -> AsyncGenerator[list[World]]:
    """The same library, opened twice."""
    async with opened(library_url) as one, opened(library_url) as two:
        yield [one, two]


async def rush(worlds: list[World], calls: list[tuple[str, Any]], **headers: str) -> list[Reply]:
    """Send all calls at once, to each process in turn; no answer may be a failure of ours."""
    replies = await asyncio.gather(
        *(worlds[number % 2].ask(call, body, headers) for number, (call, body) in enumerate(calls))
    )
    assert [reply.body for reply in replies if reply.status >= 500] == []
    return replies


def statuses(replies: list[Reply]) -> Counter[int]:
    return Counter(reply.status for reply in replies)


async def test_one_client_gets_a_unique_value(worlds: list[World]) -> None:
    replies = await rush(worlds, [("POST /authors", {"name": "Ann"})] * CLIENTS)
    assert statuses(replies) == {201: 1, 409: CLIENTS - 1}
    assert len(await worlds[0].get("/authors")) == 1


async def test_one_client_gets_a_chosen_key(worlds: list[World]) -> None:
    calls: list[tuple[str, Any]] = [("POST /tags", {"code": "x", "text": str(number)}) for number in range(CLIENTS)]
    replies = await rush(worlds, calls)
    assert statuses(replies) == {201: 1, 409: CLIENTS - 1}
    (won,) = [reply.json() for reply in replies if reply.status == 201]
    assert await worlds[0].get("/tags/x") == won


async def test_one_client_renames_to_a_unique_value(worlds: list[World]) -> None:
    ids = [await worlds[0].author(str(number)) for number in range(8)]
    replies = await rush(worlds, [(f"PATCH /authors/{each}", {"name": "Ann"}) for each in ids])
    assert statuses(replies) == {200: 1, 409: 7}


async def test_one_client_changes_a_status(worlds: list[World]) -> None:
    author = await worlds[0].author()
    book = (await worlds[0].make("/books", title="T", author=author))["id"]
    ways = ["lent", "sold"] * (CLIENTS // 2)
    replies = await rush(worlds, [(f"POST /books/{book}/state", {"state": way}) for way in ways])
    # From "lent" nothing leads to "lent" or "sold".
    assert statuses(replies) == {200: 1, 409: CLIENTS - 1}
    assert [entry["action"] for entry in await worlds[0].get(f"/books/{book}/history")] == ["change", "create"]


async def test_one_client_writes_over_a_version(worlds: list[World]) -> None:
    author = await worlds[0].author()
    book = (await worlds[0].make("/books", title="T", author=author))["id"]
    calls: list[tuple[str, Any]] = [(f"PATCH /books/{book}", {"order": number + 1}) for number in range(CLIENTS)]
    assert statuses(await rush(worlds, calls, **{"If-Match": '"1"'})) == {200: 1, 412: CLIENTS - 1}


async def test_a_full_resource_takes_no_more(worlds: list[World]) -> None:
    replies = await rush(worlds, [("POST /boxes", {"number": number}) for number in range(CLIENTS)])
    assert statuses(replies) == {201: 3, 409: CLIENTS - 3}
    assert len(await worlds[0].get("/boxes")) == 3


async def test_one_key_writes_once(worlds: list[World]) -> None:
    replies = await rush(worlds, [("POST /authors", {"name": "Ann"})] * CLIENTS, **{"Idempotency-Key": "k"})
    assert statuses(replies) == {201: CLIENTS}
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert sum(reply.header("idempotency-replayed") is None for reply in replies) == 1


@pytest.mark.parametrize("keyed", [False, True])
async def test_a_parent_goes_while_children_come(worlds: list[World], keyed: bool) -> None:
    author = await worlds[0].author()
    for turn in range(4):
        book = (await worlds[0].make("/books", title=f"T{turn}", author=author))["id"]
        child = {"book": book, "number": 1}
        many: list[tuple[str, Any]] = [("POST /pages/bulk", [child] * 3)] if keyed else []
        calls: list[tuple[str, Any]] = [("POST /pages", child)] * 6 + many
        calls.insert(turn + 2, (f"DELETE /books/{book}", None))
        calls.insert(1, (f"PATCH /books/{book}", {"order": 9}))
        replies = await rush(worlds, calls)
        assert set(statuses(replies)) <= {200, 201, 204, 400, 404}
        assert replies[turn + 3].status == 204
        assert await worlds[0].get(f"/pages?book={book}") == []


async def test_versions_are_visible_in_order_and_used_once(worlds: list[World]) -> None:
    known: set[int] = set()
    late: list[int] = []
    done = asyncio.Event()

    async def watch() -> None:
        while not done.is_set():
            rows = await worlds[1].get("/pages?sort=version&limit=1000&fields=version")
            found = {row["version"] for row in rows}
            # Somebody who had read up to the last one would miss it.
            late.extend(version for version in found - known if version < max(known, default=0))
            known.update(found)
            await asyncio.sleep(0)

    author = await worlds[0].author()
    book = (await worlds[0].make("/books", title="T", author=author))["id"]
    watching = asyncio.create_task(watch())
    calls: list[tuple[str, Any]] = [("POST /pages", {"book": book, "number": number + 1}) for number in range(60)]
    calls[10:40:10] = [("POST /pages/bulk", [{"book": book, "number": 1}] * 5)] * 3
    await rush(worlds, calls)
    done.set()
    await watching
    assert late == []
    versions = [row["version"] for row in await worlds[0].get("/pages?limit=1000")]
    assert len(versions) == len(set(versions)) == 57 + 15


async def test_nobody_hears_of_a_deadlock(worlds: list[World]) -> None:
    """Writes of every kind over a few rows, in every order: each is done or refused, and references hold."""
    chance = Random(7)
    authors = [await worlds[0].author(str(number)) for number in range(4)]
    books = [
        (await worlds[0].make("/books", title=str(n), author=authors[0], editor=authors[n % 4]))["id"] for n in range(4)
    ]

    def call(number: int) -> tuple[str, Any]:
        book, author = chance.choice(books), chance.choice(authors)
        return chance.choice(
            [
                ("POST /pages", {"book": book, "number": 1}),
                ("POST /pages/bulk", [{"book": each, "number": 1} for each in chance.sample(books, 3)]),
                ("POST /books", {"title": f"new {number}", "author": author, "editor": chance.choice(authors)}),
                (f"PATCH /books/{book}", {"author": author, "reader": chance.choice(authors)}),
                (f"PATCH /authors/{author}", {"name": f"name {number}"}),
                (f"DELETE /books/{book}", None),
                (f"DELETE /authors/{author}", None),
                ("POST /deeds", {"name": f"deed {number}"}),
            ]
        )

    replies = await rush(worlds, [call(number) for number in range(200)])
    assert set(statuses(replies)) <= {200, 201, 204, 400, 404, 409}
    there = {row["id"] for row in await worlds[0].get("/authors")}
    kept = await worlds[0].get("/books?limit=1000")
    for row in kept:
        assert row["author"] in there
        assert {row["editor"], row["reader"]} <= there | {None}
    pages = await worlds[0].get("/pages?limit=1000")
    assert {row["book"] for row in pages} <= {row["id"] for row in kept}
