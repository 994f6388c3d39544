"""An interactive transaction on the writer: statements from the event loop, one at a time, until commit or rollback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import Lock
from time import monotonic, perf_counter
from typing import Any, Final, TypeVar

from roadbed.data.database import ABORTED, OVER, Program
from roadbed.data.outcomes import settle
from roadbed.data.queries import Query
from roadbed.data.spans import WAIT
from roadbed.data.sqlite.connection import SqliteRun
from roadbed.data.sqlite.errors import translate
from roadbed.data.sqlite.spans import under
from roadbed.kernel.errors import DeadlineExceeded, RoadbedError, Unavailable
from roadbed.kernel.spans import current

R = TypeVar("R")

COMMIT: Final = "commit"
ROLLBACK: Final = "rollback"
ABORT: Final = "abort"
_Command = tuple[Callable[[SqliteRun], Any], "asyncio.Future[Any]"]


class Rollback(Exception):
    """Tells the writer to undo the session's transaction; never leaves the engine."""


class Session:
    """The verbs inside ``Database.transaction()``. ``work`` runs in the writer thread, all else in the event loop."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._span = current()
        self._asked = perf_counter()
        self._loop = asyncio.get_running_loop()
        self._commands: SimpleQueue[_Command | str] = SimpleQueue()
        self.began: asyncio.Future[None] = self._loop.create_future()
        self._failed: BaseException | None = None
        self._over: str = ""
        self._lock = Lock()
        self._running: SqliteRun | None = None

    async def fetch(self, query: Query[R], /, **arguments: Any) -> list[R]:
        """Return all rows."""
        return await self._ask(lambda run: run.fetch(query, **arguments))

    async def fetch_one(self, query: Query[R], /, **arguments: Any) -> R | None:
        """Return the first row, or None."""
        return await self._ask(lambda run: run.fetch_one(query, **arguments))

    async def execute(self, query: Query[Any], /, **arguments: Any) -> int:
        """Run a write; return the number of rows it changed."""
        return await self._ask(lambda run: run.execute(query, **arguments))

    async def execute_many(self, query: Query[Any], /, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a write once per mapping."""
        return await self._ask(lambda run: run.execute_many(query, rows))

    async def fly(self, program: Program, item: Any) -> Any:
        """Run a program for one item; what it returns as that item's failure is raised, and undoes the transaction."""
        result = (await self._ask(lambda run: program.sqlite(run, [item])))[0]
        if isinstance(result, Exception):
            raise result
        return result

    def fail(self, error: BaseException) -> None:
        """Let nothing more be done, nor committed: a part of the transaction was given up."""
        self._failed = self._failed or error

    def finish(self, *, commit: bool) -> None:
        """End the transaction."""
        self._commands.put(COMMIT if commit else ROLLBACK)

    def abandon(self) -> None:
        """Roll back, and break off the statement that may be running: nobody waits for it any more."""
        self._commands.put(ROLLBACK)
        with self._lock:
            # Under the lock: a moment later the connection may be at work for somebody else.
            if self._running is not None:
                self._running.interrupt()

    def abort(self) -> None:
        """End the transaction from outside: the service is shutting down."""
        self._commands.put(ABORT)

    async def _ask(self, command: Callable[[SqliteRun], Any]) -> Any:
        future: asyncio.Future[Any] = self._loop.create_future()
        span = self._span
        self._commands.put((command if span is None else under(span, command), future))
        if self._over:
            # Looked at after the command is in the queue: either the thread saw it there, or we see that it is over.
            self._refuse_the_rest()
        return await future

    def work(self, run: SqliteRun, items: list[Any]) -> list[Any]:
        """Serve commands until the end; the writer wraps this in its transaction.

        Raises:
            Rollback: the block in the event loop raised.
            DeadlineExceeded: the block took longer than the timeout.
            RoadbedError: a statement of the block failed, and the block went on as if nothing had happened.
            Unavailable: the service is shutting down.
        """
        self._tell(self.began, None)
        if self._span is not None:
            self._span.add(WAIT, perf_counter() - self._asked)
        try:
            self._serve_until_the_end(run)
        finally:
            self._over = self._over or OVER
            self._refuse_the_rest()
        return items

    def _serve_until_the_end(self, run: SqliteRun) -> None:
        deadline = monotonic() + self._timeout
        while True:
            try:
                command = self._commands.get(timeout=max(deadline - monotonic(), 0))
            except Empty:
                self._over = f"The transaction was rolled back after {self._timeout:g} s"
                raise DeadlineExceeded(self._over) from None
            if command == ABORT:
                raise Unavailable("The service is shutting down: nothing was written")
            if command == ROLLBACK:
                raise Rollback
            if not isinstance(command, str):
                self._serve(run, *command)
            elif self._failed is None:
                return
            else:
                raise RoadbedError(ABORTED) from self._failed

    def _serve(self, run: SqliteRun, command: Callable[[SqliteRun], Any], future: asyncio.Future[Any]) -> None:
        if self._failed is not None:
            refused = RoadbedError(ABORTED)
            refused.__cause__ = self._failed
            self._tell(future, refused)
            return
        run.start_clock()
        with self._lock:
            self._running = run
        try:
            outcome = command(run)
        except BaseException as error:
            # As on PostgreSQL: after a failed statement the transaction can only be rolled back.
            self._failed = outcome = translate(error)
            self._tell(future, outcome)
            if not run.connection.in_transaction:
                raise
        else:
            self._tell(future, outcome)
        finally:
            with self._lock:
                self._running = None
            run.stop_clock()

    def _refuse_the_rest(self) -> None:
        while True:
            try:
                command = self._commands.get_nowait()
            except Empty:
                return
            if not isinstance(command, str):
                refused = RoadbedError(OVER) if self._over == OVER else DeadlineExceeded(self._over)
                self._tell(command[1], refused)

    def _tell(self, future: asyncio.Future[Any], outcome: Any) -> None:
        self._loop.call_soon_threadsafe(settle, future, outcome)
