"""The reader threads: reads of committed data, each on a connection of its own that cannot write."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import apsw

from roadbed.data.sqlite.connection import SqliteRun, kind_of, translate
from roadbed.kernel.errors import Overloaded, Unavailable
from roadbed.kernel.events import DatabaseFailed, Events, RequestShed

_Task = tuple[Callable[[SqliteRun], Any], "asyncio.Future[Any]", bool]


class Readers:
    """A fixed number of threads behind one bounded queue. ``submit`` may be called from the event loop only."""

    def __init__(self, open_run: Callable[[], SqliteRun], threads: int, events: Events, queue: int) -> None:
        self._open_run = open_run
        self._events = events
        self._queue = queue
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._pending = 0
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._threads = [
            threading.Thread(target=self._live, name=f"roadbed-reader-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pending(self) -> int:
        """Reads that wait or run."""
        return self._pending

    def submit(self, work: Callable[[SqliteRun], Any], *, snapshot: bool) -> asyncio.Future[Any]:
        """Run a function in a reader thread; ``snapshot`` makes all its statements see one state of the data.

        Raises:
            Overloaded: too many reads wait.
            Unavailable: the readers are closed.
        """
        if self._closed:
            raise Unavailable("The service is shutting down")
        if self._pending >= self._queue:
            self._events.emit(RequestShed("readers"))
            raise Overloaded(f"{self._queue} reads already wait")
        self._pending += 1
        future: asyncio.Future[Any] = self._loop.create_future()
        self._tasks.put((work, future, snapshot))
        return future

    async def close(self, timeout: float) -> None:
        """Finish the queue and end the threads; gives up after ``timeout`` seconds."""
        self._closed = True
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            await self._loop.run_in_executor(None, thread.join, timeout)

    def _live(self) -> None:
        run: SqliteRun | None = None
        while (task := self._tasks.get()) is not None:
            work, future, snapshot = task
            try:
                # Opened at the first read, and again after it could not be opened.
                run = run or self._open_run()
                outcome = self._read(run, work, snapshot)
            except BaseException as error:
                outcome = translate(error)
                if isinstance(error, apsw.Error):
                    self._events.emit(DatabaseFailed("sqlite", kind_of(error), error))
            try:
                self._loop.call_soon_threadsafe(self._settle, future, outcome)
            except RuntimeError:
                # The loop has closed: nobody waits for the answer any more.
                break
        if run is not None:
            run.close()

    def _read(self, run: SqliteRun, work: Callable[[SqliteRun], Any], snapshot: bool) -> Any:
        run.begin_clock()
        if not snapshot:
            return work(run)
        run.control("BEGIN")
        try:
            return work(run)
        finally:
            if run.connection.in_transaction:
                run.control("ROLLBACK")

    def _settle(self, future: asyncio.Future[Any], outcome: Any) -> None:
        self._pending -= 1
        if future.done():
            return
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
