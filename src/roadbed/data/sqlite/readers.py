"""The reader threads: reads of committed data, each on a connection of its own that cannot write."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

import apsw

from roadbed.data.outcomes import settle
from roadbed.data.sqlite.connection import SqliteRun
from roadbed.data.sqlite.errors import is_everybodys, kind_of, translate
from roadbed.data.sqlite.spans import under
from roadbed.kernel.errors import Overloaded, Unavailable
from roadbed.kernel.events import DatabaseFailed, Events, FlightSplit, RequestShed
from roadbed.kernel.spans import current

_TIME_TO_BREAK_OFF = 1.0

_Task = tuple[Callable[[SqliteRun], Any], "asyncio.Future[Any]"]


class Readers:
    """A fixed number of threads behind one bounded queue. To be used from the event loop only."""

    def __init__(self, open_run: Callable[[], SqliteRun], threads: int, events: Events, queue: int) -> None:
        self._open_run = open_run
        self._events = events
        self._queue = queue
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._pending = 0
        self._closed = False
        self._abandoned = False
        self._loop = asyncio.get_running_loop()
        self._runs: dict[int, SqliteRun] = {}
        self._ended: list[asyncio.Future[None]] = [self._loop.create_future() for _ in range(threads)]
        for number in range(threads):
            name = f"roadbed-reader-{number}"
            threading.Thread(target=self._live, args=(number,), name=name, daemon=True).start()

    @property
    def pending(self) -> int:
        """Reads that wait or run."""
        return self._pending

    def submit(self, work: Callable[[SqliteRun], Any]) -> asyncio.Future[Any]:
        """Run a function in a reader thread.

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
        span = current()
        self._tasks.put((work if span is None else under(span, work), future))
        return future

    def submit_flight(
        self, name: str, work: Callable[[SqliteRun, list[Any]], Sequence[Any]], items: list[Any]
    ) -> asyncio.Future[Any]:
        """Run a function over items in a reader thread: all its statements see one state of the data.

        When it fails for a reason that is not the database's state, the items run one by one. Raises as ``submit``.
        """
        return self.submit(lambda run: self._snapshot(run, name, work, items))

    async def close(self, timeout: float) -> None:
        """Finish the queue and end the threads; after ``timeout`` seconds what runs is broken off."""
        self._closed = True
        for _ in self._ended:
            self._tasks.put(None)
        await asyncio.wait(self._ended, timeout=timeout)
        if not all(ended.done() for ended in self._ended):
            self._abandoned = True
            for run in tuple(self._runs.values()):
                run.break_off()
            await asyncio.wait(self._ended, timeout=_TIME_TO_BREAK_OFF)

    def _live(self, number: int) -> None:
        while (task := self._tasks.get()) is not None:
            work, future = task
            # Nobody waits for a read that was cancelled: it is not run, but its place in the queue is given back.
            outcome = None if future.cancelled() else self._outcome(number, work)
            if not self._post(self._settle, future, outcome):
                break
        self._drop_connection(number)
        self._post(settle, self._ended[number], None)

    def _outcome(self, number: int, work: Callable[[SqliteRun], Any]) -> Any:
        """Return what the function returns, or its failure, whatever happens."""
        if self._abandoned:
            return Unavailable("The service is shutting down")
        try:
            # Opened at the first read, and again after it could not be opened.
            run = self._runs.get(number)
            if run is None:
                run = self._runs[number] = self._open_run()
            run.start_clock()
            try:
                return work(run)
            finally:
                run.stop_clock()
                run.undo()
                if run.broken:
                    self._drop_connection(number)
        except BaseException as error:  # noqa: BLE001  a thread that died would leave everybody waiting
            return self._told(error)

    def _snapshot(
        self, run: SqliteRun, name: str, work: Callable[[SqliteRun, list[Any]], Sequence[Any]], items: list[Any]
    ) -> Sequence[Any]:
        run.control("BEGIN")
        try:
            return work(run, items)
        except Exception as error:
            if len(items) == 1 or is_everybodys(error) or kind_of(error) == "timeout":
                raise
            self._events.emit(FlightSplit(name, len(items), error))
            return [self._alone(run, work, item) for item in items]

    def _alone(self, run: SqliteRun, work: Callable[[SqliteRun, list[Any]], Sequence[Any]], item: Any) -> Any:
        try:
            return work(run, [item])[0]
        except Exception as error:
            if is_everybodys(error) or kind_of(error) == "timeout":
                raise
            return self._told(error)

    def _told(self, error: BaseException) -> BaseException:
        if isinstance(error, apsw.ReadOnlyError):
            # Not the disk, but a statement that writes where only reads may be.
            return error
        if isinstance(error, apsw.Error):
            self._events.emit(DatabaseFailed("sqlite", kind_of(error), error))
        return translate(error)

    def _drop_connection(self, number: int) -> None:
        run = self._runs.pop(number, None)
        if run is not None:
            try:
                run.close()
            except Exception as error:  # noqa: BLE001  closing is the last thing that can be done with it
                self._told(error)

    def _post(self, function: Callable[[asyncio.Future[Any], Any], None], future: Any, outcome: Any) -> bool:
        try:
            self._loop.call_soon_threadsafe(function, future, outcome)
        except RuntimeError:
            # The loop has closed: nobody waits for an answer any more, or will ever ask again.
            return False
        return True

    def _settle(self, future: asyncio.Future[Any], outcome: Any) -> None:
        self._pending -= 1
        settle(future, outcome)
