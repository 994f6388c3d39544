"""The four verbs on one PostgreSQL connection, alone or inside a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

import asyncpg

from roadbed.data.database import ABORTED, OVER, Program
from roadbed.data.postgres.errors import FAILURES, is_closed_before
from roadbed.data.queries import Query
from roadbed.data.spans import POSTGRESQL, observed
from roadbed.kernel.errors import DeadlineExceeded, RoadbedError
from roadbed.kernel.spans import current

R = TypeVar("R")


def terminate(connection: asyncpg.Connection[Any]) -> None:
    """Close a connection at once; one that is closed already stays so."""
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


class PostgresStatements:
    """The verbs as asyncpg runs them; its errors pass."""

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self._connection = connection

    async def fetch(self, query: Query[R], /, **arguments: Any) -> list[R]:
        """Return all rows as structs."""
        rows = await self._connection.fetch(query.text("postgres"), *query.postgres_values(arguments))
        return query.postgres_rows(rows)

    async def fetch_one(self, query: Query[R], /, **arguments: Any) -> R | None:
        """Return the first row as a struct, or None."""
        row = await self._connection.fetchrow(query.text("postgres"), *query.postgres_values(arguments))
        return None if row is None else query.postgres_rows([row])[0]

    async def execute(self, query: Query[Any], /, **arguments: Any) -> int:
        """Run a write; return the number of rows it changed."""
        status = await self._connection.execute(query.text("postgres"), *query.postgres_values(arguments))
        # "INSERT 0 3", "UPDATE 3"; a SELECT changes nothing, and other statements tell no number.
        verb, _, count = status.partition(" ")
        last = count.rpartition(" ")[2]
        return int(last) if last.isdigit() and verb != "SELECT" else 0

    async def execute_many(self, query: Query[Any], /, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a write once per mapping, all or none."""
        values = [query.postgres_values(dict(row)) for row in rows]
        await self._connection.executemany(query.text("postgres"), values)

    async def heads(self) -> tuple[str, ...]:
        """Return the Alembic revisions that the database is at; empty for a new one."""
        if await self._connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return ()
        rows = await self._connection.fetch("SELECT version_num FROM alembic_version ORDER BY 1")
        return tuple(row[0] for row in rows)


class PostgresTransaction:
    """What ``Database.transaction()`` yields: the verbs, one at a time, until one fails or the time is over.

    ``report`` turns an error of asyncpg into what the caller hears; ``sent`` tells it whether that error leaves open
    if the transaction was committed.
    """

    def __init__(
        self, connection: asyncpg.Connection[Any], timeout: float, report: Callable[..., BaseException]
    ) -> None:
        self._connection = connection
        self._statements = PostgresStatements(connection)
        self._report = report
        self._timeout = timeout
        self._deadline = monotonic() + timeout
        self._turn = asyncio.Lock()
        self._failed: BaseException | None = None
        self._over = False

    async def fetch(self, query: Query[R], /, **arguments: Any) -> list[R]:
        """Return all rows as structs."""
        return await self._ask(query.name, lambda: self._statements.fetch(query, **arguments))

    async def fetch_one(self, query: Query[R], /, **arguments: Any) -> R | None:
        """Return the first row as a struct, or None."""
        return await self._ask(query.name, lambda: self._statements.fetch_one(query, **arguments))

    async def execute(self, query: Query[Any], /, **arguments: Any) -> int:
        """Run a write; return the number of rows it changed."""
        return await self._ask(query.name, lambda: self._statements.execute(query, **arguments))

    async def execute_many(self, query: Query[Any], /, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a write once per mapping."""
        await self._ask(query.name, lambda: self._statements.execute_many(query, rows))

    async def fly(self, program: Program, item: Any) -> Any:
        """Run a program for one item; what it returns as that item's failure is raised, and undoes the transaction."""
        result = (await self._ask(program.name, lambda: program.postgres(self._connection, [item])))[0]
        if isinstance(result, Exception):
            raise result
        return result

    def fail(self, error: BaseException) -> None:
        """Let nothing more be done, nor committed: a part of the transaction was given up."""
        self._failed = self._failed or error

    async def begin(self) -> None:
        """Open the transaction (READ COMMITTED)."""
        await self._control("BEGIN", sent=False)

    async def commit(self) -> None:
        """Commit; only when it returns may anything be acknowledged.

        Raises:
            OutcomeUnknown: the connection was lost meanwhile.
            DeadlineExceeded: the block took too long, nothing was written.
            RoadbedError: a statement of the block had failed, nothing was written.
        """
        failure = self._obstacle()
        if failure is not None:
            await self.roll_back()
            raise failure
        self._over = True
        if await self._control("COMMIT", sent=True) != "COMMIT":
            # PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK, and with no error.
            raise RoadbedError(ABORTED)

    async def roll_back(self) -> None:
        """Undo everything. A connection that was lost, or on which that fails, does so by being closed."""
        self._over = True
        try:
            await self._connection.execute("ROLLBACK")
        except FAILURES as error:
            if not is_closed_before(error):
                self._report(error, sent=False)
                terminate(self._connection)

    async def _ask(self, name: str, statement: Callable[[], Awaitable[R]]) -> R:
        async with self._turn:
            failure = RoadbedError(OVER) if self._over else self._obstacle()
            if failure is not None:
                raise failure
            span = current()
            try:
                return await (statement() if span is None else observed(span, name, POSTGRESQL, statement()))
            except FAILURES as error:
                self._failed = self._report(error, sent=False)
                raise self._failed from error
            except Exception as error:
                self._failed = error
                raise

    def _obstacle(self) -> RoadbedError | None:
        failure: RoadbedError | None = None
        if self._failed is not None:
            failure = RoadbedError(ABORTED)
            failure.__cause__ = self._failed
        elif monotonic() > self._deadline:
            failure = DeadlineExceeded(f"The transaction was rolled back after {self._timeout:g} s")
        return failure

    async def _control(self, sql: str, *, sent: bool) -> str:
        span = current()
        try:
            done = self._connection.execute(sql)
            return await (done if span is None else observed(span, sql, POSTGRESQL, done))
        except FAILURES as error:
            raise self._report(error, sent=sent) from error
