"""SQLite as a ``Database``: one writer thread, a few reader threads, one file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import apsw
import msgspec

from roadbed.data.bell import Bell
from roadbed.data.bulk import BulkTable, Columns, Merged
from roadbed.data.database import Health, Program, close_flights, flight_depths
from roadbed.data.flights import Flight, Keys, Told
from roadbed.data.joining import open_transaction, part_of
from roadbed.data.queries import Dialect, Query
from roadbed.data.sqlite.bulk import SqliteBulk
from roadbed.data.sqlite.connection import SqliteRun
from roadbed.data.sqlite.errors import why_not_opened
from roadbed.data.sqlite.jobs import Job
from roadbed.data.sqlite.lock import WriteLock
from roadbed.data.sqlite.pinging import ping
from roadbed.data.sqlite.readers import Readers
from roadbed.data.sqlite.session import Session
from roadbed.data.sqlite.spans import as_one, under
from roadbed.data.sqlite.watching import FileWatch
from roadbed.data.sqlite.writer import Writer
from roadbed.kernel.errors import RoadbedError
from roadbed.kernel.events import Events
from roadbed.kernel.spans import current

R = TypeVar("R")


class SqliteOptions(msgspec.Struct, frozen=True):
    """Bounds of the engine. Times are in seconds, queues in entries.

    ``traced`` says whether there is anybody who wants spans.
    """

    path: str
    readers: int = 2
    flight_capacity: int = 256
    flight_queue: int = 4096
    writer_queue: int = 4096
    reader_queue: int = 4096
    busy_timeout: float = 5.0
    statement_timeout: float = 10.0
    transaction_timeout: float = 5.0
    traced: bool = False


async def open_sqlite(options: SqliteOptions, events: Events) -> SqliteDatabase:
    """Open the file (made if it is missing) and start the threads.

    Raises:
        ConfigurationError: it is no database file, or this user cannot write it, or its folder is not there.
        Unavailable: the file is locked or the disk is full.
    """
    database = SqliteDatabase(options, events)
    try:
        await database.start()
    except BaseException as error:
        await database.close(0)
        failure = why_not_opened(options.path, error)
        if failure is error:
            raise
        raise failure from error
    return database


class SqliteDatabase:
    """An open SQLite file. Made by ``open_sqlite``."""

    dialect: Dialect = "sqlite"

    def __init__(self, options: SqliteOptions, events: Events) -> None:
        # SQLite keeps the log beside the file that a symbolic link leads to, and the writers' queue is of that file.
        self._options = options = msgspec.structs.replace(options, path=os.path.realpath(options.path))
        self._events = events
        self._writer = Writer(
            lambda: self._open(write=True),
            lambda: WriteLock(options.path, options.busy_timeout),
            events,
            options.writer_queue,
        )
        self._readers: Readers | None = None
        self._watch = FileWatch(lambda: self._open(write=False), events)
        self._look: SqliteRun | None = None
        self._flights: list[Flight[Any, Any]] = []
        self._bulks: dict[BulkTable, SqliteBulk] = {}

    @property
    def bell(self) -> Bell:
        """What wakes those who wait for changes."""
        return self._watch.bell

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
        """Return all rows of a read, or of a write in a transaction of its own (``RETURNING``)."""
        run = open_transaction()
        if run is not None:
            return await run.fetch(query, **arguments)
        if query.writes:
            return await self._write(query.name, lambda run: run.fetch(query, **arguments))
        return await self._reading().submit(lambda run: run.fetch(query, **arguments))

    async def fetch_one(self, query: Query[R], /, **arguments: Any) -> R | None:
        """Return the first row of a read, or of a write in a transaction of its own, or None."""
        run = open_transaction()
        if run is not None:
            return await run.fetch_one(query, **arguments)
        if query.writes:
            return await self._write(query.name, lambda run: run.fetch_one(query, **arguments))
        return await self._reading().submit(lambda run: run.fetch_one(query, **arguments))

    async def execute(self, query: Query[Any], /, **arguments: Any) -> int:
        """Run a write in a transaction of its own; return the number of rows it changed."""
        run = open_transaction()
        if run is not None:
            return await run.execute(query, **arguments)
        return await self._write(query.name, lambda run: run.execute(query, **arguments))

    async def execute_many(self, query: Query[Any], /, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a write once per mapping, all or none."""
        run = open_transaction()
        if run is not None:
            await run.execute_many(query, rows)
            return
        await self._write(query.name, lambda run: run.execute_many(query, rows))

    def _reading(self) -> Readers:
        if self._readers is None:
            raise RuntimeError("the database was not started")
        return self._readers

    async def _write(self, name: str, work: Callable[[SqliteRun], Any], **how: Any) -> Any:
        return (await self._submit(name, lambda run, _: [work(run)], [None], split=False, **how))[0]

    def _submit(
        self, name: str, work: Callable[[SqliteRun, list[Any]], Sequence[Any]], items: list[Any], **how: Any
    ) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        job = Job(name, work, items, future, **how)
        job.span = span = current()
        if span is not None and not job.alone:
            # A transaction of many statements sees to each of them itself.
            job.work = under(span, work)
        self._writer.submit(job)
        return future

    @asynccontextmanager
    async def transaction(self, told: Callable[[], None] | None = None) -> AsyncGenerator[Session]:
        """Open a write transaction on the writer; it ends with the block."""
        joined = open_transaction()
        if joined is not None:
            with part_of(joined, told):
                yield joined
            return
        session = Session(self._options.transaction_timeout)
        committed: Told | None = None if told is None else lambda _: told()
        how: dict[str, Any] = {"split": False, "alone": True, "abort": session.abort, "told": committed}
        done = self._submit("transaction", session.work, [None], **how)
        try:
            await asyncio.wait((session.began, done), return_when=asyncio.FIRST_COMPLETED)
            if not session.began.done():
                await done
            yield session
        except (asyncio.CancelledError, GeneratorExit):
            # Nobody waits for the end of it. If it has not even begun, it never will.
            session.abandon()
            done.cancel()
            raise
        except BaseException:
            session.finish(commit=False)
            await asyncio.wait((done,))
            raise
        session.finish(commit=True)
        await done

    def flight(self, program: Program, *, keys: Keys | None = None, told: Told | None = None) -> Flight[Any, Any]:
        """Open a natural batch: one hop to the writer or a reader thread per flight."""

        async def write(items: list[Any]) -> Sequence[Any]:
            return await self._submit(program.name, program.sqlite, items)

        async def read(items: list[Any]) -> Sequence[Any]:
            return await self._reading().submit_flight(program.name, program.sqlite, items)

        flight = Flight[Any, Any](
            program.name,
            write if program.write else read,
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
        """Return SQLite's ``data_version`` (shared memory is read, not the disk); None where it cannot be told now."""
        try:
            if self._look is None:
                self._look = self._open(write=False)
                self._look.connection.set_busy_timeout(0)
            return self._look.connection.execute("PRAGMA data_version").get
        except (apsw.Error, RoadbedError):
            # The reads that follow will tell why.
            self._close_look()
            return None

    def _close_look(self) -> None:
        look, self._look = self._look, None
        if look is not None:
            with suppress(apsw.Error):
                look.close()

    async def merge(self, table: BulkTable, columns: Columns, told: Told | None = None) -> Merged:
        """Write a batch of rows: one hop to the writer thread."""
        bulk = self._bulks.setdefault(table, SqliteBulk(table))
        name, span = f"merge:{table.name}", current()

        def work(run: SqliteRun) -> Merged:
            return bulk.merge(run, columns)

        return await self._write(name, work if span is None else as_one(span, name, work), told=told)

    async def stored_heads(self) -> tuple[str, ...]:
        """Return the Alembic revisions that the file is at; empty for a new file."""

        def heads(run: SqliteRun) -> tuple[str, ...]:
            execute = run.connection.execute
            if execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").get is None:
                return ()
            return tuple(row[0] for row in execute("SELECT version_num FROM alembic_version ORDER BY 1"))

        return await self._reading().submit(heads)

    async def ping(self) -> Health:
        """Ask a reader for a row and the writer for the write lock, within a second."""

        async def read() -> object:
            return await self._reading().submit(
                lambda run: run.connection.execute("SELECT count(*) FROM sqlite_schema").get
            )

        async def write() -> object:
            return await self._write("ping", lambda run: run.connection.execute("PRAGMA user_version").get)

        return await ping(read, write, lambda: self._writer.locked_out, self._options.busy_timeout)

    def gauges(self) -> Mapping[str, float]:
        """Return queue depths and the sizes of the file and of its write-ahead log, in bytes."""
        figures = flight_depths(self._flights)
        figures["queue_depth:writer"] = float(self._writer.pending)
        figures["queue_depth:readers"] = float(self._readers.pending if self._readers else 0)
        for name, suffix in (("database_bytes", ""), ("wal_bytes", "-wal")):
            try:
                figures[name] = float(Path(self._options.path + suffix).stat().st_size)
            except OSError:
                figures[name] = 0.0
        return figures

    async def close(self, timeout: float) -> None:
        """Land all flights, finish the queues, close the file; all of it within about ``timeout`` seconds."""
        deadline = perf_counter() + timeout
        await close_flights(self._flights, timeout)
        await self._watch.close()
        self._close_look()
        if self._readers is not None:
            await self._readers.close(max(deadline - perf_counter(), 0.0))
        await self._writer.close(max(deadline - perf_counter(), 0.0))
