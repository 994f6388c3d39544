"""The writer: many jobs, one commit; one failure, nobody else's."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from roadbed.data.database import Database, Program
from roadbed.data.sqlite.engine import SqliteDatabase
from roadbed.kernel.errors import Conflict, DeadlineExceeded, Overloaded
from roadbed.kernel.events import DatabaseFailed, FlightSplit, RequestShed
from tests.integration.data import things
from tests.integration.data.gates import Gate, count_commits, held_writer, in_writer
from tests.integration.data.stores import Heard, SqliteStore
from tests.integration.data.things import PUT_THINGS, Thing


def put(database: Database, number: int, name: str = "") -> asyncio.Future[int]:
    return asyncio.ensure_future(database.execute(things.PUT, id=number, name=name or str(number), amount=1))


async def outcomes_of(*futures: asyncio.Future[Any]) -> list[Any]:
    """Return results, and failures by their class."""
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    return [type(outcome) if isinstance(outcome, Exception) else outcome for outcome in outcomes]


async def ids(database: Database) -> list[int]:
    return [row.id for row in await database.fetch(things.ALL)]


async def test_what_queues_up_shares_one_commit(sqlite: Database) -> None:
    flight = sqlite.flight(PUT_THINGS)
    commits = await count_commits(sqlite)
    async with held_writer(sqlite):
        futures = [put(sqlite, number) for number in range(40)]
        futures += [flight.join(Thing(number, str(number))) for number in range(40, 90)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert commits == []
    assert await outcomes_of(*futures) == [1] * 40 + list(range(40, 90))
    assert len(commits) == 1


async def test_one_commit_takes_a_bounded_number_of_jobs(sqlite: Database) -> None:
    commits = await count_commits(sqlite)
    async with held_writer(sqlite):
        futures = [put(sqlite, number) for number in range(65)]
    await asyncio.gather(*futures)
    assert (len(commits), len(await ids(sqlite))) == (2, 65)


async def test_a_job_that_fails_leaves_its_neighbours_in_the_same_commit(sqlite: Database, heard: Heard) -> None:
    flight = sqlite.flight(PUT_THINGS)
    await put(sqlite, 1)
    commits = await count_commits(sqlite)
    async with held_writer(sqlite):
        futures = [put(sqlite, 2), put(sqlite, 1), put(sqlite, 3), flight.join(Thing(4, "4")), put(sqlite, 5, "2")]
    assert await outcomes_of(*futures) == [1, Conflict, 1, 4, Conflict]
    assert (await ids(sqlite), len(commits), heard.of(FlightSplit)) == ([1, 2, 3, 4], 1, [])


async def test_of_two_that_want_the_same_the_first_to_come_gets_it(sqlite: Database) -> None:
    async with held_writer(sqlite):
        futures = [put(sqlite, 1, "same"), put(sqlite, 2, "same")]
    assert await outcomes_of(*futures) == [1, Conflict]


async def test_only_the_flight_that_fails_is_split(sqlite: Database, heard: Heard) -> None:
    good, bad = sqlite.flight(PUT_THINGS), sqlite.flight(PUT_THINGS)
    await put(sqlite, 1, "taken")
    async with held_writer(sqlite):
        futures = [good.join(Thing(10, "a")), good.join(Thing(11, "b"))]
        futures += [bad.join(Thing(20, "c")), bad.join(Thing(21, "taken")), bad.join(Thing(22, "d"))]
    assert await outcomes_of(*futures) == [10, 11, 20, Conflict, 22]
    assert [split.size for split in heard.of(FlightSplit)] == [3]


def slow_program(seconds: float) -> Program:
    """Take too long at the item "slow" by a statement, quickly enough at all others."""

    def work(run: Any, items: list[Thing]) -> Sequence[Any]:
        things.put_on_sqlite(run, items)
        if any(item.name == "slow" for item in items):
            run.fetch(things.LINGER)
        return [item.id for item in items]

    return Program("slow", True, work, things.put_on_postgres)


async def test_a_job_that_takes_too_long_fails_alone(sqlite_store: SqliteStore, heard: Heard) -> None:
    """SQLite undoes the whole transaction when a write is interrupted: the neighbours are written all the same."""
    database = await sqlite_store.open(heard, statement_timeout=0.5)
    slow = database.flight(slow_program(0.5))
    commits = await count_commits(database)
    async with held_writer(database):
        futures = [put(database, 1), slow.join(Thing(2, "slow")), put(database, 3)]
    assert await outcomes_of(*futures) == [1, DeadlineExceeded, 1]
    assert (await ids(database), len(commits)) == ([1, 3], 1)
    assert {event.kind for event in heard.of(DatabaseFailed)} == {"timeout"}
    await database.close(5)


async def test_when_several_take_too_long_the_others_are_still_written(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open(None, statement_timeout=0.5)
    first, second = database.flight(slow_program(0.5)), database.flight(slow_program(0.5))
    await put(database, 9, "taken")
    async with held_writer(database):
        futures = [put(database, 1), first.join(Thing(2, "slow")), put(database, 3, "taken")]
        futures += [second.join(Thing(4, "slow")), put(database, 5)]
    assert await outcomes_of(*futures) == [1, DeadlineExceeded, Conflict, DeadlineExceeded, 1]
    assert await ids(database) == [1, 5, 9]
    await database.close(5)


async def test_each_job_has_the_whole_time_for_itself(sqlite_store: SqliteStore) -> None:
    """A clock for the whole commit would take from the last what the first ones used."""
    database = await sqlite_store.open(None, statement_timeout=2.0)

    def work(run: Any, items: list[Any]) -> Sequence[Any]:
        time.sleep(0.8)
        # Enough steps for a look at the clock.
        run.connection.execute(
            "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 30000) SELECT max(n) FROM s"
        ).fetchall()
        return items

    flights = [database.flight(Program("half", True, work, things.put_on_postgres)) for _ in range(3)]
    async with held_writer(database):
        futures = [flight.join(number) for number, flight in enumerate(flights)]
    assert await outcomes_of(*futures) == [0, 1, 2]
    await database.close(5)


async def test_a_job_whose_people_have_left_is_not_run(sqlite: Database) -> None:
    async with held_writer(sqlite):
        gone, stays = put(sqlite, 1), put(sqlite, 2)
        await asyncio.sleep(0)
        gone.cancel()
    assert (await stays, await ids(sqlite)) == (1, [2])


async def test_a_transaction_shares_its_commit_with_nobody(sqlite: Database) -> None:
    commits = await count_commits(sqlite)

    async def interactive() -> None:
        async with sqlite.transaction() as run:
            await run.execute(things.PUT, id=2, name="2", amount=1)

    async with held_writer(sqlite):
        futures: list[asyncio.Future[Any]] = [put(sqlite, 1)]
        await asyncio.sleep(0)
        futures.append(asyncio.ensure_future(interactive()))
        await asyncio.sleep(0)
        futures += [put(sqlite, 3), put(sqlite, 4)]
    await asyncio.gather(*futures)
    assert (len(commits), await ids(sqlite)) == (3, [1, 2, 3, 4])


async def test_a_full_queue_turns_away(sqlite_store: SqliteStore, heard: Heard) -> None:
    database = await sqlite_store.open(heard, writer_queue=3)
    async with held_writer(database):
        futures = [put(database, 1), put(database, 2)]
        await asyncio.sleep(0)
        assert database.gauges()["queue_depth:writer"] == 3.0
        with pytest.raises(Overloaded, match="3 writes already wait"):
            await database.execute(things.PUT, id=3, name="3", amount=1)
        with pytest.raises(Overloaded):
            await database.transaction().__aenter__()
    assert await outcomes_of(*futures) == [1, 1]
    assert heard.of(RequestShed) == [RequestShed("writer")] * 2
    await database.close(5)


async def test_a_connection_that_cannot_be_rolled_back_is_replaced(sqlite: Database, heard: Heard) -> None:
    """The jobs of that moment hear that nothing was written; the next ones find another connection."""
    connections: list[int] = []

    def spoil(run: Any, items: list[Any]) -> Sequence[Any]:
        connections.append(id(run))
        run.connection.close(True)
        raise ValueError("in the middle of it all")

    gate = Gate(sqlite, then=spoil)
    future = await gate.close()
    neighbour = put(sqlite, 1)
    await asyncio.sleep(0)
    gate.open()
    outcomes = await asyncio.gather(future, neighbour, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes[:1]] == [
        "The connection to the database was given up: nothing was written"
    ]
    assert await put(sqlite, 2) == 1
    assert await in_writer(sqlite, id) != connections[0]
    assert heard.of(DatabaseFailed) != []


async def test_the_writer_outlives_whatever_a_job_raises(sqlite: Database) -> None:
    assert isinstance(sqlite, SqliteDatabase)

    def fail(_run: Any, items: list[Any]) -> Sequence[Any]:
        raise items[0]

    flight = sqlite.flight(Program("fail", True, fail, things.put_on_postgres))
    for error in (SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError(), MemoryError(), StopIteration()):
        (outcome,) = await asyncio.gather(flight.join(error), return_exceptions=True)
        assert isinstance(outcome, Exception)
    assert await put(sqlite, 1) == 1
