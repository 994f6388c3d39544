"""PostgreSQL as a ``Database``: a bounded pool, and flights of one round trip."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, TypeVar

import asyncpg

from roadbed.data.bell import Bell
from roadbed.data.bulk import BulkTable, Columns, Merged
from roadbed.data.database import Health, Program, close_flights, flight_depths
from roadbed.data.flights import Flight, Keys, Told
from roadbed.data.joining import open_transaction, part_of, tell
from roadbed.data.postgres.attempts import Attempts
from roadbed.data.postgres.bulk import PostgresBulk
from roadbed.data.postgres.errors import FAILURES
from roadbed.data.postgres.listening import Listener
from roadbed.data.postgres.pool import Connections, PostgresOptions
from roadbed.data.postgres.statements import PostgresStatements, PostgresTransaction
from roadbed.data.queries import Dialect, Query
from roadbed.kernel.errors import RoadbedError
from roadbed.kernel.events import Events

R = TypeVar("R")


async def open_postgres(options: PostgresOptions, events: Events) -> PostgresDatabase:
    """Open the pool with one connection.

    Raises:
        ConfigurationError: the URL, the database's name, the credentials or a right is wrong.
        Unavailable: nobody answers there, or not yet.
    """
    database = PostgresDatabase(options, events)
    try:
        await database.start()
    except BaseException:
        await database.close(0)
        raise
    return database


class PostgresDatabase:
    """An open pool of connections. Made by ``open_postgres``."""

    dialect: Dialect = "postgres"

    def __init__(self, options: PostgresOptions, events: Events) -> None:
        self._options = options
        self._events = events
        self._connections = Connections(options, events)
        self._attempts = Attempts(self._connections, events, options.lock_timeout)
        self._listener = Listener(options.direct_url or options.url, options.connect_timeout, events)
        self._flights: list[Flight[Any, Any]] = []
        self._bulks: dict[BulkTable, Program] = {}

    @property
    def bell(self) -> Bell:
        """What wakes those who wait for changes."""
        return self._listener.bell

    async def start(self) -> None:
        """Connect once, so that a wrong URL is found now."""
        await self._connections.open()

    async def fetch(self, query: Query[R], /, **arguments: Any) -> list[R]:
        """Return all rows of a read, or of a write in a transaction of its own (``RETURNING``)."""
        run = open_transaction()
        if run is not None:
            return await run.fetch(query, **arguments)
        return await self._run(query.name, lambda run: run.fetch(query, **arguments), write=query.writes)

    async def fetch_one(self, query: Query[R], /, **arguments: Any) -> R | None:
        """Return the first row of a read, or of a write in a transaction of its own, or None."""
        run = open_transaction()
        if run is not None:
            return await run.fetch_one(query, **arguments)
        return await self._run(query.name, lambda run: run.fetch_one(query, **arguments), write=query.writes)

    async def execute(self, query: Query[Any], /, **arguments: Any) -> int:
        """Run a write in a transaction of its own; return the number of rows it changed."""
        run = open_transaction()
        if run is not None:
            return await run.execute(query, **arguments)
        return await self._run(query.name, lambda run: run.execute(query, **arguments), write=True)

    async def execute_many(self, query: Query[Any], /, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a write once per mapping, all or none."""
        run = open_transaction()
        if run is not None:
            await run.execute_many(query, rows)
            return
        await self._run(query.name, lambda run: run.execute_many(query, rows), write=True)

    async def _run(self, name: str, work: Callable[[PostgresStatements], Awaitable[R]], *, write: bool) -> R:
        try:
            return await self._attempts.run(name, lambda connection: work(PostgresStatements(connection)))
        except FAILURES as error:
            failure = self._attempts.report(error, sent=write)
            if failure is error:
                raise
            raise failure from error

    @asynccontextmanager
    async def transaction(self, told: Callable[[], None] | None = None) -> AsyncGenerator[PostgresTransaction]:
        """Open a write transaction (READ COMMITTED); it ends with the block."""
        joined = open_transaction()
        if joined is not None:
            with part_of(joined, told):
                yield joined
            return
        async with self._connections.borrow() as connection:
            run = PostgresTransaction(connection, self._options.transaction_timeout, self._attempts.report)
            await run.begin()
            try:
                yield run
            except (asyncio.CancelledError, GeneratorExit):
                # Rolled back when the connection is given back, while nobody waits for it.
                raise
            except BaseException:
                await run.roll_back()
                raise
            await run.commit()
            if told is not None:
                tell(told)

    def flight(self, program: Program, *, keys: Keys | None = None, told: Told | None = None) -> Flight[Any, Any]:
        """Open a natural batch: one round trip per flight."""
        flight = Flight[Any, Any](
            program.name,
            lambda items: self._attempts.fly(program, items),
            self._events,
            capacity=self._options.flight_capacity,
            queue=self._options.flight_queue,
            keys=keys,
            program=program,
            traced=self._options.traced,
        )
        flight.told = told
        self._flights.append(flight)
        return flight

    def state(self) -> int | None:
        """Return None: what others have committed only the server knows."""
        return None

    async def merge(self, table: BulkTable, columns: Columns, told: Told | None = None) -> Merged:
        """Write a batch of rows, on a connection of its own."""
        program = self._bulks.get(table)
        if program is None:
            program = self._bulks[table] = PostgresBulk(table).program()
        (outcome,) = await self._attempts.fly(program, [columns])
        if isinstance(outcome, BaseException):
            raise outcome
        if told is not None:
            tell(told, outcome)
        return outcome

    async def stored_heads(self) -> tuple[str, ...]:
        """Return the Alembic revisions that the database is at; empty for a new one."""
        return await self._run("stored_heads", PostgresStatements.heads, write=False)

    async def ping(self) -> Health:
        """Run an empty statement, within a second."""
        began = perf_counter()
        try:
            async with asyncio.timeout(1.0), self._connections.borrow() as connection:
                await self._select_nothing(connection)
        except TimeoutError:
            return Health(False, perf_counter() - began, "no answer within 1 s")
        except RoadbedError as error:
            return Health(False, perf_counter() - began, error.detail)
        except FAILURES:
            # Its words name users, databases and hosts. They are in the log: who asks here may be anybody.
            return Health(False, perf_counter() - began, "unreachable")
        return Health(True, perf_counter() - began)

    async def _select_nothing(self, connection: asyncpg.Connection[Any]) -> None:
        try:
            await connection.execute("SELECT 1")
        except FAILURES as error:
            raise self._attempts.report(error, sent=False) from error

    def gauges(self) -> Mapping[str, float]:
        """Return queue depths and the use of the pool."""
        return {**flight_depths(self._flights), **self._connections.gauges()}

    async def close(self, timeout: float) -> None:
        """Land all flights, then close the pool; what still runs after ``timeout`` seconds is cut off."""
        deadline = perf_counter() + timeout
        await close_flights(self._flights, timeout)
        await self._listener.close()
        await self._connections.close(max(deadline - perf_counter(), 0.0))
