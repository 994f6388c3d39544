"""The writer thread: all writes of this process, grouped into as few commits as the load allows.

While one transaction is being made durable, jobs queue up; the next transaction takes all of them (group commit). The
jobs run without savepoints first. Only when one fails does everything run again piece by piece.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

import apsw

from roadbed.data.sqlite.connection import SqliteRun, kind_of, translate
from roadbed.data.sqlite.lock import WriteLock
from roadbed.kernel.errors import Overloaded, Unavailable
from roadbed.kernel.events import DatabaseFailed, Events, FlightSplit, RequestShed

_MOST_JOBS_IN_ONE_COMMIT = 64


class Job:
    """Work for the writer: a function over items. ``split`` says whether the items may run one by one."""

    __slots__ = ("alone", "future", "items", "name", "split", "work")

    def __init__(
        self,
        name: str,
        work: Callable[[SqliteRun, list[Any]], Sequence[Any]],
        items: list[Any],
        future: asyncio.Future[Any],
        *,
        split: bool = True,
        alone: bool = False,
    ) -> None:
        self.name = name
        self.work = work
        self.items = items
        self.future = future
        self.split = split
        self.alone = alone

    def run(self, run: SqliteRun, items: list[Any]) -> Sequence[Any]:
        results = self.work(run, items)
        if len(results) != len(items):
            raise RuntimeError(f"{self.name}: {len(results)} results for {len(items)} items")
        return results


class Writer:
    """Owns the one writing connection of this process. ``submit`` may be called from the event loop only."""

    def __init__(self, open_run: Callable[[], SqliteRun], lock: WriteLock, events: Events, queue: int) -> None:
        self._open_run = open_run
        self._lock = lock
        self._events = events
        self._queue = queue
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._pending = 0
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._live, name="roadbed-writer", daemon=True)
        self._closed = False

    @property
    def pending(self) -> int:
        """Jobs that wait or run."""
        return self._pending

    async def start(self) -> None:
        """Open the connection in the thread; raises what opening raised."""
        self._thread.start()
        await self._opened

    def submit(self, job: Job) -> None:
        """Queue a job; its future gets the list of results, or the error of the whole job.

        Raises:
            Overloaded: too many jobs wait.
            Unavailable: the writer is closed.
        """
        if self._closed:
            raise Unavailable("The service is shutting down")
        if self._pending >= self._queue:
            self._events.emit(RequestShed("writer"))
            raise Overloaded(f"{self._queue} writes already wait")
        self._pending += 1
        self._jobs.put(job)

    async def close(self, timeout: float) -> None:
        """Finish the queue, then close the connection and end the thread; gives up after ``timeout`` seconds."""
        self._closed = True
        self._jobs.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join, timeout)

    def _live(self) -> None:
        try:
            run = self._open_run()
        except BaseException as error:
            self._loop.call_soon_threadsafe(self._opened.set_exception, translate(error))
            return
        self._loop.call_soon_threadsafe(self._opened.set_result, None)
        waiting: Job | None = None
        while True:
            first = waiting or self._jobs.get()
            if first is None:
                break
            jobs, waiting, last = self._gather(first)
            self._deliver(jobs, self._commit(run, jobs))
            if last:
                break
        run.close()

    def _gather(self, first: Job) -> tuple[list[Job], Job | None, bool]:
        """Return the jobs of the next commit, a job that must come after it, and whether the end was seen."""
        jobs = [first]
        while not first.alone and len(jobs) < _MOST_JOBS_IN_ONE_COMMIT:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is None:
                return jobs, None, True
            if job.alone:
                return jobs, job, False
            jobs.append(job)
        return jobs, None, False

    def _deliver(self, jobs: list[Job], outcomes: list[Any]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._settle, jobs, outcomes)
        except RuntimeError:
            # The loop has closed while we wrote: nobody waits for the answer any more.
            self._closed = True

    def _settle(self, jobs: list[Job], outcomes: list[Any]) -> None:
        self._pending -= len(jobs)
        for job, outcome in zip(jobs, outcomes, strict=True):
            if job.future.done():
                continue
            if isinstance(outcome, BaseException):
                job.future.set_exception(outcome)
            else:
                job.future.set_result(outcome)

    def _commit(self, run: SqliteRun, jobs: list[Job]) -> list[Any]:
        """Run all jobs in one transaction; return per job its results or an exception."""
        try:
            with self._lock:
                run.begin_clock()
                run.control("BEGIN IMMEDIATE")
                outcomes = [job.run(run, job.items) for job in jobs]
                return self._end(run, outcomes)
        except BaseException as error:
            self._undo(run)
            if self._is_everybodys(error):
                return [self._report(error)] * len(jobs)
            return self._piecewise(run, jobs, error)

    def _end(self, run: SqliteRun, outcomes: list[Any]) -> list[Any]:
        try:
            run.control("COMMIT")
        except apsw.Error as error:
            self._undo(run)
            return [self._report(error, committing=True)] * len(outcomes)
        return outcomes

    def _piecewise(self, run: SqliteRun, jobs: list[Job], error: BaseException) -> list[Any]:
        """After a failure: every job again, item by item where it may be split, each under a savepoint."""
        if len(jobs) == 1 and (not jobs[0].split or len(jobs[0].items) == 1):
            return [translate(error)]
        for job in jobs:
            self._events.emit(FlightSplit(job.name, len(job.items), error))
        try:
            with self._lock:
                run.begin_clock()
                run.control("BEGIN IMMEDIATE")
                return self._end(run, [self._job_by_piece(run, job) for job in jobs])
        except BaseException as worse:
            self._undo(run)
            return [self._report(worse)] * len(jobs)

    def _job_by_piece(self, run: SqliteRun, job: Job) -> Any:
        if not job.split:
            results = self._under_savepoint(run, job, job.items)
            return results if isinstance(results, BaseException) else results
        outcome: list[Any] = []
        for item in job.items:
            result = self._under_savepoint(run, job, [item])
            outcome.append(result if isinstance(result, BaseException) else result[0])
        return outcome

    def _under_savepoint(self, run: SqliteRun, job: Job, items: list[Any]) -> Any:
        run.control("SAVEPOINT piece")
        try:
            results = job.run(run, items)
        except BaseException as error:
            # A full disk or an I/O error rolls back the whole transaction, released savepoints too: then nothing of
            # this commit may be acknowledged.
            if self._is_everybodys(error) or not run.connection.in_transaction:
                raise
            run.control("ROLLBACK TO piece")
            run.control("RELEASE piece")
            return translate(error)
        run.control("RELEASE piece")
        return results

    def _is_everybodys(self, error: BaseException) -> bool:
        return isinstance(error, apsw.Error) and kind_of(error) in ("full", "io", "busy")

    def _undo(self, run: SqliteRun) -> None:
        if run.connection.in_transaction:
            run.control("ROLLBACK")

    def _report(self, error: BaseException, *, committing: bool = False) -> BaseException:
        self._events.emit(DatabaseFailed("sqlite", kind_of(error), error))
        return translate(error, committing=committing)
