"""Flights over real engines: a failure harms nobody else, nothing is written twice or acknowledged unwritten."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from roadbed.data.database import Database, Program
from roadbed.kernel.errors import Conflict, Invalid, Overloaded
from roadbed.kernel.events import FlightSplit, RequestShed
from tests.integration.data import things
from tests.integration.data.stores import Heard, Store
from tests.integration.data.things import PUT_THINGS, READ_THINGS, Row, Thing


async def settled(*futures: asyncio.Future[Any]) -> list[Any]:
    """Return results, and failures by their words."""
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    return [outcome.args[0] if isinstance(outcome, Exception) else outcome for outcome in outcomes]


def writing(sqlite: Any, postgres: Any) -> Program:
    return Program("test", True, sqlite, postgres)


async def test_every_item_is_written_and_answered(database: Database) -> None:
    flight = database.flight(PUT_THINGS)
    assert await settled(*(flight.join(Thing(number, str(number))) for number in range(500))) == list(range(500))
    assert await database.fetch_one(things.TOTAL) == things.Total(500, 500)


async def test_a_foreseen_failure_is_the_items_own(database: Database, heard: Heard) -> None:
    flight = database.flight(PUT_THINGS)
    outcomes = await settled(
        flight.join(Thing(1, "a")), flight.join(Thing(2, "b", amount=1001)), flight.join(Thing(3, "c"))
    )
    assert outcomes == [1, "no more than 1000", 3]
    assert things.names(await database.fetch(things.ALL)) == ["a", "c"]
    assert heard.all == []


async def test_an_unforeseen_failure_splits_the_flight(database: Database, heard: Heard) -> None:
    flight = database.flight(PUT_THINGS)
    await flight.join(Thing(1, "a"))
    futures = [flight.join(Thing(number, name)) for number, name in ((2, "b"), (3, "a"), (4, "d"))]
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    assert (outcomes[0], type(outcomes[1]), outcomes[2]) == (2, Conflict, 4)
    assert things.names(await database.fetch(things.ALL)) == ["a", "b", "d"]
    assert [(split.flight, split.size) for split in heard.of(FlightSplit)] == [("put", 3)]


async def test_what_the_database_forbids_harms_nobody_else(database: Database) -> None:
    flight = database.flight(PUT_THINGS)
    amounts = [1, -1, 2, -2, 3]
    futures = [flight.join(Thing(number, str(number), amount)) for number, amount in enumerate(amounts)]
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    assert [outcome for outcome in outcomes if not isinstance(outcome, Exception)] == [0, 2, 4]
    assert [row.amount for row in await database.fetch(things.ALL)] == [1, 2, 3]


async def test_a_value_that_the_driver_refuses_harms_nobody_else(database: Database) -> None:
    flight = database.flight(PUT_THINGS)
    futures = [flight.join(Thing(1, "a")), flight.join(Thing("x", "b")), flight.join(Thing(3, "c"))]  # type: ignore[arg-type]
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    assert (outcomes[0], isinstance(outcomes[1], Exception), outcomes[2]) == (1, True, 3)
    assert things.names(await database.fetch(things.ALL)) == ["a", "c"]


async def test_an_error_before_anything_is_sent_splits_the_flight(database: Database) -> None:
    def check(items: list[Thing]) -> None:
        if any(item.name == "bad" for item in items):
            raise Invalid("a bad name")

    def on_sqlite(run: Any, items: list[Thing]) -> Sequence[Any]:
        check(items)
        return things.put_on_sqlite(run, items)

    async def on_postgres(connection: Any, items: list[Thing]) -> Sequence[Any]:
        check(items)
        return await things.put_on_postgres(connection, items)

    flight = database.flight(writing(on_sqlite, on_postgres))
    futures = [flight.join(Thing(1, "a")), flight.join(Thing(2, "bad")), flight.join(Thing(3, "c"))]
    assert await settled(*futures) == [1, "a bad name", 3]
    assert things.names(await database.fetch(things.ALL)) == ["a", "c"]


async def test_an_error_after_the_work_never_writes_twice(database: Database) -> None:
    """Naively, the flight would be split, and the items written again: on PostgreSQL the first time is committed."""
    times = 0

    def on_sqlite(run: Any, items: list[Thing]) -> Sequence[Any]:
        things.put_on_sqlite(run, items)
        raise KeyError("a mistake of ours")

    async def on_postgres(connection: Any, items: list[Thing]) -> Sequence[Any]:
        nonlocal times
        times += 1
        await things.put_on_postgres(connection, [Thing(item.id * 10 + times, f"{item.name}{times}") for item in items])
        raise KeyError("a mistake of ours")

    flight = database.flight(writing(on_sqlite, on_postgres))
    futures = [flight.join(Thing(number, str(number))) for number in range(1, 4)]
    assert await settled(*futures) == ["a mistake of ours"] * 3
    # SQLite undoes what nobody was told of; PostgreSQL had done it, once.
    assert len(await database.fetch(things.ALL)) == {"sqlite": 0, "postgres": 3}[database.dialect]


@pytest.mark.parametrize("results", [0, 1, 3])
async def test_with_more_or_fewer_results_nothing_is_acknowledged(database: Database, results: int) -> None:
    def on_sqlite(run: Any, items: list[Thing]) -> Sequence[Any]:
        things.put_on_sqlite(run, items)
        return list(range(results))

    async def on_postgres(connection: Any, items: list[Thing]) -> Sequence[Any]:
        await things.put_on_postgres(connection, items)
        return list(range(results))

    flight = database.flight(writing(on_sqlite, on_postgres))
    outcomes = await asyncio.gather(flight.join(Thing(1, "a")), flight.join(Thing(2, "b")), return_exceptions=True)
    assert [isinstance(outcome, RuntimeError) for outcome in outcomes] == [True, True]
    # SQLite undoes what nobody was told of; on PostgreSQL the statement was a transaction of its own.
    assert len(await database.fetch(things.ALL)) == {"sqlite": 0, "postgres": 2}[database.dialect]


async def test_a_stop_iteration_reaches_the_waiter_as_an_error(database: Database) -> None:
    def on_sqlite(_run: Any, _items: list[Thing]) -> Sequence[Any]:
        return [next(iter(()))]

    async def on_postgres(_connection: Any, _items: list[Thing]) -> Sequence[Any]:
        return [next(iter(()))]

    flight = database.flight(writing(on_sqlite, on_postgres))
    (outcome,) = await asyncio.gather(flight.join(Thing(1, "a")), return_exceptions=True)
    assert isinstance(outcome, Exception)
    assert (await database.ping()).ok


async def test_reads_fly_too(database: Database, heard: Heard) -> None:
    await database.execute(things.PUT, id=1, name="a", amount=3)
    flight = database.flight(READ_THINGS)
    assert await settled(*(flight.join(number) for number in (1, 2, 1))) == [Row(1, "a", 3), None, Row(1, "a", 3)]
    assert heard.all == []


async def test_a_read_that_fails_harms_nobody_else(database: Database, heard: Heard) -> None:
    await database.execute(things.PUT, id=1, name="a", amount=3)
    flight = database.flight(READ_THINGS)
    outcomes = await asyncio.gather(flight.join(1), flight.join(2**70), flight.join(1), return_exceptions=True)
    assert (outcomes[0], isinstance(outcomes[1], Exception), outcomes[2]) == (Row(1, "a", 3), True, Row(1, "a", 3))
    assert [(split.flight, split.size) for split in heard.of(FlightSplit)] == [("read", 3)]


async def test_items_that_share_a_key_see_each_other(database: Database) -> None:
    """The second put of a name finds it taken: in one flight both would be refused, or the statement as a whole."""
    flight = database.flight(PUT_THINGS, keys=lambda thing: [thing.name])
    futures = [flight.join(Thing(number, "same")) for number in range(3)]
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    assert (outcomes[0], [type(outcome) for outcome in outcomes[1:]]) == (0, [Conflict, Conflict])


async def test_a_full_queue_turns_away(store: Store, heard: Heard) -> None:
    database = await store.open(heard, flight_capacity=2, flight_queue=3)
    flight = database.flight(PUT_THINGS)
    futures = [flight.join(Thing(number, str(number))) for number in range(3)]
    with pytest.raises(Overloaded, match="3 requests already wait for put"):
        flight.join(Thing(4, "4"))
    assert await settled(*futures) == [0, 1, 2]
    assert heard.of(RequestShed) == [RequestShed("flight:put")]
    await database.close(5)


async def test_closing_lands_what_is_in_the_air(store: Store) -> None:
    database = await store.open(None, flight_capacity=3)
    flight = database.flight(PUT_THINGS)
    futures = [flight.join(Thing(number, str(number))) for number in range(10)]
    await database.close(5)
    assert [future.result() for future in futures] == list(range(10))
    assert store.rows("SELECT count(*) FROM thing") == ["10"]
