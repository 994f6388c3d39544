"""One flight on PostgreSQL: tried again after a lost race, item by item after an error of one, never written twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any, TypeVar

import asyncpg

from roadbed.data.database import Program
from roadbed.data.outcomes import twin
from roadbed.data.postgres.errors import (
    FAILURES,
    RACES,
    code_of,
    is_closed_before,
    is_everybodys,
    kind_of,
    still_running,
    translate,
)
from roadbed.data.postgres.pool import Connections
from roadbed.data.races import CONTENTION
from roadbed.data.spans import POSTGRESQL, observed
from roadbed.kernel.errors import Unavailable
from roadbed.kernel.events import DatabaseFailed, Events, FlightRetried, FlightSplit
from roadbed.kernel.spans import current

R = TypeVar("R")

_MOST_TRIES = 6
_MOST_TRIES_AFTER_A_DUPLICATE = 3
_FIRST_PAUSE = 0.002


class _Undone(Exception):
    """An error after which nothing of the flight is written, and which is not the state of the database."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Watched:
    """A connection of asyncpg that remembers whether a method was called: until then nothing can have been written."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.used = False

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._connection, name)
        if not callable(attribute):
            return attribute

        def call(*arguments: Any, **named: Any) -> Any:
            self.used = True
            return attribute(*arguments, **named)

        return call


class Attempts:
    """Runs statements and programs on borrowed connections, a bounded number of times."""

    def __init__(self, connections: Connections, events: Events, lock_timeout: float) -> None:
        self._connections = connections
        self._events = events
        self._lock_timeout = lock_timeout

    async def run(
        self,
        name: str,
        work: Callable[[asyncpg.Connection[Any]], Awaitable[R]],
        retried: tuple[str, ...] = CONTENTION,
    ) -> R:
        """Run something that is its own transaction; again, on another connection, where that is safe.

        It is after these codes: the server has undone it as a whole. It is, once, after a prepared statement no longer
        fitted the schema (asyncpg has dropped it by then), and when the connection turned out to be closed before
        anything was sent. What may have reached the server is never sent again: even a SELECT may call what writes.
        """
        pause = _FIRST_PAUSE
        span = current()
        for attempt in range(1, _MOST_TRIES + 1):
            asked = 0.0 if span is None else perf_counter()
            async with self._connections.borrow() as connection:
                try:
                    if span is None:
                        return await work(connection)
                    return await observed(span, name, POSTGRESQL, work(connection), asked)
                except FAILURES as error:
                    if attempt >= _most_tries(error, retried):
                        raise
                    if kind_of(error) == "connection":
                        self.report(error, sent=False)
                    self._events.emit(FlightRetried(name, code_of(error)))
            await asyncio.sleep(pause * random.random())  # noqa: S311  no secret, but two that met should part
            pause *= 2
        raise AssertionError("unreachable")

    async def fly(self, program: Program, items: list[Any]) -> Sequence[Any]:
        """Return one result per item.

        Raises:
            Unavailable: and its kinds, where the state of the database fails all items.
            Exception: what the program raised after the server had done its work. Nothing is tried again then.
        """
        try:
            return await self._together(program, items)
        except _Undone as undone:
            error = undone.error
        if len(items) == 1:
            return [self._heard(error, items[0])]
        self._events.emit(FlightSplit(program.name, len(items), error))
        return await self._one_by_one(program, items)

    async def _together(self, program: Program, items: list[Any], lock_timeout: float | None = None) -> Sequence[Any]:
        """Return one result per item; raise ``_Undone`` where items may run again, all else is for everybody.

        ``lock_timeout`` is in seconds, None for that of the connection.
        """
        watched: Watched | None = None

        async def work(connection: asyncpg.Connection[Any]) -> Sequence[Any]:
            nonlocal watched
            watched = Watched(connection)
            if lock_timeout is None:
                return await program.postgres(watched, items)
            async with connection.transaction():
                # Milliseconds; 0 would be for ever.
                await connection.execute(f"SET LOCAL lock_timeout = {max(int(lock_timeout * 1000), 1)}")
                results = await program.postgres(watched, items)
                # An error that the program kept to itself undid it all: this says so, the COMMIT would not.
                await connection.execute("SELECT 1")
                return results

        try:
            return await self.run(program.name, work, RACES)
        except Exception as error:
            if code_of(error) == "55P03":
                raise _Undone(error) from error
            if is_everybodys(error):
                failure = self.report(error, sent=program.write)
                if failure is error:
                    raise
                raise failure from error
            if program.write and watched is not None and watched.used and not _was_undone(error):
                raise
            raise _Undone(error) from error

    async def _one_by_one(self, program: Program, items: list[Any]) -> Sequence[Any]:
        results: list[Any] = []
        # Those that wait for a lock wait no longer, all of them together, than one flight does.
        lock_timeout = self._lock_timeout / len(items)
        for item in items:
            try:
                results.extend(await self._together(program, [item], lock_timeout))
            except _Undone as undone:
                results.append(self._heard(undone.error, item))
            except Exception as error:  # noqa: BLE001  it is this item's own, or the end for all that follow
                results.append(error)
                if is_everybodys(error):
                    untried = Unavailable("The database cannot do this now: nothing was written")
                    results.extend(twin(untried) for _ in items[len(results) :])
                    break
        return results

    def _heard(self, error: Exception, item: Any) -> BaseException:
        """Return what an item hears of an error that is its own."""
        failure = self.report(error, sent=False)
        return still_running(error, item) if code_of(error) == "55P03" else failure

    def report(self, error: BaseException, *, sent: bool) -> BaseException:
        """Tell of an error of the database, and return what the caller hears of it."""
        if isinstance(error, FAILURES) and kind_of(error) not in ("constraint", "text"):
            self._events.emit(DatabaseFailed("postgres", kind_of(error), error))
        return translate(error, sent=sent)


def _was_undone(error: Exception) -> bool:
    """Tell whether the server refused the statement, or asyncpg refused its arguments before it was sent."""
    return isinstance(error, asyncpg.PostgresError) or (
        isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)
    )


def _most_tries(error: Exception, retried: tuple[str, ...]) -> int:
    if isinstance(error, asyncpg.InvalidCachedStatementError) or is_closed_before(error):
        return 2
    code = code_of(error)
    if code not in retried:
        return 1
    return _MOST_TRIES if code in CONTENTION else _MOST_TRIES_AFTER_A_DUPLICATE
