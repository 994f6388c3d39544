"""PostgreSQL as a ``Database``: a bounded pool, and flights of one round trip."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, TypeVar

import asyncpg
import msgspec

from roadbed.data.database import Health, Program
from roadbed.data.flights import Flight
from roadbed.data.postgres.errors import RACES, STALE, is_everybodys, kind_of, still_running, translate
from roadbed.data.postgres.statements import PostgresStatements
from roadbed.data.queries import Dialect, Query
from roadbed.kernel.errors import ConfigurationError, Overloaded, RoadbedError, Unavailable
from roadbed.kernel.events import DatabaseFailed, Events, FlightRetried, FlightSplit, RequestShed

R = TypeVar("R")

_MOST_TRIES = 6
_FIRST_PAUSE = 0.002
_NEVER_RECYCLED = 2**31 - 1


class PostgresOptions(msgspec.Struct, frozen=True):
    """Bounds of the engine. Times are in seconds, queues in entries.

    ``pooler`` says that ``url`` leads to a transaction pooler: then nothing is prepared under a name, and the timeouts
    must be set on the role, because a session's settings do not stay with a client there.
    """

    url: str
    pool_size: int = 8
    pool_queue: int = 1024
    pool_timeout: float = 5.0
    connect_timeout: float = 5.0
    flight_capacity: int = 256
    flight_queue: int = 4096
    statement_timeout: float = 10.0
    lock_timeout: float = 5.0
    pooler: bool = False


async def open_postgres(options: PostgresOptions, events: Events) -> PostgresDatabase:
    """Open the pool with one connection.

    Raises:
        ConfigurationError: the URL, the database's name or the credentials are wrong.
        Unavailable: nobody answers there.
    """
    database = PostgresDatabase(options, events)
    await database.start()
    return database


async def _keep(_: asyncpg.Connection[Any]) -> None:
    """Leave a connection as it is when it comes back: we change nothing on it that would need a reset."""


class PostgresDatabase:
    """An open pool of connections. Made by ``open_postgres``."""

    dialect: Dialect = "postgres"

    def __init__(self, options: PostgresOptions, events: Events) -> None:
        self._options = options
        self._events = events
        self._pool: asyncpg.Pool[Any] = asyncpg.create_pool(
            options.url,
            min_size=1,
            max_size=options.pool_size,
            max_queries=_NEVER_RECYCLED,
            max_inactive_connection_lifetime=0,
            timeout=options.connect_timeout,
            command_timeout=options.statement_timeout + 1.0,
            statement_cache_size=0 if options.pooler else 256,
            server_settings=None if options.pooler else self._settings(),
            reset=_keep,
        )
        self._waiting = 0
        self._flights: dict[str, Flight[Any, Any]] = {}

    def _settings(self) -> dict[str, str]:
        options = self._options
        return {
            "application_name": "roadbed",
            "statement_timeout": str(int(options.statement_timeout * 1000)),
            "lock_timeout": str(int(options.lock_timeout * 1000)),
            "idle_in_transaction_session_timeout": str(int(options.statement_timeout * 1000)),
            # Statements are short; compiling one would take longer than running it.
            "jit": "off",
        }

    async def start(self) -> None:
        """Connect once, so that a wrong URL is found now."""
        try:
            await self._pool
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError, ValueError) as error:
            raise ConfigurationError(f"database_url: {error}") from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            raise Unavailable(f"PostgreSQL does not answer: {error or type(error).__name__}") from error

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[asyncpg.Connection[Any]]:
        """Borrow a connection; a failure to get one is told as such, since nothing has been sent yet."""
        if self._waiting >= self._options.pool_queue:
            self._events.emit(RequestShed("pool"))
            raise Overloaded(f"{self._options.pool_queue} requests already wait for a database connection")
        self._waiting += 1
        try:
            connection = await self._pool.acquire(timeout=self._options.pool_timeout)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            raise self._report(error, sent=False) from error
        finally:
            self._waiting -= 1
        try:
            yield connection  # pyright: ignore[reportReturnType]
        finally:
            await self._pool.release(connection)

    async def _do(self, work: Callable[[PostgresStatements], Awaitable[R]], *, write: bool) -> R:
        for attempt in range(2):
            async with self._connection() as connection:
                try:
                    return await work(PostgresStatements(connection))
                except STALE:
                    if attempt:
                        raise
                except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                    raise self._report(error, sent=write) from error
        raise AssertionError("unreachable")

    async def fetch(self, query: Query[R], /, **arguments: Any) -> list[R]:
        """Return all rows of a read."""
        return await self._do(lambda run: run.fetch(query, **arguments), write=False)

    async def fetch_one(self, query: Query[R], /, **arguments: Any) -> R | None:
        """Return the first row of a read, or None."""
        return await self._do(lambda run: run.fetch_one(query, **arguments), write=False)

    async def execute(self, query: Query[Any], /, **arguments: Any) -> int:
        """Run a write in a transaction of its own; return the number of rows it changed."""
        return await self._do(lambda run: run.execute(query, **arguments), write=True)

    async def execute_many(self, query: Query[Any], /, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a write once per mapping, all or none; return the number of rows given."""
        return await self._do(lambda run: run.execute_many(query, rows), write=True)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[PostgresStatements]:
        """Open a write transaction (READ COMMITTED); it ends with the block."""
        async with self._connection() as connection:
            transaction = connection.transaction()
            try:
                await transaction.start()
                yield PostgresStatements(connection)
            except BaseException as error:
                await self._undo(connection, transaction)
                if isinstance(error, (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)):
                    raise self._report(error, sent=False) from error
                raise
            try:
                await transaction.commit()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                raise self._report(error, sent=True) from error

    async def _undo(self, connection: asyncpg.Connection[Any], transaction: Any) -> None:
        if connection.is_closed():
            return
        try:
            await transaction.rollback()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            # The connection is gone, and with it the transaction: the server rolls back by itself.
            self._events.emit(DatabaseFailed("postgres", kind_of(error), error))

    def flight(
        self, program: Program, *, keys: Callable[[Any], Sequence[object]] | None = None
    ) -> Flight[Any, Any]:
        """Open a natural batch: one round trip per flight."""

        async def fly(items: list[Any]) -> Sequence[Any]:
            return await self._fly(program, items)

        flight = Flight[Any, Any](
            program.name,
            fly,
            self._events,
            capacity=self._options.flight_capacity,
            queue=self._options.flight_queue,
            keys=keys,
        )
        self._flights[program.name] = flight
        return flight

    async def _fly(self, program: Program, items: list[Any]) -> Sequence[Any]:
        try:
            return await self._try(program, items)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            if is_everybodys(error):
                told = self._report(error, sent=program.write)
                if isinstance(error, asyncpg.LockNotAvailableError):
                    return [still_running(error, item) for item in items]
                raise told from error
            unforeseen: Exception = error
        except RoadbedError:
            raise
        except Exception as error:
            unforeseen = error
        if len(items) == 1:
            return [unforeseen]
        self._events.emit(FlightSplit(program.name, len(items), unforeseen))
        return [await self._alone(program, item) for item in items]

    async def _alone(self, program: Program, item: Any) -> Any:
        try:
            return (await self._try(program, [item]))[0]
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            return self._report(error, sent=program.write) if is_everybodys(error) else error
        except Exception as error:
            return error

    async def _try(self, program: Program, items: list[Any]) -> Sequence[Any]:
        """One flight, again after a lost race or a stale statement, a bounded number of times."""
        pause = _FIRST_PAUSE
        for attempt in range(1, _MOST_TRIES + 1):
            async with self._connection() as connection:
                try:
                    return await program.postgres(connection, items)
                except (*RACES, *STALE) as error:
                    if attempt == _MOST_TRIES or (isinstance(error, asyncpg.UniqueViolationError) and attempt > 2):
                        raise
                    self._events.emit(FlightRetried(program.name, error.sqlstate or ""))
            await asyncio.sleep(pause * random.random())
            pause *= 2
        raise AssertionError("unreachable")

    def _report(self, error: BaseException, *, sent: bool) -> BaseException:
        if not isinstance(error, RoadbedError):
            self._events.emit(DatabaseFailed("postgres", kind_of(error), error))
        return translate(error, sent=sent)

    async def stored_heads(self) -> tuple[str, ...]:
        """Return the Alembic revisions that the database is at; empty for a new one."""
        async with self._connection() as connection:
            if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
                return ()
            rows = await connection.fetch("SELECT version_num FROM alembic_version ORDER BY 1")
            return tuple(row[0] for row in rows)

    async def ping(self) -> Health:
        """Run an empty statement, within a second."""
        began = perf_counter()
        try:
            async with asyncio.timeout(1.0), self._connection() as connection:
                await connection.execute("SELECT 1")
        except TimeoutError:
            return Health(False, perf_counter() - began, "no answer within 1 s")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            return Health(False, perf_counter() - began, str(error) or type(error).__name__)
        except RoadbedError as error:
            return Health(False, perf_counter() - began, error.detail)
        return Health(True, perf_counter() - began)

    def gauges(self) -> Mapping[str, float]:
        """Return queue depths and the use of the pool."""
        figures = {f"queue_depth:flight:{name}": float(flight.depth) for name, flight in self._flights.items()}
        figures["queue_depth:pool"] = float(self._waiting)
        figures["pool_size"] = float(self._pool.get_size())
        figures["pool_idle"] = float(self._pool.get_idle_size())
        figures["pool_limit"] = float(self._options.pool_size)
        return figures

    async def close(self, timeout: float) -> None:
        """Land all flights, then close the pool; what still runs after ``timeout`` seconds is cut off."""
        for flight in self._flights.values():
            await flight.close(timeout)
        try:
            async with asyncio.timeout(timeout):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()
