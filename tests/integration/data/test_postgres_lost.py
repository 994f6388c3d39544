"""A PostgreSQL server that goes away: what was under way is told as it is, and all goes on when it is back."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from roadbed.data.database import Database, Program
from roadbed.data.postgres import PostgresOptions, open_postgres
from roadbed.kernel.errors import OutcomeUnknown, Unavailable
from roadbed.kernel.events import DatabaseFailed
from tests.integration.data import things
from tests.integration.data.lines import line_to
from tests.integration.data.stores import Heard, PostgresStore, new_postgres
from tests.integration.data.things import PUT_THINGS, Row, Thing
from tests.support.postgres import PostgresServer
from tests.support.prepared import Prepared
from tests.support.waiting import eventually

OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
BUSY = f"SELECT count(*) {OTHERS} AND state = 'active'"


def kill(store: PostgresStore) -> None:
    store.rows(f"SELECT pg_terminate_backend(pid) {OTHERS}")


async def kill_what_runs(store: PostgresStore) -> None:
    await eventually(lambda: store.rows(BUSY) != ["0"], "a statement runs")
    kill(store)


def put(run: Any, number: int) -> asyncio.Future[int]:
    return asyncio.ensure_future(run.execute(things.PUT, id=number, name=str(number), amount=1))


def lingering(*, write: bool) -> Program:
    """Do the work, slowly."""

    def never(_run: Any, _items: list[Any]) -> Sequence[Any]:
        raise AssertionError("for PostgreSQL")

    async def work(connection: Any, items: list[Any]) -> Sequence[Any]:
        await connection.execute("SELECT pg_sleep(60)")
        return items

    return Program("lingering", write, never, work)


async def test_connections_that_were_lost_while_idle_are_replaced(
    postgres: Database, postgres_store: PostgresStore
) -> None:
    limit = int(postgres.gauges()["pool_limit"])
    for first in range(0, 4 * limit, limit):
        # All at once, so that a place in the pool which a lost connection had kept would be missed.
        numbers = range(first, first + limit)
        assert await asyncio.gather(*(put(postgres, number) for number in numbers)) == [1] * limit
        kill(postgres_store)
        await eventually(lambda: postgres.gauges()["pool_size"] == 0, "the connections to be gone")
        assert postgres.gauges()["pool_idle"] == 0
    assert len(await postgres.fetch(things.ALL)) == 4 * limit


async def test_a_write_that_loses_its_connection_has_an_unknown_outcome(
    postgres: Database, postgres_store: PostgresStore, heard: Heard
) -> None:
    flight = postgres.flight(lingering(write=True))
    futures = [flight.join(1), flight.join(2)]
    await kill_what_runs(postgres_store)
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown, OutcomeUnknown]
    assert [event.kind for event in heard.of(DatabaseFailed)] == ["connection"]
    assert await put(postgres, 1) == 1


async def test_a_read_that_loses_its_connection_wrote_nothing(
    postgres: Database, postgres_store: PostgresStore
) -> None:
    reads = [asyncio.ensure_future(postgres.fetch(things.LINGER)), postgres.flight(lingering(write=False)).join(1)]
    await eventually(lambda: postgres_store.rows(BUSY) == ["2"], "both run")
    kill(postgres_store)
    outcomes = await asyncio.gather(*reads, return_exceptions=True)
    assert [(type(outcome), "nothing was written" in str(outcome)) for outcome in outcomes] == [(Unavailable, True)] * 2


async def test_a_statement_that_returns_what_it_wrote_is_a_write(
    postgres: Database, own_postgres_store: PostgresStore
) -> None:
    """Told as a read, it would claim that nothing was written."""
    database = await own_postgres_store.open()
    own_postgres_store.rows(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$"
    )
    own_postgres_store.rows("CREATE TRIGGER slow BEFORE INSERT ON thing FOR EACH ROW EXECUTE FUNCTION slow()")
    future = asyncio.ensure_future(database.fetch(things.PUT_RETURNING, id=1, name="a", amount=1))
    await kill_what_runs(own_postgres_store)
    with pytest.raises(OutcomeUnknown):
        await future
    await database.close(5)


async def test_a_transaction_that_loses_its_connection_before_the_end_wrote_nothing(
    postgres: Database, postgres_store: PostgresStore
) -> None:
    async def block() -> None:
        async with postgres.transaction() as run:
            await put(run, 1)
            kill(postgres_store)
            await put(run, 2)

    with pytest.raises(Unavailable, match="nothing was written") as refused:
        await block()
    assert (type(refused.value), await postgres.fetch(things.ALL)) == (Unavailable, [])


async def test_a_transaction_that_loses_its_connection_at_the_commit_has_an_unknown_outcome(
    own_postgres_store: PostgresStore,
) -> None:
    own_postgres_store.rows(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$"
    )
    own_postgres_store.rows(
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON thing INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()"
    )
    database = await own_postgres_store.open()

    async def block() -> None:
        async with database.transaction() as run:
            await put(run, 1)

    task = asyncio.ensure_future(block())
    await kill_what_runs(own_postgres_store)
    with pytest.raises(OutcomeUnknown):
        await task
    await database.close(5)


async def test_a_server_that_crashes_and_returns(
    prepared: Prepared, own_postgres: PostgresServer, heard: Heard
) -> None:
    """No restart of ours, and every acknowledged row is there."""
    store = new_postgres(prepared, own_postgres)
    database = await store.open(heard)
    flight = database.flight(PUT_THINGS)
    acknowledged: set[int] = set()
    refused: set[type] = set()

    async def client(first: int) -> None:
        number = first
        while not done.is_set():
            number += 10
            try:
                acknowledged.add(await flight.join(Thing(number, str(number))))
            except Unavailable as error:
                refused.add(type(error))
                await asyncio.sleep(0.01)

    done = asyncio.Event()
    clients = [asyncio.ensure_future(client(number)) for number in range(10)]
    await eventually(lambda: len(acknowledged) > 50, "some rows")
    await asyncio.to_thread(own_postgres.stop, "immediate")
    await eventually(lambda: Unavailable in refused, "a refusal")
    with pytest.raises(Unavailable, match="nothing was written"):
        await put(database, 1)
    assert (await database.ping()).ok is False
    before = len(acknowledged)
    await asyncio.to_thread(own_postgres.start)
    await eventually(lambda: len(acknowledged) > before + 50, "more rows")
    done.set()
    await asyncio.gather(*clients)
    assert refused <= {Unavailable, OutcomeUnknown}
    assert acknowledged <= {row.id for row in await database.fetch(things.ALL)}
    assert {event.kind for event in heard.of(DatabaseFailed)} == {"connection"}
    await database.close(5)


async def test_a_line_that_falls_silent_is_given_up_within_bounds(postgres_store: PostgresStore, heard: Heard) -> None:
    async with line_to(postgres_store.url) as (url, line):
        options = PostgresOptions(url, statement_timeout=0.5, pool_timeout=1.0, connect_timeout=1.0)
        database = await open_postgres(options, heard.events)
        flight = database.flight(PUT_THINGS)
        assert await flight.join(Thing(1, "a")) == 1
        line.fall_silent()
        with pytest.raises(OutcomeUnknown):
            await flight.join(Thing(2, "b"))
        health = await database.ping()
        assert health.ok is False
        with pytest.raises(Unavailable):
            await database.fetch(things.ALL)
        line.speak()
        await eventually(lambda: line.connections > 1, "another connection")
        for _ in range(20):
            if (await database.ping()).ok:
                break
        assert await database.fetch_one(things.ONE, id=1) == Row(1, "a", 1)
        await database.close(1)
