"""SQLite as a ``Database``: one writer thread, a few reader threads, one file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, TypeVar

import msgspec

from roadbed.data.database import Health, Program
from roadbed.data.flights import Flight
from roadbed.data.queries import Dialect, Query
from roadbed.data.sqlite.connection import SqliteRun
from roadbed.data.sqlite.guard import guard, release
from roadbed.data.sqlite.lock import WriteLock
from roadbed.data.sqlite.readers import Readers
from roadbed.data.sqlite.session import Rollback, Session
from roadbed.data.sqlite.writer import Job, Writer
from roadbed.kernel.errors import RoadbedError, Unavailable
from roadbed.kernel.events import Events

R = TypeVar("R")


class SqliteOptions(msgspec.Struct, frozen=True):
    """Bounds of the engine. Times are in seconds, queues in entries."""

    path: str
    readers: int = 2
    flight_capacity: int = 256
    flight_queue: int = 4096
    writer_queue: int = 4096
    reader_queue: int = 4096
    busy_timeout: float = 5.0
    statement_timeout: float = 10.0
    transaction_timeout: float = 5.0


async def open_sqlite(options: SqliteOptions, events: Events) -> SqliteDatabase:
    """Open the file (made if it is missing) and start the threads.

    Raises:
        Unavailable: the file or its folder cannot be opened or written.
    """
    guard(options.path)
    try:
        database = SqliteDatabase(options, events)
        await database.start()
    except OSError as error:
        release(options.path)
        raise Unavailable(f"{options.path} cannot be opened: {error.strerror}") from error
    except RoadbedError:
        release(options.path)
        raise
    return database


class SqliteDatabase:
    """An open SQLite file. Made by ``open_sqlite``."""

    dialect: Dialect = "sqlite"

    def __init__(self, options: SqliteOptions, events: Events) -> None:
        self._options = options
        self._events = events
        self._lock = WriteLock(options.path)
        self._writer = Writer(lambda: self._open(write=True), self._lock, events, options.writer_queue)
        self._readers: Readers | None = None
        self._flights: dict[str, Flight[Any, Any]] = {}

    async def start(self) -> None:
        """Open the writing connection, then start the readers (which need the file to be there)."""
        await self._writer.start()
        self._readers = Readers(
            lambda: self._open(write=False), self._options.readers, self._events, self._options.reader_queue
        )

    def _open(self, *, write: bool) -> SqliteRun:
        options = self._options
        return SqliteRun(
            options.path,
            write=write,
            busy_timeout=options.busy_timeout,
            statement_timeout=options.statement_timeout,
        )

    async def fetch(self, query: Query[R], /, **arguments: Any) -> list[R]:
        """Return all rows of a read."""
        return await self._read(lambda run: run.fetch(query, **arguments))

    async def fetch_one(self, query: Query[R], /, **arguments: Any) -> R | None:
        """Return the first row of a read, or None."""
        return await self._read(lambda run: run.fetch_one(query, **arguments))

    async def execute(self, query: Query[Any], /, **arguments: Any) -> int:
        """Run a write in a transaction of its own; return the number of rows it changed."""
        return (await self._write(query.name, lambda run, _: [run.execute(query, **arguments)]))[0]

    async def execute_many(self, query: Query[Any], /, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a write once per mapping, all or none; return the number of rows changed."""
        return (await self._write(query.name, lambda run, _: [run.execute_many(query, rows)]))[0]

    def _read(self, work: Callable[[SqliteRun], Any], *, snapshot: bool = False) -> asyncio.Future[Any]:
        if self._readers is None:
            raise Unavailable("The database is not open")
        return self._readers.submit(work, snapshot=snapshot)

    def _write(
        self, name: str, work: Callable[[SqliteRun, list[Any]], Sequence[Any]], items: list[Any] | None = None
    ) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._writer.submit(Job(name, work, [None] if items is None else items, future, split=items is not None))
        return future

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Session]:
        """Open a write transaction on the writer; it ends with the block."""
        session = Session(self._options.transaction_timeout)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._writer.submit(Job("transaction", session.work, [None], future, split=False, alone=True))
        try:
            await asyncio.wait((session.began, future), return_when=asyncio.FIRST_COMPLETED)
            if session.began.done():
                yield session
        except BaseException:
            session.finish(commit=False)
            try:
                await future
            except (Rollback, RoadbedError):
                # Undone, as asked: the error of the block is what the caller should see.
                pass
            raise
        session.finish(commit=True)
        await future

    def flight(
        self, program: Program, *, keys: Callable[[Any], Sequence[object]] | None = None
    ) -> Flight[Any, Any]:
        """Open a natural batch: one hop to the writer or a reader thread per flight."""
        if program.write:

            async def fly(items: list[Any]) -> Sequence[Any]:
                return await self._write(program.name, program.sqlite, items)
        else:

            async def fly(items: list[Any]) -> Sequence[Any]:
                return await self._read(lambda run: program.sqlite(run, items), snapshot=True)

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

    async def stored_heads(self) -> tuple[str, ...]:
        """Return the Alembic revisions that the file is at; empty for a new file."""

        def heads(run: SqliteRun) -> tuple[str, ...]:
            if not run.connection.table_exists(None, "alembic_version"):
                return ()
            return tuple(row[0] for row in run.connection.execute("SELECT version_num FROM alembic_version ORDER BY 1"))

        return await self._read(heads)

    async def ping(self) -> Health:
        """Ask the writer for the write lock and a reader for a row, within a second."""
        began = perf_counter()
        try:
            async with asyncio.timeout(1.0):
                await self._write("ping", lambda run, _: [run.connection.execute("PRAGMA user_version").get])
                await self._read(lambda run: run.connection.execute("SELECT count(*) FROM sqlite_schema").get)
        except TimeoutError:
            return Health(False, perf_counter() - began, "no answer within 1 s")
        except RoadbedError as error:
            return Health(False, perf_counter() - began, error.detail)
        return Health(True, perf_counter() - began)

    def gauges(self) -> Mapping[str, float]:
        """Return queue depths and the sizes of the file and of its write-ahead log, in bytes."""
        figures = {f"queue_depth:flight:{name}": float(flight.depth) for name, flight in self._flights.items()}
        figures["queue_depth:writer"] = float(self._writer.pending)
        figures["queue_depth:readers"] = float(self._readers.pending if self._readers else 0)
        for name, suffix in (("database_bytes", ""), ("wal_bytes", "-wal")):
            try:
                figures[name] = float(os.stat(self._options.path + suffix).st_size)
            except FileNotFoundError:
                figures[name] = 0.0
        return figures

    async def close(self, timeout: float) -> None:
        """Land all flights, finish the queues, close the file."""
        for flight in self._flights.values():
            await flight.close(timeout)
        if self._readers is not None:
            await self._readers.close(timeout)
        await self._writer.close(timeout)
        self._lock.close()
        release(self._options.path)
