"""The statistics of a process, put together: which jobs run, and that none does where they are off."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from roadbed.kernel.clock import Clock, now
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.events import Events, RequestFinished
from roadbed.kernel.settings import Settings
from roadbed.kernel.settings_sources import load
from roadbed.platform.keeping import Statistics, this_process
from roadbed.runtime.counts import Counts
from roadbed.runtime.jobs import Job


class Written:
    """Stands in for a database: it keeps the rows that it is given."""

    dialect = "sqlite"

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    async def execute(self, _query: object, **row: Any) -> int:
        self.rows.append(row)
        return 1

    async def execute_many(self, _query: object, rows: list[dict[str, Any]]) -> None:
        self.rows.extend(rows)


class Listed:
    """Stands in for jobs: it keeps what it is to start."""

    def __init__(self) -> None:
        self.all: list[Job] = []

    def start(self, job: Job) -> None:
        self.all.append(job)


def keeping(every: float, folder: Path, clock: Clock = now) -> tuple[Statistics, Written, Events]:
    written, events, counts = Written(), Events(), Counts()
    counts.subscribe(events)
    settings = Settings(statistics_every=every, data=folder)
    database: Any = written
    return Statistics(settings, database, counts, this_process(), events, clock), written, events


def jobs_of(statistics: Statistics) -> list[Job]:
    listed: Any = Listed()
    statistics.start(listed)
    return listed.all


def test_a_process_is_told_from_others() -> None:
    first, second = this_process(), this_process()
    assert (first.pid, first.node, first.id < second.id) == (os.getpid(), second.node, True)


@pytest.mark.parametrize(("every", "look"), [(10.0, 10.0), (60.0, 15.0), (0.5, 0.5)])
def test_one_job_writes_and_one_looks_after_it(tmp_path: Path, every: float, look: float) -> None:
    jobs = jobs_of(keeping(every, tmp_path)[0])
    assert [(job.name, job.every) for job in jobs] == [("write figures", every), ("look after figures", look)]
    assert jobs[0].pause is not None
    assert 0 < jobs[0].pause() <= every


async def test_nothing_happens_where_it_is_off(tmp_path: Path) -> None:
    statistics, written, events = keeping(0.0, tmp_path)
    statistics.watch([], dict)
    events.emit(RequestFinished("id", "GET", "/x", "/x", 500, 0.1, "", 0, ""))
    await statistics.finish()
    assert (jobs_of(statistics), written.rows) == ([], [])


async def test_an_idle_process_writes_one_row_per_tick(tmp_path: Path) -> None:
    ticks = iter(now() + timedelta(seconds=10 * number) for number in range(3))
    statistics, written, _ = keeping(10.0, tmp_path, lambda: next(ticks))
    statistics.watch([dict], dict)
    (write, _) = jobs_of(statistics)
    for _ in range(3):
        await write.run()
    assert [(row["requests"], row["pid"]) for row in written.rows] == [(0, os.getpid())] * 3


async def test_a_busy_process_writes_a_statement_per_kind(tmp_path: Path) -> None:
    statistics, written, events = keeping(10.0, tmp_path)
    statistics.watch([dict], lambda: {"items": 2})
    for status in (200, 500, 500):
        events.emit(RequestFinished("id", "GET", "/x", "/x", status, 0.1, "", 0, "internal"))
    await statistics.finish()
    kinds = [next(name for name in ("requests", "request_id", "feed") if name in row) for row in written.rows]
    assert kinds == ["requests", "request_id", "request_id", "feed"]
    assert (written.rows[0]["requests"], written.rows[0]["errors"]) == (3, 2)


@pytest.mark.parametrize("text", ["10 ms", "0.09", "0.0000001"])
def test_a_tick_that_is_too_short_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"ROADBED_STATISTICS_EVERY: .* 0 s, or 0\.1 s to 3600 s is expected"):
        load(environ={"ROADBED_STATISTICS_EVERY": text})


@pytest.mark.parametrize(("text", "every"), [("0", 0.0), ("100 ms", 0.1), ("10 s", 10.0), ("1 h", 3600.0)])
def test_a_tick_that_is_none_or_long_enough_is_taken(text: str, every: float) -> None:
    assert load(environ={"ROADBED_STATISTICS_EVERY": text}).settings.statistics_every == every
