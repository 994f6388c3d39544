"""An interactive transaction on the writer: statements from the event loop, one at a time, until commit or rollback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, TypeVar

from roadbed.data.queries import Query
from roadbed.data.sqlite.connection import SqliteRun, translate
from roadbed.kernel.errors import DeadlineExceeded

R = TypeVar("R")


class Rollback(Exception):
    """Tells the writer to undo the session's transaction; never leaves the engine."""


class Session:
    """The verbs inside ``Database.transaction()``. ``work`` runs in the writer thread, the verbs in the event loop."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._commands: SimpleQueue[tuple[Callable[[SqliteRun], Any], asyncio.Future[Any]] | bool] = SimpleQueue()
        self.began: asyncio.Future[None] = self._loop.create_future()
        self._over = False

    async def fetch(self, query: Query[R], /, **arguments: Any) -> list[R]:
        """Return all rows."""
        return await self._ask(lambda run: run.fetch(query, **arguments))

    async def fetch_one(self, query: Query[R], /, **arguments: Any) -> R | None:
        """Return the first row, or None."""
        return await self._ask(lambda run: run.fetch_one(query, **arguments))

    async def execute(self, query: Query[Any], /, **arguments: Any) -> int:
        """Run a write; return the number of rows it changed."""
        return await self._ask(lambda run: run.execute(query, **arguments))

    async def execute_many(self, query: Query[Any], /, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a write once per mapping; return the number of rows changed."""
        return await self._ask(lambda run: run.execute_many(query, rows))

    def finish(self, *, commit: bool) -> None:
        """End the transaction."""
        self._commands.put(commit)

    async def _ask(self, command: Callable[[SqliteRun], Any]) -> Any:
        if self._over:
            raise DeadlineExceeded(f"The transaction was rolled back after {self._timeout:g} s")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._commands.put((command, future))
        return await future

    def work(self, run: SqliteRun, items: list[Any]) -> list[Any]:
        """Serve commands until the end; the writer wraps this in its transaction.

        Raises:
            Rollback: the block in the event loop raised.
            DeadlineExceeded: the block took longer than the timeout.
        """
        self._tell(self.began, None)
        deadline = monotonic() + self._timeout
        while True:
            try:
                command = self._commands.get(timeout=max(deadline - monotonic(), 0))
            except Empty:
                self._over = True
                self._refuse_the_rest()
                raise DeadlineExceeded(f"The transaction was rolled back after {self._timeout:g} s") from None
            if command is True:
                return items
            if command is False:
                raise Rollback
            self._serve(run, *command)  # pyright: ignore[reportGeneralTypeIssues]

    def _serve(self, run: SqliteRun, command: Callable[[SqliteRun], Any], future: asyncio.Future[Any]) -> None:
        run.control("SAVEPOINT command")
        try:
            outcome = command(run)
            run.control("RELEASE command")
        except BaseException as error:
            if not run.connection.in_transaction:
                self._tell(future, translate(error))
                raise
            run.control("ROLLBACK TO command")
            run.control("RELEASE command")
            outcome = translate(error)
        self._tell(future, outcome)

    def _refuse_the_rest(self) -> None:
        while not self._commands.empty():
            command = self._commands.get_nowait()
            if isinstance(command, tuple):
                self._tell(command[1], DeadlineExceeded(f"The transaction was rolled back after {self._timeout:g} s"))

    def _tell(self, future: asyncio.Future[Any], outcome: Any) -> None:
        def settle() -> None:
            if future.done():
                return
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        self._loop.call_soon_threadsafe(settle)
