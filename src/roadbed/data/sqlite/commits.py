"""How jobs become commits: together first, apart where one of them fails.

Jobs run without savepoints. When one fails, all run again, each under a savepoint, so that the others are still written
by one commit; of a flight that fails as a whole, each item runs under a savepoint of its own.

SQLite itself rolls back everything, released savepoints too, when the disk is full, an I/O error occurs or a write is
interrupted. So after each error one look at the connection says whether the transaction is still there. If it is not,
nothing of it may be acknowledged, whatever succeeded before.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic, perf_counter
from typing import Any

import apsw

from roadbed.data.outcomes import twin
from roadbed.data.spans import SQLITE, begin_statement
from roadbed.data.sqlite.connection import SqliteRun
from roadbed.data.sqlite.errors import is_everybodys, kind_of, translate
from roadbed.data.sqlite.jobs import Job, WrongCountError
from roadbed.kernel.errors import Unavailable
from roadbed.kernel.events import DatabaseFailed, Events, FlightSplit
from roadbed.kernel.spans import Span

SAME_WAIT = 30.0
"""Seconds between two refusals of the write lock that still tell of one wait: probes come every ten or so. Where nobody
asked for longer, the lock may have been free meanwhile."""


class Commits:
    """Runs jobs in transactions of one connection. Belongs to the writer thread."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._asked: float | None = None
        """Since when writes have asked for the write lock in vain (``monotonic``); None when the last one got it."""
        self._refused: float | None = None
        """When the last one was refused; None while one asks."""

    @property
    def locked_out(self) -> float:
        """Seconds for which others have kept writes from the write lock by now; 0 while they do not."""
        since = self._asked
        return 0.0 if since is None else monotonic() - since

    def ask(self) -> None:
        """Note that the write lock is asked for from now on."""
        at = monotonic()
        if self._asked is None or (self._refused is not None and at - self._refused > SAME_WAIT):
            self._asked = at
        self._refused = None

    def commit(self, run: SqliteRun, jobs: list[Job]) -> list[Any]:
        """Run all jobs in one transaction and commit it; return per job its results or an exception."""
        outcomes: list[Any] = []
        try:
            run.check_files()
            run.control("BEGIN IMMEDIATE")
        except (apsw.Error, Unavailable) as error:
            return self.all_failed(jobs, error)
        self._asked = None
        try:
            for job in jobs:
                outcomes.append(job.run(run, job.items))  # noqa: PERF401  the length tells who failed
        except BaseException as error:  # noqa: BLE001  whatever a job raises, its neighbours must not suffer
            if not self._undone(run, error):
                return self.all_failed(jobs, error)
            if len(jobs) == 1 and not _can_be_split(jobs[0], error):
                return [self.told(error)]
            # A job that took too long would only do so again.
            lost = {len(outcomes): self.told(error)} if kind_of(error) == "timeout" else {}
            return self._apart(run, jobs, lost)
        return self._end(run, jobs, outcomes)

    def _apart(self, run: SqliteRun, jobs: list[Job], lost: dict[int, BaseException]) -> list[Any]:
        """Run every job again under a savepoint, except those that are lost, until a commit holds all that succeed."""
        while len(lost) < len(jobs):
            outcomes: list[Any] = []
            run.control("BEGIN IMMEDIATE")
            try:
                for index, job in enumerate(jobs):
                    outcomes.append(lost[index] if index in lost else self._one(run, job))
            except BaseException as error:  # noqa: BLE001  the transaction went with it: who it was is left out next time
                if not self._undone(run, error):
                    return self.all_failed(jobs, error)
                lost[len(outcomes)] = self.told(error)
            else:
                return self._end(run, jobs, outcomes)
        return [lost[index] for index in range(len(jobs))]

    def _one(self, run: SqliteRun, job: Job) -> Sequence[Any] | BaseException:
        run.control("SAVEPOINT job")
        try:
            results = job.run(run, job.items)
        except BaseException as error:  # noqa: BLE001  see above
            self._back(run, "job", error)
            if not _can_be_split(job, error):
                return self.told(error)
            self._events.emit(FlightSplit(job.name, len(job.items), error))
            return [self._item(run, job, item) for item in job.items]
        run.control("RELEASE job")
        return results

    def _item(self, run: SqliteRun, job: Job, item: Any) -> Any:
        run.control("SAVEPOINT item")
        try:
            result = job.run(run, [item])[0]
        except BaseException as error:  # noqa: BLE001  see above
            self._back(run, "item", error)
            return self.told(error)
        run.control("RELEASE item")
        return result

    def _back(self, run: SqliteRun, savepoint: str, error: BaseException) -> None:
        if is_everybodys(error) or not run.connection.in_transaction:
            raise error
        run.control(f"ROLLBACK TO {savepoint}")
        run.control(f"RELEASE {savepoint}")

    def _undone(self, run: SqliteRun, error: BaseException) -> bool:
        """Roll back; tell whether the jobs may run again."""
        run.undo()
        return not (is_everybodys(error) or run.broken)

    def _end(self, run: SqliteRun, jobs: list[Job], outcomes: list[Any]) -> list[Any]:
        began = perf_counter()
        try:
            run.commit()
        except (apsw.Error, Unavailable) as error:
            run.undo()
            return self.all_failed(jobs, error, committing=True)
        for job in jobs:
            if job.span is not None:
                _tell_commit(job.span, began, len(jobs))
        return outcomes

    def all_failed(self, jobs: list[Job], error: BaseException, *, committing: bool = False) -> list[Any]:
        """Return what each job hears of an error that concerns all: an exception of its own."""
        self._emit(error)
        if kind_of(error) == "busy":
            self._refused = monotonic()
        else:
            self._asked = None
        # No statement of theirs failed, so no span of one tells what did.
        for job in jobs:
            if job.span is not None:
                job.span.note("database failed", {"error.type": kind_of(error)})
        failure = translate(error, committing=committing)
        if not isinstance(failure, Unavailable):
            failure = Unavailable("The connection to the database was given up: nothing was written")
            failure.__cause__ = error
        return [twin(failure) for _ in jobs]

    def told(self, error: BaseException) -> BaseException:
        """Return what one job hears of its error."""
        self._emit(error)
        return translate(error)

    def _emit(self, error: BaseException) -> None:
        if isinstance(error, (apsw.Error, Unavailable)) and kind_of(error) != "constraint":
            self._events.emit(DatabaseFailed("sqlite", kind_of(error), error))


def _tell_commit(parent: Span, began: float, jobs: int) -> None:
    """Write the span of a commit that a job shared with others: most of it is the disk."""
    span = begin_statement(parent, "COMMIT", SQLITE, began)
    span.attributes["roadbed.commit.jobs"] = jobs
    span.end()


def _can_be_split(job: Job, error: BaseException) -> bool:
    return job.split and len(job.items) > 1 and not isinstance(error, WrongCountError)
