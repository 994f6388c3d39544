"""A bounded pool of connections, and a bounded queue in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec

from roadbed.data.postgres.errors import FAILURES, is_closed_before, kind_of, translate
from roadbed.data.postgres.statements import terminate
from roadbed.kernel.errors import ConfigurationError, Overloaded, Unavailable
from roadbed.kernel.events import DatabaseFailed, Events, RequestShed

_NEVER_RECYCLED = 2**31 - 1
_TIME_TO_BREAK_OFF = 1.0


class PostgresOptions(msgspec.Struct, frozen=True):
    """Bounds of the engine. Times are in seconds, queues in entries.

    ``pooler`` says that ``url`` leads to a transaction pooler: then nothing is prepared under a name, and the timeouts
    must be set on the role, because a session's settings do not stay with a client there. ``direct_url`` goes around
    the pooler, for LISTEN; empty where there is none. ``traced`` says whether there is anybody who wants spans.
    """

    url: str
    direct_url: str = ""
    pool_size: int = 8
    pool_queue: int = 1024
    pool_timeout: float = 5.0
    connect_timeout: float = 5.0
    flight_capacity: int = 256
    flight_queue: int = 4096
    statement_timeout: float = 10.0
    lock_timeout: float = 5.0
    transaction_timeout: float = 5.0
    pooler: bool = False
    traced: bool = False


class Connections:
    """Lends connections. One that the server has closed is replaced when it is needed next.

    What comes back in order is kept here for whoever comes next: asyncpg's pool would make two tasks for each loan, and
    a flight would wait several turns of the event loop for them. The pool opens, bounds, cleans and closes.
    """

    def __init__(self, options: PostgresOptions, events: Events) -> None:
        self._options = options
        self._events = events
        self._pool: asyncpg.Pool[Any] | None = None
        self._waiting = 0
        self._kept: list[Any] = []
        self._closing = False
        self._returning: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Connect once, so that a wrong URL is found now.

        Raises:
            ConfigurationError: the URL, the database's name, the credentials or a right is wrong.
            Unavailable: nobody answers there, or not yet.
        """
        try:
            # min_size=0: asyncpg would reconnect by itself, with a line in the log for every attempt.
            self._pool = await asyncpg.create_pool(self._options.url, min_size=0, **self._arguments())
            await self._pool.release(await self._pool.acquire(timeout=self._options.connect_timeout))
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
            raise ConfigurationError(f"database_url: {error}") from error
        except asyncpg.InsufficientPrivilegeError as error:
            raise ConfigurationError(f"database_url: {error}") from error
        except ValueError:
            # What it says may quote a part of the password.
            raise ConfigurationError(
                "database_url is not an address of PostgreSQL: postgresql://user:password@host:port/name, where "
                "reserved characters of the password are written as %40 and the like"
            ) from None
        except FAILURES as error:
            raise Unavailable(f"PostgreSQL does not answer: {error or type(error).__name__}") from error

    def _arguments(self) -> dict[str, Any]:
        options = self._options
        return {
            "max_size": options.pool_size,
            "max_queries": _NEVER_RECYCLED,
            "max_inactive_connection_lifetime": 0,
            "timeout": options.connect_timeout,
            "command_timeout": options.statement_timeout + 1.0,
            "statement_cache_size": 0 if options.pooler else 256,
            "server_settings": None if options.pooler else self._settings(),
            "reset": _keep,
        }

    def _settings(self) -> dict[str, str]:
        options = self._options
        return {
            "application_name": "roadbed",
            "statement_timeout": _milliseconds(options.statement_timeout),
            "lock_timeout": _milliseconds(options.lock_timeout),
            "idle_in_transaction_session_timeout": _milliseconds(options.transaction_timeout),
            # Statements are short; compiling one would take longer than running it.
            "jit": "off",
        }

    @asynccontextmanager
    async def borrow(self) -> AsyncGenerator[asyncpg.Connection[Any]]:
        """Lend a connection for the block. A failure to get one is told as such, since nothing has been sent yet.

        Raises:
            Overloaded: too many wait for a connection, or none became free in time.
            Unavailable: the database cannot be reached, or the service is shutting down.
        """
        if self._waiting >= self._options.pool_queue:
            self._events.emit(RequestShed("pool"))
            raise Overloaded(f"{self._options.pool_queue} requests already wait for a database connection")
        connection = await self._take() or await self._acquire()
        try:
            yield connection
        except (asyncio.CancelledError, GeneratorExit):
            # The server's answer to what was broken off may be long in coming: nobody waits for it here.
            task = asyncio.get_running_loop().create_task(self._give_back(connection, roll_back=True))
            self._returning.add(task)
            task.add_done_callback(self._returning.discard)
            raise
        except BaseException:
            await self._give_back(connection)
            raise
        if self._waiting or self._closing or not _is_ready(connection):
            await self._give_back(connection)
        else:
            self._kept.append(connection)

    async def _take(self) -> Any:
        """Return a connection that was kept, or None. Those that were closed meanwhile go back to the pool."""
        while self._kept:
            connection = self._kept.pop()
            if _is_ready(connection):
                return connection
            await self._give_back(connection)
        return None

    async def _acquire(self) -> Any:
        pool = self._open_pool()
        self._waiting += 1
        try:
            return await pool.acquire(timeout=self._options.pool_timeout)
        except FAILURES as error:
            if isinstance(error, TimeoutError) and pool.get_idle_size() == 0 and self._is_full():
                self._events.emit(RequestShed("pool"))
                raise Overloaded(
                    f"No database connection became free within {self._options.pool_timeout:g} s"
                ) from error
            self._events.emit(DatabaseFailed("postgres", kind_of(error), error))
            raise translate(error, sent=False) from error
        finally:
            self._waiting -= 1

    async def _give_back(self, connection: Any, *, roll_back: bool = False) -> None:
        """Return a connection to the pool. One on which that fails is closed; another takes its place when needed."""
        try:
            if roll_back:
                await connection.execute("ROLLBACK")
            await self._open_pool().release(connection)
        except FAILURES as error:
            if not is_closed_before(error):
                self._events.emit(DatabaseFailed("postgres", kind_of(error), error))
            terminate(connection)

    def _open_pool(self) -> asyncpg.Pool[Any]:
        if self._pool is None:
            raise RuntimeError("the database was not started")
        return self._pool

    def _is_full(self) -> bool:
        return self._open_pool().get_size() >= self._options.pool_size

    def gauges(self) -> Mapping[str, float]:
        """Return how many wait, and the use of the pool."""
        pool = self._open_pool()
        return {
            "queue_depth:pool": float(self._waiting),
            "pool_size": float(pool.get_size()),
            "pool_idle": float(pool.get_idle_size() + sum(map(_is_ready, self._kept))),
            "pool_limit": float(self._options.pool_size),
        }

    async def close(self, timeout: float) -> None:
        """Wait for what is lent out, close the connections; what is not back after ``timeout`` seconds is cut off."""
        if self._pool is None:
            return
        self._closing = True
        kept, self._kept = self._kept, []
        for connection in kept:
            await self._give_back(connection)
        closing = asyncio.get_running_loop().create_task(self._pool.close())
        await asyncio.wait((closing,), timeout=timeout)
        if not closing.done() and self._returning:
            # What was cancelled asks the server to stop, so that no statement goes on without us holding its locks.
            await asyncio.wait(self._returning, timeout=_TIME_TO_BREAK_OFF)
        # Cancelled, the pool cuts off what is left.
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        if self._returning:
            await asyncio.wait(self._returning, timeout=_TIME_TO_BREAK_OFF)


def _is_ready(connection: Any) -> bool:
    """Tell whether a connection that was lent out is open, and in no transaction."""
    try:
        return not (connection.is_closed() or connection.is_in_transaction())
    except asyncpg.InterfaceError:
        # Closed, and so taken back by the pool.
        return False


async def _keep(_: asyncpg.Connection[Any]) -> None:
    """Leave a connection as it is when it comes back: we change nothing on it that would need a reset."""


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
