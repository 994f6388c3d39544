"""The writer thread: all writes of this process, grouped into as few commits as the load allows.

While one transaction is being made durable, jobs queue up; the next transaction takes all of them (group commit).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from roadbed.data.joining import tell
from roadbed.data.outcomes import settle
from roadbed.data.sqlite.commits import Commits
from roadbed.data.sqlite.connection import SqliteRun
from roadbed.data.sqlite.jobs import Job
from roadbed.data.sqlite.lock import WriteLock
from roadbed.kernel.errors import Overloaded, Unavailable
from roadbed.kernel.events import Events, RequestShed

_MOST_JOBS_IN_ONE_COMMIT = 64
_TIME_TO_BREAK_OFF = 1.0


class Writer:
    """Owns the one writing connection of this process, and its lock. To be used from the event loop only."""

    def __init__(
        self, open_run: Callable[[], SqliteRun], open_lock: Callable[[], WriteLock], events: Events, queue: int
    ) -> None:
        self._open_run = open_run
        self._open_lock = open_lock
        self._events = events
        self._queue = queue
        self._commits = Commits(events)
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._held: Job | None = None
        self._current: list[Job] = []
        self._pending = 0
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._closed = False
        self._abandoned = False
        self._run: SqliteRun | None = None
        self._lock: WriteLock | None = None
        self._thread = threading.Thread(target=self._live, name="roadbed-writer", daemon=True)

    @property
    def pending(self) -> int:
        """Jobs that wait or run."""
        return self._pending

    @property
    def locked_out(self) -> float:
        """Seconds for which another program has kept writes from the write lock by now; 0 while it does not."""
        return self._commits.locked_out

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
        if self._closed or self._ended.done():
            raise Unavailable("The service is shutting down")
        if self._pending >= self._queue:
            self._events.emit(RequestShed("writer"))
            raise Overloaded(f"{self._queue} writes already wait")
        self._pending += 1
        self._jobs.put(job)

    async def close(self, timeout: float) -> None:
        """Finish the queue, close the connection and end the thread.

        After ``timeout`` seconds what runs is broken off and what waits is refused. A thread that hangs all the same,
        on a disk that does not answer, is left behind after one second more.
        """
        self._closed = True
        self._jobs.put(None)
        if not self._thread.is_alive():
            return
        await asyncio.wait((self._ended,), timeout=timeout)
        if not self._ended.done():
            self._abandoned = True
            for job in self._current:
                if job.abort is not None:
                    job.abort()
            if self._lock is not None:
                self._lock.break_off()
            if self._run is not None:
                self._run.break_off()
            await asyncio.wait((self._ended,), timeout=_TIME_TO_BREAK_OFF)

    def _live(self) -> None:
        lock: WriteLock | None = None
        try:
            lock = self._lock = self._open_lock()
            # Two processes may be about to make the same new file.
            with lock:
                self._run = self._open_run()
        except BaseException as error:  # noqa: BLE001  told to who started us
            self._post(self._opened, error)
        else:
            self._post(self._opened, None)
            self._serve(lock)
        finally:
            self._drop_connection()
            if lock is not None:
                lock.close()
            self._end()

    def _serve(self, lock: WriteLock) -> None:
        last = False
        while not last:
            jobs, last = self._gather()
            if jobs and not self._deliver(jobs, self._work(lock, jobs)):
                return
            if self._run is not None and self._run.has_long_log:
                self._shorten_log(lock, self._run)

    def _gather(self) -> tuple[list[Job], bool]:
        """Wait for jobs; return those of the next commit, and whether the end was seen."""
        first = self._held or self._jobs.get()
        self._held = None
        if first is None:
            return [], True
        jobs = [first]
        while not first.alone and len(jobs) < _MOST_JOBS_IN_ONE_COMMIT:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is None:
                return jobs, True
            if job.alone:
                self._held = job
                break
            jobs.append(job)
        return jobs, False

    def _work(self, lock: WriteLock, jobs: list[Job]) -> list[Any]:
        """Return the outcome of each job, whatever happens."""
        self._current = jobs
        self._commits.ask()
        try:
            with lock:
                if self._abandoned:
                    return [Unavailable("The service is shutting down: nothing was written") for _ in jobs]
                if self._run is None:
                    self._run = self._open_run()
                return self._commits.commit(self._run, jobs)
        except BaseException as error:  # noqa: BLE001  a thread that died would leave everybody waiting
            return self._commits.all_failed(jobs, error)
        finally:
            self._current = []
            if self._run is not None and self._run.broken:
                self._drop_connection()

    def _shorten_log(self, lock: WriteLock, run: SqliteRun) -> None:
        """Between two commits, when everybody has been answered."""
        try:
            with lock:
                run.shorten_log()
        except Exception as error:  # noqa: BLE001  the next commit will meet it too, and tell who waits
            self._commits.told(error)

    def _drop_connection(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            try:
                run.close()
            except Exception as error:  # noqa: BLE001  closing is the last thing that can be done with it
                self._commits.told(error)

    def _deliver(self, jobs: list[Job], outcomes: list[Any]) -> bool:
        try:
            self._loop.call_soon_threadsafe(self._settle, jobs, outcomes)
        except RuntimeError:
            # The loop has closed while we wrote: nobody waits for an answer any more, or will ever ask again.
            return False
        return True

    def _settle(self, jobs: list[Job], outcomes: list[Any]) -> None:
        self._pending -= len(jobs)
        for job, outcome in zip(jobs, outcomes, strict=True):
            if job.told is not None and not isinstance(outcome, BaseException):
                for result in outcome:
                    tell(job.told, result)
            settle(job.future, outcome)

    def _post(self, future: asyncio.Future[None], outcome: BaseException | None) -> None:
        with suppress(RuntimeError):  # The loop has closed: see above.
            self._loop.call_soon_threadsafe(settle, future, outcome)

    def _end(self) -> None:
        """Say that the thread is over, and refuse what still waits."""
        jobs = [self._held] if self._held is not None else []
        while not self._jobs.empty():
            job = self._jobs.get_nowait()
            if job is not None:
                jobs.append(job)
        self._deliver(jobs, [Unavailable("The service is shutting down: nothing was written") for _ in jobs])
        self._post(self._ended, None)
