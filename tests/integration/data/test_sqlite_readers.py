"""The reader threads: one state of the data per flight, no writes, their time limited."""

import asyncio
from collections.abc import Sequence
from typing import Any

import apsw
import pytest

from roadbed.data.database import Database, Program
from roadbed.data.sqlite.connection import SqliteRun
from roadbed.kernel.errors import DeadlineExceeded, Overloaded
from roadbed.kernel.events import DatabaseFailed, FlightSplit, RequestShed
from tests.integration.data import things
from tests.integration.data.gates import Gate
from tests.integration.data.stores import Heard, SqliteStore


def reading(work: Any) -> Program:
    async def never(_connection: Any, _items: list[Any]) -> Sequence[Any]:
        raise AssertionError("for SQLite")

    return Program("reading", False, work, never)


def total(run: Any) -> int:
    found = run.fetch_one(things.TOTAL)
    return found.number


async def test_all_statements_of_a_read_see_one_state(sqlite: Database) -> None:
    """Naively each statement sees the newest: two parts of one reply would not fit together."""
    seen: list[int] = []
    gate: Gate

    def look_twice(run: Any, items: list[Any]) -> Sequence[Any]:
        seen.append(total(run))
        gate.entered.set()
        gate.opened.wait(30)
        seen.append(total(run))
        return items

    gate = Gate(sqlite, write=False)
    reader = sqlite.flight(reading(look_twice))
    future = reader.join(1)
    await asyncio.to_thread(gate.entered.wait, 30)
    await sqlite.execute(things.PUT, id=1, name="a", amount=1)
    gate.open()
    await future
    await sqlite.flight(reading(lambda run, items: [seen.append(total(run)) for _ in items])).join(1)
    assert seen == [0, 0, 1]


async def test_readers_run_beside_each_other_and_beside_the_writer(sqlite: Database) -> None:
    first, second, writer = Gate(sqlite, write=False), Gate(sqlite, write=False), Gate(sqlite)
    futures = [await first.close(), await second.close(), await writer.close()]
    for gate in (first, second, writer):
        gate.open()
    assert await asyncio.gather(*futures) == ["through"] * 3


@pytest.mark.parametrize("sql", ["INSERT INTO thing (id, name, amount) VALUES (1, 'a', 1)", "DELETE FROM thing"])
async def test_a_reader_cannot_write(sqlite: Database, heard: Heard, sql: str) -> None:
    flight = sqlite.flight(reading(lambda run, _: [run.control(sql)]))
    with pytest.raises(apsw.ReadOnlyError):
        await flight.join(1)
    assert await sqlite.fetch(things.ALL) == []
    assert heard.of(DatabaseFailed) == []


async def test_a_read_that_takes_too_long_is_broken_off(sqlite_store: SqliteStore, heard: Heard) -> None:
    database = await sqlite_store.open(heard, statement_timeout=0.5)
    with pytest.raises(DeadlineExceeded, match="exceeded its time limit"):
        await database.fetch(things.LINGER)
    assert await database.fetch(things.ALL) == []
    assert [event.kind for event in heard.of(DatabaseFailed)] == ["timeout"]
    await database.close(5)


async def test_a_slow_item_is_not_tried_again_for_each_of_its_flight(sqlite_store: SqliteStore, heard: Heard) -> None:
    database = await sqlite_store.open(heard, statement_timeout=0.05)
    flight = database.flight(reading(lambda run, items: [run.fetch(things.LINGER) for _ in items]))
    outcomes = await asyncio.gather(*(flight.join(number) for number in range(50)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {DeadlineExceeded}
    assert heard.of(FlightSplit) == []
    await database.close(5)


async def test_a_full_queue_turns_away(sqlite_store: SqliteStore, heard: Heard) -> None:
    database = await sqlite_store.open(heard, readers=1, reader_queue=2)
    gate = Gate(database, write=False)
    held = await gate.close()
    waits = asyncio.ensure_future(database.fetch(things.ALL))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="2 reads already wait"):
        await database.fetch(things.ALL)
    gate.open()
    assert (await held, await waits, heard.of(RequestShed)) == ("through", [], [RequestShed("readers")])
    await database.close(5)


async def test_reads_that_were_cancelled_in_the_queue_give_their_places_back(sqlite_store: SqliteStore) -> None:
    """Clients that hang up while they wait must not fill the queue for ever."""
    database = await sqlite_store.open(None, readers=1, reader_queue=4)
    gate = Gate(database, write=False)
    held = await gate.close()
    waiting = [asyncio.ensure_future(database.fetch(things.ALL)) for _ in range(3)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    gate.open()
    await held
    assert await database.fetch(things.ALL) == []
    assert database.gauges()["queue_depth:readers"] == 0
    await database.close(5)


async def test_a_reader_outlives_whatever_a_read_raises(sqlite: Database) -> None:
    def fail(_run: Any, items: list[Any]) -> Sequence[Any]:
        raise items[0]

    flight = sqlite.flight(reading(fail))
    for error in (SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError(), MemoryError(), StopIteration()):
        (outcome,) = await asyncio.gather(flight.join(error), return_exceptions=True)
        assert isinstance(outcome, Exception)
    assert await asyncio.gather(*(sqlite.fetch(things.ALL) for _ in range(10))) == [[]] * 10


async def test_a_read_that_leaves_its_transaction_open_holds_no_old_state(sqlite: Database) -> None:
    flight = sqlite.flight(
        reading(lambda run, items: [run.control("COMMIT; BEGIN; SELECT * FROM thing") for _ in items])
    )
    for number in range(4):
        await flight.join(number)
    await sqlite.execute(things.PUT, id=1, name="a", amount=1)
    for _ in range(4):
        assert [row.id for row in await sqlite.fetch(things.ALL)] == [1]


async def test_a_reader_whose_connection_breaks_opens_another(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open(None, readers=1)
    flight = database.flight(reading(lambda run, items: [run.connection.close(True) for _ in items]))
    await asyncio.gather(flight.join(1), return_exceptions=True)
    assert await database.fetch(things.ALL) == []
    await database.close(5)


def count_to(number: int) -> str:
    return f"WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {number}) SELECT max(n) FROM s"


def test_the_clock_runs_between_start_and_stop_only(sqlite_store: SqliteStore) -> None:
    """A commit or a rollback after a slow job is not to be interrupted: it takes no look at the clock."""
    run = SqliteRun(str(sqlite_store.path), write=True, busy_timeout=1.0, statement_timeout=0.0)
    run.start_clock()
    with pytest.raises(apsw.InterruptError):
        run.connection.execute(count_to(1_000_000)).fetchall()
    run.stop_clock()
    assert run.connection.execute(count_to(1_000_000)).get == 1_000_000
    run.close()
