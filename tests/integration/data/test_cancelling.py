"""Whoever leaves a transaction at any await leaves nothing behind: no lock, no open transaction, no half of a write."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from roadbed.data.database import Database, Statements
from tests.integration.data import things
from tests.integration.data.stores import Store
from tests.integration.data.things import Thing
from tests.support.waiting import eventually


async def put(run: Statements, number: int) -> None:
    await run.execute(things.PUT, id=number, name=str(number), amount=1)


async def is_free(database: Database, store: Store) -> None:
    """See that others can write, and that no transaction stays open."""
    await asyncio.gather(*(put(database, number) for number in range(100, 120)))
    async with database.transaction() as run:
        await run.execute(things.ADD_TO_ALL, amount=1)
    if database.dialect == "postgres":
        idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in %'"
        await eventually(lambda: store.rows(idle) == ["0"], "no transaction open")


async def cancelled(block: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run a block, cancel it once it has said so, and see that it ended by that."""
    reached = asyncio.Event()
    task = asyncio.ensure_future(block(reached))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_while_the_block_waits_for_something_else(database: Database, store: Store) -> None:
    async def block(reached: asyncio.Event) -> None:
        async with database.transaction() as run:
            await put(run, 1)
            reached.set()
            await asyncio.Event().wait()

    await cancelled(block)
    await is_free(database, store)
    assert await database.fetch_one(things.ONE, id=1) is None


async def test_while_a_statement_runs(database: Database, store: Store) -> None:
    async def block(reached: asyncio.Event) -> None:
        async with database.transaction() as run:
            await put(run, 1)
            asyncio.get_running_loop().call_later(0.05, reached.set)
            await run.fetch(things.LINGER)

    await cancelled(block)
    await is_free(database, store)
    assert await database.fetch_one(things.ONE, id=1) is None


async def test_while_it_waits_to_begin(store: Store) -> None:
    # One connection; and on SQLite there is one writer anyway.
    options: dict[str, Any] = {"pool_size": 1} if store.url.startswith("postgres") else {}
    database = await store.open(None, **options)
    try:
        entered: list[int] = []

        async def wait_in_line(reached: asyncio.Event) -> None:
            reached.set()
            async with database.transaction():
                entered.append(1)

        async with database.transaction() as run:
            await put(run, 1)
            await cancelled(wait_in_line)
        await is_free(database, store)
        assert (entered, await database.fetch_one(things.ONE, id=1) is not None) == ([], True)
    finally:
        await database.close(5)


async def test_before_it_has_even_asked_to_begin(database: Database, store: Store) -> None:
    async def block() -> None:
        async with database.transaction() as run:
            await put(run, 1)

    task = asyncio.ensure_future(block())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await is_free(database, store)


@pytest.mark.parametrize("turns", range(6))
async def test_while_it_is_committed(database: Database, store: Store, turns: int) -> None:
    """All or nothing; and whoever comes next finds the database free."""

    async def block() -> None:
        task = asyncio.current_task()
        assert task is not None

        def cancel_after(turns: int) -> None:
            if turns:
                asyncio.get_running_loop().call_soon(cancel_after, turns - 1)
            else:
                task.cancel()

        async with database.transaction() as run:
            await put(run, 1)
            await put(run, 2)
            cancel_after(turns)

    await asyncio.gather(asyncio.ensure_future(block()), return_exceptions=True)
    await is_free(database, store)
    rows = [row.id for row in await database.fetch(things.ALL) if row.id < 100]
    assert rows in ([], [1, 2])


async def test_while_it_is_rolled_back(database: Database, store: Store) -> None:
    async def block() -> None:
        task = asyncio.current_task()
        assert task is not None
        async with database.transaction() as run:
            await put(run, 1)
            asyncio.get_running_loop().call_soon(task.cancel)
            raise ValueError

    task = asyncio.ensure_future(block())
    await asyncio.wait((task,))
    assert task.cancelled()
    await is_free(database, store)
    assert await database.fetch_one(things.ONE, id=1) is None


async def test_a_crowd_that_leaves_at_random_moments(database: Database, store: Store) -> None:
    """Every row is whole, and nothing is stuck."""

    async def block(number: int) -> None:
        async with database.transaction() as run:
            await put(run, number)
            await run.execute(things.ADD, id=number, amount=9)

    tasks = [asyncio.ensure_future(block(number)) for number in range(60)]
    for number, task in enumerate(tasks):
        if number % 3:
            asyncio.get_running_loop().call_later(0.002 * (number % 17), task.cancel)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    done = {number for number, outcome in enumerate(outcomes) if outcome is None}
    rows = {row.id: row.amount for row in await database.fetch(things.ALL)}
    assert done <= set(rows)
    assert set(rows.values()) <= {10}
    await is_free(database, store)


async def test_single_statements_that_nobody_waits_for(database: Database, store: Store) -> None:
    tasks = [asyncio.ensure_future(put(database, number)) for number in range(30)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await is_free(database, store)
    assert set(range(1, 30, 2)) <= {row.id for row in await database.fetch(things.ALL)}


async def test_a_flight_that_all_have_left_in_the_air(database: Database, store: Store) -> None:
    flight = database.flight(things.PUT_THINGS)
    left = [flight.join(Thing(number, str(number))) for number in range(5)]
    await asyncio.sleep(0)
    for future in left:
        future.cancel()
    assert await flight.join(Thing(50, "50")) == 50
    await is_free(database, store)
