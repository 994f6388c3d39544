"""Races and stale statements on a real PostgreSQL: tried again, a bounded number of times, never written twice."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from roadbed.data.database import Database, Program
from roadbed.data.named_sql import parse
from roadbed.data.queries import Query
from roadbed.kernel.errors import Conflict, DeadlineExceeded, Unavailable
from roadbed.kernel.events import DatabaseFailed, FlightRetried, FlightSplit
from tests.integration.data import things
from tests.integration.data.stores import Heard, PostgresStore
from tests.integration.data.things import PUT_THINGS, Row, Thing

# A sequence is not rolled back: it counts attempts.
FLAKY = """
CREATE SEQUENCE attempts;
CREATE FUNCTION flaky(good_from bigint, code text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO thing (id, name, amount) VALUES (1, 'a', 1);
    IF nextval('attempts') < good_from THEN
        RAISE EXCEPTION USING ERRCODE = code, MESSAGE = 'not yet';
    END IF;
    RETURN 1;
END $$
"""
RUN_FLAKY = Query("flaky", parse("-- name: f\nSELECT flaky(:good_from, :code)")["f"], tuple)
LOCK_TIMEOUT = Query("timeout", parse("-- name: t\nSHOW lock_timeout")["t"], tuple)


def never(_run: Any, _items: list[Any]) -> Sequence[Any]:
    raise AssertionError("for PostgreSQL")


def flaky(good_from: int, code: str) -> Program:
    async def work(connection: Any, items: list[Any]) -> Sequence[Any]:
        await connection.fetchval("SELECT flaky($1, $2)", good_from, code)
        return items

    return Program("flaky", True, never, work)


@pytest.fixture
def flaky_store(own_postgres_store: PostgresStore) -> PostgresStore:
    own_postgres_store.rows(FLAKY)
    return own_postgres_store


@pytest.mark.parametrize("code", ["40P01", "40001"])
async def test_a_flight_that_lost_a_race_is_run_again(flaky_store: PostgresStore, heard: Heard, code: str) -> None:
    database = await flaky_store.open(heard)
    assert await database.flight(flaky(4, code)).join("item") == "item"
    assert await database.fetch(things.ALL) == [Row(1, "a", 1)]
    assert heard.all == [FlightRetried("flaky", code)] * 3
    await database.close(5)


async def test_a_race_that_is_always_lost_ends_with_a_refusal(flaky_store: PostgresStore, heard: Heard) -> None:
    database = await flaky_store.open(heard)
    flight = database.flight(flaky(1000, "40001"))
    outcomes = await asyncio.gather(flight.join(1), flight.join(2), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]
    assert (len(heard.of(FlightRetried)), heard.of(FlightSplit)) == (5, [])
    assert await database.fetch(things.ALL) == []
    await database.close(5)


async def test_a_single_statement_that_lost_a_race_is_run_again(flaky_store: PostgresStore, heard: Heard) -> None:
    database = await flaky_store.open(heard)
    assert await database.fetch(RUN_FLAKY, good_from=3, code="40P01") == [(1,)]
    assert (heard.all, await database.fetch(things.ALL)) == ([FlightRetried("flaky", "40P01")] * 2, [Row(1, "a", 1)])
    await database.close(5)


async def test_a_single_statement_does_not_repeat_a_duplicate(flaky_store: PostgresStore, heard: Heard) -> None:
    database = await flaky_store.open(heard)
    with pytest.raises(Conflict):
        await database.fetch(RUN_FLAKY, good_from=3, code="23505")
    assert heard.all == []
    await database.close(5)


async def test_two_that_wait_for_each_other_both_end_well(postgres: Database, heard: Heard) -> None:
    """A real deadlock: the server ends one of them, and it is run again."""
    await postgres.execute_many(things.PUT, [{"id": number, "name": str(number), "amount": 0} for number in (1, 2)])

    def locking(first: int, second: int) -> Program:
        async def work(connection: Any, items: list[Any]) -> Sequence[Any]:
            async with connection.transaction():
                await connection.execute("UPDATE thing SET amount = amount + 1 WHERE id = $1", first)
                met.release()
                await both_hold_one.wait()
                await connection.execute("UPDATE thing SET amount = amount + 1 WHERE id = $1", second)
            return items

        return Program(f"locking_{first}", True, never, work)

    met, both_hold_one = asyncio.Semaphore(0), asyncio.Event()
    futures = [postgres.flight(locking(1, 2)).join("a"), postgres.flight(locking(2, 1)).join("b")]
    await met.acquire()
    await met.acquire()
    both_hold_one.set()
    assert await asyncio.gather(*futures) == ["a", "b"]
    assert [row.amount for row in await postgres.fetch(things.ALL)] == [2, 2]
    # The one that is run again may meet the other a second time.
    assert {event.code for event in heard.of(FlightRetried)} == {"40P01"}


async def test_a_statement_outlives_a_change_of_its_table(own_postgres_store: PostgresStore) -> None:
    """A prepared statement whose rows change their type is refused by the server, and prepared anew."""
    database = await own_postgres_store.open()
    flight = database.flight(things.READ_THINGS)
    await database.execute(things.PUT, id=1, name="a", amount=5)
    for kind in ("integer", "bigint", "smallint"):
        assert await database.fetch(things.ALL) == [Row(1, "a", 5)]
        assert await flight.join(1) == Row(1, "a", 5)
        own_postgres_store.rows(f"ALTER TABLE thing ALTER amount TYPE {kind}, ADD COLUMN c_{kind} int")
    assert await database.fetch_one(things.ONE, id=1) == Row(1, "a", 5)
    assert await flight.join(1) == Row(1, "a", 5)
    await database.close(5)


async def test_a_transaction_that_meets_a_new_schema_may_be_tried_again(own_postgres_store: PostgresStore) -> None:
    database = await own_postgres_store.open(None, pool_size=1)
    assert await database.fetch(things.ALL) == []
    own_postgres_store.rows("ALTER TABLE thing ALTER amount TYPE integer")

    async def block() -> None:
        async with database.transaction() as run:
            await run.fetch(things.ALL)

    with pytest.raises(Unavailable, match="The schema has just changed: nothing was written"):
        await block()
    await block()
    await database.close(5)


async def test_naively_a_stale_statement_in_a_transaction_is_an_error_of_the_driver(
    own_postgres_store: PostgresStore,
) -> None:
    connection = await asyncpg.connect(own_postgres_store.url)
    sql = things.ALL.text("postgres")
    await connection.fetch(sql)
    own_postgres_store.rows("ALTER TABLE thing ALTER amount TYPE integer")
    async with connection.transaction():
        with pytest.raises(asyncpg.InvalidCachedStatementError):
            await connection.fetch(sql)
    await connection.close()


async def test_a_flight_that_takes_too_long_is_broken_off_for_all(postgres_store: PostgresStore, heard: Heard) -> None:
    database = await postgres_store.open(heard, statement_timeout=0.5)

    async def linger(connection: Any, items: list[Any]) -> Sequence[Any]:
        await connection.execute("SELECT pg_sleep(60)")
        return items

    flight = database.flight(Program("linger", True, never, linger))
    outcomes = await asyncio.gather(flight.join(1), flight.join(2), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [DeadlineExceeded, DeadlineExceeded]
    assert [event.kind for event in heard.of(DatabaseFailed)] == ["timeout"]
    with pytest.raises(DeadlineExceeded, match="nothing was written"):
        await database.fetch(things.LINGER)
    assert await database.execute(things.PUT, id=1, name="a", amount=1) == 1
    await database.close(5)


async def test_in_a_split_nothing_is_acknowledged_that_was_undone(postgres: Database, heard: Heard) -> None:
    """The COMMIT of a transaction in which a statement has failed is a ROLLBACK, and no error."""

    async def careless(connection: Any, items: list[Any]) -> Sequence[Any]:
        try:
            await connection.execute("INSERT INTO thing (id, name, amount) VALUES (1, 'a', -1)")
        except asyncpg.CheckViolationError:
            if len(items) > 1:
                raise
        return items

    flight = postgres.flight(Program("careless", True, never, careless))
    outcomes = await asyncio.gather(flight.join(1), flight.join(2), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncpg.InFailedSQLTransactionError] * 2
    assert len(heard.of(FlightSplit)) == 1


async def test_rows_that_another_transaction_holds_are_not_waited_for_for_ever(
    postgres_store: PostgresStore, heard: Heard
) -> None:
    """Nor do those who share a flight with one that waits pay for it."""
    database = await postgres_store.open(heard, lock_timeout=0.1)
    other = await postgres_store.open()
    flight = database.flight(PUT_THINGS)
    async with other.transaction() as run:
        await run.execute(things.PUT, id=1, name="held", amount=1)
        await run.execute(things.PUT, id=3, name="held too", amount=1)
        things_to_put = [Thing(1, "a"), Thing(2, "b"), Thing(3, "c", idempotency=b"key"), Thing(4, "d")]
        outcomes = await asyncio.gather(*(flight.join(one) for one in things_to_put), return_exceptions=True)
        with pytest.raises(Unavailable, match="held what this one needs for too long"):
            await database.execute(things.PUT, id=1, name="c", amount=1)
        # The shorter time was for that one transaction.
        assert await database.fetch(LOCK_TIMEOUT) == [("100ms",)]
    assert [getattr(outcome, "kind", outcome) for outcome in outcomes[1:]] == [2, "still-running", 4]
    assert type(outcomes[0]) is Unavailable
    assert [event.size for event in heard.of(FlightSplit)] == [4]
    assert [event.kind for event in heard.of(DatabaseFailed)] == ["lock"] * 3
    assert things.names(await database.fetch(things.ALL)) == ["held", "b", "held too", "d"]
    await other.close(5)
    await database.close(5)
