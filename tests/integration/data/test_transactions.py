"""Interactive transactions: all or nothing, alike on both engines."""

import asyncio
from collections.abc import Awaitable, Callable

import apsw
import asyncpg
import pytest

from roadbed.data.database import Database, Statements
from roadbed.kernel.errors import Conflict, DeadlineExceeded, Invalid, RoadbedError
from tests.integration.data import things
from tests.integration.data.stores import Store
from tests.integration.data.things import Row

DRIVER_ERRORS = (apsw.Error, asyncpg.PostgresError)


class LeaveError(Exception):
    """What a block raises to be rolled back."""


async def put(run: Statements, number: int) -> None:
    await run.execute(things.PUT, id=number, name=str(number), amount=1)


async def transact(database: Database, block: Callable[[Statements], Awaitable[None]]) -> None:
    async with database.transaction() as run:
        await block(run)


async def written(database: Database) -> list[int]:
    return [row.id for row in await database.fetch(things.ALL)]


async def test_a_block_that_ends_is_written(database: Database) -> None:
    async with database.transaction() as run:
        await put(run, 1)
        await run.execute_many(things.PUT, [{"id": 2, "name": "2", "amount": 1}])
        assert await run.execute(things.ADD_TO_ALL, amount=4) == 2
        assert await run.fetch(things.ALL) == [Row(1, "1", 5), Row(2, "2", 5)]
        assert await run.fetch_one(things.LOCK, id=2) == Row(2, "2", 5)
        assert await run.fetch_one(things.ONE, id=3) is None
    assert await written(database) == [1, 2]


async def test_an_empty_block_is_fine(database: Database) -> None:
    async with database.transaction():
        pass
    assert await written(database) == []


async def test_a_block_that_raises_is_undone_and_its_error_is_heard(database: Database) -> None:
    async def block(run: Statements) -> None:
        await put(run, 1)
        raise LeaveError

    with pytest.raises(LeaveError):
        await transact(database, block)
    assert await written(database) == []


@pytest.mark.parametrize("error", [TimeoutError("mine"), OSError("mine"), ValueError("mine")])
async def test_errors_of_the_block_are_not_taken_for_ours(database: Database, error: Exception) -> None:
    async def block(run: Statements) -> None:
        await put(run, 1)
        raise error

    with pytest.raises(type(error), match="mine") as raised:
        await transact(database, block)
    assert raised.value is error


async def test_nobody_sees_it_before_it_is_written(database: Database) -> None:
    async with database.transaction() as run:
        await put(run, 1)
        assert await written(database) == []
    assert await written(database) == [1]


async def test_the_error_of_a_statement_is_heard_where_it_happens(database: Database) -> None:
    async def block(run: Statements) -> None:
        with pytest.raises(Conflict) as refused:
            await put(run, 1)
        raise LeaveError(refused.value.kind)

    await put(database, 1)
    with pytest.raises(LeaveError, match="duplicate"):
        await transact(database, block)


async def test_after_a_failed_statement_no_other_runs(database: Database) -> None:
    async def block(run: Statements) -> None:
        await put(run, 1)
        with pytest.raises(Conflict):
            await put(run, 1)
        await put(run, 2)

    with pytest.raises(RoadbedError, match="A statement of this transaction has failed") as raised:
        await transact(database, block)
    assert isinstance(raised.value.__cause__, Conflict)
    assert await written(database) == []


async def test_a_failure_that_the_block_hides_cannot_be_written(database: Database) -> None:
    async def block(run: Statements) -> None:
        await put(run, 1)
        with pytest.raises(DRIVER_ERRORS):
            await run.fetch(things.BROKEN)

    with pytest.raises(RoadbedError, match="A statement of this transaction has failed"):
        await transact(database, block)
    assert await written(database) == []


async def test_a_value_that_is_refused_dooms_the_block_too(database: Database) -> None:
    async def block(run: Statements) -> None:
        await put(run, 1)
        with pytest.raises(Invalid):
            await run.execute(things.PUT, id=2, name="\0", amount=1)

    with pytest.raises(RoadbedError, match="A statement of this transaction has failed"):
        await transact(database, block)
    assert await written(database) == []


async def test_statements_of_one_block_run_one_at_a_time(database: Database) -> None:
    rows: list[Row | None] = []
    async with database.transaction() as run:
        await asyncio.gather(*(put(run, number) for number in range(20)))
        rows += await asyncio.gather(*(run.fetch_one(things.ONE, id=number) for number in range(20)))
    assert [row and row.id for row in rows] == await written(database) == list(range(20))


async def late_statements(run: Statements) -> None:
    for late in (put(run, 2), run.fetch(things.ALL), run.execute_many(things.PUT, [])):
        with pytest.raises(RoadbedError, match="The transaction is over"):
            await late


async def test_after_the_end_nothing_is_taken(database: Database) -> None:
    async with database.transaction() as run:
        await put(run, 1)
    await late_statements(run)
    assert await written(database) == [1]


async def test_after_a_rollback_nothing_is_taken(database: Database) -> None:
    runs: list[Statements] = []

    async def block(run: Statements) -> None:
        runs.append(run)
        raise LeaveError

    with pytest.raises(LeaveError):
        await transact(database, block)
    await late_statements(runs[0])


async def test_no_update_is_lost(database: Database) -> None:
    await put(database, 1)

    async def increment() -> None:
        async with database.transaction() as run:
            row = await run.fetch_one(things.LOCK, id=1)
            assert row is not None
            await run.execute(things.ADD, id=1, amount=1)
            assert await run.fetch_one(things.ONE, id=1) == Row(1, "1", row.amount + 1)

    await asyncio.gather(*(increment() for _ in range(20)))
    assert await database.fetch_one(things.ONE, id=1) == Row(1, "1", 21)


async def test_a_block_that_takes_too_long_gives_way_to_others(store: Store) -> None:
    database = await store.open(transaction_timeout=0.5)
    other = await store.open()

    async def block(run: Statements) -> None:
        await put(run, 1)
        # Waits for the lock on the row, or on the file: nobody holds it for longer than that.
        await other.execute(things.PUT_OR_LEAVE, id=1, name="other", amount=7)
        await put(run, 2)

    with pytest.raises(DeadlineExceeded, match=r"rolled back after 0\.5 s"):
        await transact(database, block)
    assert await database.fetch(things.ALL) == [Row(1, "other", 7)]
    await put(database, 3)
    await other.close(5)
    await database.close(5)


async def test_a_block_that_ends_too_late_is_undone(store: Store) -> None:
    database = await store.open(transaction_timeout=0.05)

    async def block(run: Statements) -> None:
        await put(run, 1)
        await asyncio.sleep(0.1)

    with pytest.raises(DeadlineExceeded, match=r"rolled back after 0\.05 s"):
        await transact(database, block)
    assert await written(database) == []
    await database.close(5)


async def test_a_statement_that_takes_too_long_is_broken_off(store: Store) -> None:
    database = await store.open(statement_timeout=0.5)

    async def block(run: Statements) -> None:
        await put(run, 1)
        await run.fetch(things.LINGER)

    with pytest.raises(DeadlineExceeded, match="exceeded its time limit: nothing was written"):
        await transact(database, block)
    assert await written(database) == []
    await put(database, 2)
    await database.close(5)
