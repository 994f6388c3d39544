"""How often a flight on PostgreSQL is tried, split, or left alone: over a stand-in for the pool."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from roadbed.data.database import Program
from roadbed.data.postgres.attempts import Attempts, Watched
from roadbed.kernel.errors import Conflict, Invalid, OutcomeUnknown, Overloaded, Unavailable
from roadbed.kernel.events import DatabaseFailed, Events, FlightRetried, FlightSplit


class Connection:
    """Counts what is executed."""

    def __init__(self) -> None:
        self.executed: list[str] = []
        self.words = "not a method"

    async def execute(self, sql: str = "") -> str:
        self.executed.append(sql)
        return "DONE"

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None]:
        yield


class Pool:
    """Lends the one connection, unless it is told not to."""

    def __init__(self) -> None:
        self.connection = Connection()
        self.failure: Exception | None = None
        self.lent = 0

    @asynccontextmanager
    async def borrow(self) -> AsyncGenerator[Any]:
        if self.failure is not None:
            raise self.failure
        self.lent += 1
        yield self.connection


class Airline:
    """Attempts over a stand-in, a program that fails as a test says, and what was emitted."""

    def __init__(self, *, write: bool = True) -> None:
        self.pool = Pool()
        self.emitted: list[Any] = []
        events = Events()
        for kind in (FlightRetried, FlightSplit, DatabaseFailed):
            events.on(kind, self.emitted.append)
        self.attempts = Attempts(self.pool, events, 3.0)  # type: ignore[arg-type]
        self.flown: list[list[Any]] = []
        self.failures: list[Exception] = []
        self.poison: dict[Any, Exception] = {}
        self.late = True
        self.program = Program("test", write, lambda run, items: items, self._fly)

    async def _fly(self, connection: Any, items: list[Any]) -> Sequence[Any]:
        self.flown.append(items)
        if self.late:
            await connection.execute("SELECT 1")
        if self.failures:
            raise self.failures.pop(0)
        for item in items:
            if item in self.poison:
                raise self.poison[item]
        return [f"{item}!" for item in items]

    async def fly(self, *items: Any) -> list[Any]:
        """Return results, and failures by their class."""
        results = await self.attempts.fly(self.program, list(items))
        return [type(result) if isinstance(result, Exception) else result for result in results]

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.emitted if type(event) is kind]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roadbed.data.postgres.attempts._FIRST_PAUSE", 0.0)


async def test_most_flights_need_one_attempt() -> None:
    airline = Airline()
    assert await airline.fly(1, 2) == ["1!", "2!"]
    assert (airline.pool.lent, airline.emitted) == (1, [])


@pytest.mark.parametrize("error", [asyncpg.DeadlockDetectedError, asyncpg.SerializationError])
async def test_a_lost_race_is_run_again(error: type[asyncpg.PostgresError]) -> None:
    airline = Airline()
    airline.failures = [error("x") for _ in range(5)]
    assert await airline.fly(1) == ["1!"]
    assert (airline.pool.lent, {event.code for event in airline.of(FlightRetried)}) == (6, {error.sqlstate})


async def test_but_not_for_ever() -> None:
    airline = Airline()
    airline.failures = [asyncpg.DeadlockDetectedError("x") for _ in range(100)]
    with pytest.raises(Unavailable, match="nothing was written"):
        await airline.fly(1, 2)
    assert (len(airline.flown), airline.of(FlightSplit)) == (6, [])


async def test_a_row_that_another_process_inserted_is_looked_at_again() -> None:
    airline = Airline()
    airline.failures = [asyncpg.UniqueViolationError("x")]
    assert await airline.fly(1, 2) == ["1!", "2!"]
    assert [event.code for event in airline.of(FlightRetried)] == ["23505"]


async def test_a_row_that_is_there_for_good_is_a_conflict_of_one_item() -> None:
    airline = Airline()
    airline.poison = {2: asyncpg.UniqueViolationError("x")}
    assert await airline.fly(1, 2, 3) == ["1!", Conflict, "3!"]
    assert airline.flown == [[1, 2, 3]] * 3 + [[1]] + [[2]] * 3 + [[3]]
    assert (len(airline.of(FlightSplit)), airline.of(DatabaseFailed)) == (1, [])


async def test_a_statement_that_no_longer_fits_the_schema_is_tried_once_more() -> None:
    airline = Airline()
    airline.failures = [asyncpg.InvalidCachedStatementError("x")]
    assert await airline.fly(1) == ["1!"]
    airline.failures = [asyncpg.InvalidCachedStatementError("x") for _ in range(9)]
    with pytest.raises(Unavailable, match="The schema has just changed"):
        await airline.fly(1)
    assert len(airline.flown) == 4


async def test_what_the_server_refused_is_split() -> None:
    airline = Airline()
    airline.poison = {2: asyncpg.CheckViolationError("x")}
    assert await airline.fly(1, 2, 3) == ["1!", asyncpg.CheckViolationError, "3!"]
    assert [split.size for split in airline.of(FlightSplit)] == [3]


async def test_a_lone_item_is_not_split() -> None:
    airline = Airline()
    airline.poison = {1: asyncpg.CheckViolationError("x")}
    assert await airline.fly(1) == [asyncpg.CheckViolationError]
    assert (airline.flown, airline.of(FlightSplit)) == ([[1]], [])


async def test_arguments_that_asyncpg_refuses_are_split_too() -> None:
    refused = type("DataError", (asyncpg.InterfaceError, ValueError), {})("invalid input for query argument $1")
    airline = Airline()
    airline.poison = {2: refused}
    assert await airline.fly(1, 2) == ["1!", type(refused)]


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), Invalid("x"), asyncpg.InterfaceError("in progress")])
async def test_after_the_work_nothing_is_run_again(error: Exception) -> None:
    """It may be written: the flight fails as a whole, once."""
    airline = Airline()
    airline.failures = [error]
    with pytest.raises(type(error)):
        await airline.fly(1, 2)
    assert (airline.flown, airline.of(FlightSplit)) == ([[1, 2]], [])


async def test_before_the_work_it_may() -> None:
    airline = Airline()
    airline.late = False
    airline.poison = {2: Invalid("a bad one")}
    assert await airline.fly(1, 2) == ["1!", Invalid]


async def test_a_read_may_always() -> None:
    airline = Airline(write=False)
    airline.poison = {2: KeyError("x")}
    assert await airline.fly(1, 2) == ["1!", KeyError]


async def test_a_decoder_that_met_another_schema_never_writes_twice() -> None:
    """asyncpg raises it when the statement is already done on the server."""
    airline = Airline()
    airline.failures = [asyncpg.OutdatedSchemaCacheError("x")]
    with pytest.raises(Unavailable):
        await airline.fly(1, 2)
    assert len(airline.flown) == 1


@pytest.mark.parametrize(
    "error", [asyncpg.UndefinedTableError("x"), asyncpg.DataCorruptedError("x"), asyncpg.QueryCanceledError("x")]
)
async def test_what_concerns_all_is_not_tried_item_by_item(error: Exception) -> None:
    airline = Airline()
    airline.failures = [error]
    with pytest.raises((type(error), Unavailable)):
        await airline.fly(1, 2, 3)
    assert len(airline.flown) == 1


async def test_when_the_database_goes_away_during_a_split_the_rest_is_not_tried() -> None:
    airline = Airline()
    airline.poison = {2: asyncpg.ConnectionDoesNotExistError("lost")}
    airline.failures = [asyncpg.CheckViolationError("x")]
    results = await airline.attempts.fly(airline.program, [1, 2, 3, 4])
    assert results[0] == "1!"
    assert [getattr(result, "slug", "") for result in results[1:]] == ["outcome-unknown", "unavailable", "unavailable"]
    assert results[2] is not results[3]
    assert airline.flown == [[1, 2, 3, 4], [1], [2]]


LOST = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
CLOSED = asyncpg.InterfaceError("connection is closed")


@pytest.mark.parametrize("write", [False, True])
async def test_a_connection_that_was_closed_before_anything_was_sent_is_replaced_once(write: bool) -> None:
    airline = Airline(write=write)
    airline.failures = [CLOSED]
    assert await airline.fly(1, 2) == ["1!", "2!"]
    assert (airline.pool.lent, [event.kind for event in airline.of(DatabaseFailed)]) == (2, ["connection"])
    airline.failures = [CLOSED, CLOSED, CLOSED]
    with pytest.raises(Unavailable, match="nothing was written"):
        await airline.fly(1, 2)
    assert airline.pool.lent == 4


@pytest.mark.parametrize(("write", "told"), [(False, Unavailable), (True, OutcomeUnknown)])
async def test_what_may_have_reached_the_server_is_not_sent_again(write: bool, told: type[Exception]) -> None:
    airline = Airline(write=write)
    airline.failures = [LOST]
    with pytest.raises(told):
        await airline.fly(1, 2)
    assert airline.pool.lent == 1


async def test_a_lock_that_is_not_free_fails_those_alone_who_need_it() -> None:
    """They have waited for it once. All of them together do so for no longer again."""
    airline = Airline()
    airline.poison = {2: asyncpg.LockNotAvailableError("x"), 3: asyncpg.LockNotAvailableError("x")}
    assert await airline.fly(1, 2, 3, 4) == ["1!", Unavailable, Unavailable, "4!"]
    assert airline.flown == [[1, 2, 3, 4], [1], [2], [3], [4]]
    timeouts = [sql for sql in airline.pool.connection.executed if "lock_timeout" in sql]
    assert timeouts == ["SET LOCAL lock_timeout = 750"] * 4
    assert [event.kind for event in airline.of(DatabaseFailed)] == ["lock", "lock"]


async def test_who_waits_alone_for_a_lock_does_so_once() -> None:
    airline = Airline()
    airline.poison = {1: asyncpg.LockNotAvailableError("x")}
    assert await airline.fly(1) == [Unavailable]
    assert (airline.flown, airline.of(FlightSplit)) == ([[1]], [])


async def test_a_full_pool_fails_all_at_once() -> None:
    airline = Airline()
    airline.pool.failure = Overloaded("no connection")
    with pytest.raises(Overloaded, match="no connection"):
        await airline.fly(1, 2, 3)
    assert airline.flown == []


async def test_a_watched_connection_tells_of_calls_only() -> None:
    connection = Connection()
    watched = Watched(connection)
    assert (watched.words, watched.used) == ("not a method", False)
    method = watched.execute
    assert watched.used is False
    assert (await method("x"), watched.used, connection.executed) == ("DONE", True, ["x"])
