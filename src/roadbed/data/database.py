"""What both engines offer: one async API, the same answers.

Both raise what ``roadbed.kernel.errors`` names: ``Conflict`` where a row would break a UNIQUE or a FOREIGN KEY
(``duplicate``, ``reference``), ``Invalid`` for a value that the engines would not store alike, ``Unavailable`` and its
kinds for the state of the database. What nobody foresaw (a CHECK, a table that is not there) stays an error of the
driver.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

import msgspec

from roadbed.data.bell import Bell
from roadbed.data.bulk import BulkTable, Columns, Merged
from roadbed.data.flights import Flight, Keys, Told
from roadbed.data.queries import Dialect, Query, Row

I = TypeVar("I")  # noqa: E741
R = TypeVar("R")


ABORTED = "A statement of this transaction has failed: nothing of it can be written"
OVER = "The transaction is over"


class Statements(Protocol):
    """The four verbs, on their own (one transaction each) or inside ``Database.transaction()``.

    Inside, they run one at a time, in the order of the calls. After one has failed, all that is left is to let the
    block end by its exception: further statements and the commit are refused.
    """

    async def fetch(self, query: Query[R], /, **arguments: Any) -> list[R]:
        """Return all rows. The statement itself bounds them (``LIMIT``)."""
        ...

    async def fetch_one(self, query: Query[R], /, **arguments: Any) -> R | None:
        """Return the first row, or None."""
        ...

    async def execute(self, query: Query[Any], /, **arguments: Any) -> int:
        """Run a write; return the number of rows it changed."""
        ...

    async def execute_many(self, query: Query[Any], /, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a write once per mapping, all or none."""
        ...


class Run(Protocol):
    """What a SQLite flight gets inside the writer or reader thread: the same verbs, synchronous."""

    def fetch(self, query: Query[R], /, **arguments: Any) -> list[R]:
        """Return all rows."""
        ...

    def fetch_one(self, query: Query[R], /, **arguments: Any) -> R | None:
        """Return the first row, or None."""
        ...

    def execute(self, query: Query[Any], /, **arguments: Any) -> int:
        """Run a write; return the number of rows it changed."""
        ...

    def rows(self, query: Query[Any], values: Row = ()) -> list[Row]:
        """Return plain rows for positional values that are already in SQLite's form (the hot path)."""
        ...

    def execute_rows(self, query: Query[Any], rows: Sequence[Row]) -> None:
        """Run a write once per tuple of positional values that are already in SQLite's form."""
        ...

    def control(self, sql: str) -> None:
        """Run a statement of transaction control: ``SAVEPOINT``, ``ROLLBACK TO``, ``RELEASE``."""
        ...


class Transaction(Statements, Protocol):
    """What ``Database.transaction()`` yields. Inside ``joining.joined`` whatever is asked of the database goes here."""

    async def fly(self, program: Program, item: Any) -> Any:
        """Run a program for one item; what it returns as that item's failure is raised, and undoes the transaction."""
        ...

    def fail(self, error: BaseException) -> None:
        """Let nothing more be done, nor committed: a part of the transaction was given up."""
        ...


class Program(msgspec.Struct, frozen=True):
    """A hot operation written for a list of items, once per dialect.

    Each returns exactly one result per item, in order. A foreseen failure (a floor, a conflict) is a
    ``RoadbedError`` *returned* in that item's place, never raised: it disturbs no other item. What is raised makes
    the engine roll back and run the items one by one.

    ``sqlite(run, items)`` runs in the writer thread (``write=True``) or a reader thread, inside one transaction, and
    may run again: it changes nothing but rows.
    ``postgres(connection, items)`` gets an ``asyncpg.Connection`` and makes one round trip: one statement or one call
    of a PL/pgSQL function, which is its own transaction. When the server refuses it, it may run again. What is raised
    after the server has done it fails the whole flight: running it again would write twice.
    """

    name: str
    write: bool
    sqlite: Callable[[Any, list[Any]], Sequence[Any]]
    postgres: Callable[[Any, list[Any]], Awaitable[Sequence[Any]]]


class Health(msgspec.Struct, frozen=True):
    """The answer of one component: ``latency`` in seconds. ``vital``: without it the service cannot do its work."""

    ok: bool
    latency: float
    detail: str = ""
    vital: bool = True


class Database(Statements, Protocol):
    """An open database: ``open_sqlite`` or ``open_postgres`` make one."""

    dialect: Dialect

    @property
    def bell(self) -> Bell:
        """What wakes those who wait for changes; who has committed a change of a feed rings it."""
        ...

    def transaction(self, told: Callable[[], None] | None = None) -> AbstractAsyncContextManager[Transaction]:
        """Open a write transaction: committed at the end of the block, rolled back if it raises.

        ``told`` is called once it is committed; on SQLite also where nobody waits for that any more. On PostgreSQL a
        commit that is cut off is one of unknown outcome. It neither blocks nor raises.

        On SQLite it holds the writer, of all processes: keep it short. After ``transaction_timeout`` seconds it is
        rolled back, and what the block asks for then raises ``DeadlineExceeded``.
        """
        ...

    def flight(self, program: Program, *, keys: Keys | None = None, told: Told | None = None) -> Flight[Any, Any]:
        """Open a natural batch for a program.

        ``keys`` names what an item must not share with another one of its flight (an idempotency key, a chosen id):
        the later one waits for a later flight, in order of arrival. ``told`` hears of each result that is committed,
        whether or not anybody still waits for it (``Flight``).
        """
        ...

    def state(self) -> int | None:
        """Return a number that is another one as soon as anything was committed, by whomever; None where it takes a
        question to the database to tell."""
        ...

    async def merge(self, table: BulkTable, columns: Columns, told: Told | None = None) -> Merged:
        """Write a batch of rows, given by column, in one transaction: all of them, or none; the later of a key wins.

        Some 25,000 rows at once are enough: a batch holds the writer as long as it takes. It may run again without
        harm. ``told`` is called once it is committed; on SQLite also where nobody waits for that any more, while
        PostgreSQL breaks off a batch that nobody waits for.
        """
        ...

    async def stored_heads(self) -> tuple[str, ...]:
        """Return the Alembic revisions that the database says it is at; empty for a new database."""
        ...

    async def ping(self) -> Health:
        """Ask the database for a sign of life, within a second."""
        ...

    def gauges(self) -> Mapping[str, float]:
        """Return the present figures for metrics: ``queue_depth:<name>``, ``pool_size``, ``pool_idle`` …"""
        ...

    async def close(self, timeout: float) -> None:
        """Finish what is in the air (at most ``timeout`` seconds), then close."""
        ...


async def close_flights(flights: Sequence[Flight[Any, Any]], timeout: float) -> None:
    """Land all flights at once, within ``timeout`` seconds."""
    await asyncio.gather(*(flight.close(timeout) for flight in flights))


def flight_depths(flights: Sequence[Flight[Any, Any]]) -> dict[str, float]:
    """Return how many items wait, by ``queue_depth:flight:<name>``."""
    figures: dict[str, float] = {}
    for flight in flights:
        name = f"queue_depth:flight:{flight.name}"
        figures[name] = figures.get(name, 0.0) + flight.depth
    return figures
