"""Whoever listens hears of the rows of every write that is committed, once, by whatever way it came."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any
from uuid import UUID

import pytest

from roadbed.data.atomic import Atomic
from roadbed.data.idempotency import Idempotency
from roadbed.kernel.clock import now
from roadbed.kernel.errors import Conflict, NotFound
from roadbed.resource.done import Done, Written
from roadbed.resource.store import Store
from roadbed.resource.writes import Asked
from tests.integration.resource.library import domain
from tests.integration.resource.world import open_url

KEY = Idempotency(b"k" * 16, b"f" * 16)


class Heard:
    """The stores of a library, and the rows of one of them that were told of."""

    def __init__(self, stores: dict[str, Store], name: str) -> None:
        self.store = stores[name]
        self.stores = stores
        self.rows: list[Any] = []
        self.store.written.listen(self._hear)

    def _hear(self, rows: Sequence[Any]) -> None:
        self.rows.extend(rows)

    def taken(self) -> list[str]:
        rows, self.rows = self.rows, []
        return [row.name for row in rows]


@pytest.fixture
async def authors(library_url: str) -> AsyncGenerator[Heard]:
    database = await open_url(library_url)
    stores = {name: Store(unit, database, now) for name, unit in domain.compiled().items()}
    yield Heard(stores, "author")
    await database.close(5)


async def made(heard: Heard, name: str, key: Idempotency | None = None) -> UUID:
    return (await heard.store.create({"name": name}, key)).row.id


async def test_every_kind_of_write(authors: Heard) -> None:
    store = authors.store
    first = await made(authors, "Ann")
    await store.create_many([{"name": "Bob"}, {"name": "Cyd"}])
    assert authors.taken() == ["Ann", "Bob", "Cyd"]
    await store.change(first, {"name": "Ada"}, Asked(now()))
    await store.remove(first, Asked(now()))
    assert authors.taken() == ["Ada", "Ada"]


async def test_a_replay_and_a_refusal_are_not_told_of(authors: Heard) -> None:
    for _ in range(2):
        await made(authors, "Ann", KEY)
    with pytest.raises(Conflict):
        await made(authors, "Ann")
    with pytest.raises(NotFound):
        await authors.store.remove(UUID(int=1), Asked(now()))
    assert authors.taken() == ["Ann"]


async def test_of_a_batch_when_it_is_committed(authors: Heard) -> None:
    batches = Atomic(authors.store.database)

    async def work() -> str:
        key = await made(authors, "Ann")
        await authors.store.change(key, {"name": "Ada"}, Asked(now()))
        assert authors.taken() == []
        return "done"

    async def broken() -> str:
        await work()
        raise Conflict("undone")

    with pytest.raises(Conflict):
        await batches.run(None, broken)
    assert authors.taken() == []
    for _ in range(2):
        await batches.run(KEY, work)
    assert authors.taken() == ["Ann", "Ada"]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_of_a_write_whose_client_has_left(authors: Heard) -> None:
    """On PostgreSQL such a write is a transaction, which is undone unless its COMMIT is under way."""
    key = await made(authors, "Ann")
    left = asyncio.ensure_future(authors.store.change(key, {"name": "Ada"}, Asked(now())))
    # It joins the flight in one turn of the event loop, which departs in the next.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.wait((left,))
    await made(authors, "Bob")
    assert (left.cancelled(), authors.taken()) == (True, ["Ann", "Ada", "Bob"])


def test_what_wrote_no_row_is_not_told_of() -> None:
    heard: list[Any] = []
    written = Written(Done)
    written.tell(Done(1))
    written.listen(heard.append)
    row = Done("a row")
    for outcome in (None, Conflict("no"), Done(None), Done(row, replayed=True), [None], 7):
        written.tell(outcome)
    assert heard == []
    written.tell([row, None])
    written.tell(Done([row, row]))
    assert heard == [[row], [row, row]]
