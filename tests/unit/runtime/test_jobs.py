"""Periodic jobs: repeated, bounded, and none disturbs another."""

import asyncio

from roadbed.kernel.events import Events, JobFailed
from roadbed.runtime.jobs import Job, Jobs
from tests.support.waiting import eventually


class Work:
    """Counts its runs; fails or hangs when told to."""

    def __init__(self, *, fails: bool = False, hangs: bool = False) -> None:
        self.fails, self.hangs = fails, hangs
        self.runs = self.running = self.most_at_once = self.cancelled = 0

    async def __call__(self) -> None:
        self.runs += 1
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            if self.fails:
                raise ValueError("not today")
            await asyncio.sleep(3600 if self.hangs else 0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1


def listening() -> tuple[Events, list[JobFailed]]:
    events, failed = Events(), list[JobFailed]()
    events.on(JobFailed, failed.append)
    return events, failed


async def test_a_job_runs_again_and_again() -> None:
    events, failed = listening()
    jobs, work = Jobs(events), Work()
    jobs.start(Job("count", 0.001, 1.0, work))
    await eventually(lambda: work.runs >= 3, "three runs")
    await jobs.stop()
    assert failed == []


async def test_a_job_does_not_begin_at_once() -> None:
    jobs, work = Jobs(Events()), Work()
    jobs.start(Job("count", 3600, 1.0, work))
    await asyncio.sleep(0.01)
    await jobs.stop()
    assert work.runs == 0


async def test_a_job_that_fails_is_told_of_and_runs_again() -> None:
    events, failed = listening()
    jobs, work = Jobs(events), Work(fails=True)
    jobs.start(Job("sweep", 0.001, 1.0, work))
    await eventually(lambda: work.runs >= 2, "two runs")
    await jobs.stop()
    assert (failed[0].job, repr(failed[0].error)) == ("sweep", "ValueError('not today')")


async def test_a_job_that_hangs_is_cut_off_and_runs_again() -> None:
    events, failed = listening()
    jobs, work = Jobs(events), Work(hangs=True)
    jobs.start(Job("sweep", 0.001, 0.01, work))
    await eventually(lambda: work.runs >= 2, "two runs")
    await jobs.stop()
    assert (work.most_at_once, type(failed[0].error)) == (1, TimeoutError)


async def test_a_job_does_not_disturb_another() -> None:
    jobs, good, bad, hanging = Jobs(Events()), Work(), Work(fails=True), Work(hangs=True)
    for name, work in (("bad", bad), ("hanging", hanging), ("good", good)):
        jobs.start(Job(name, 0.001, 3600, work))
    await eventually(lambda: good.runs >= 3 and bad.runs >= 3 and hanging.runs == 1, "runs of all")
    await jobs.stop()
    assert (good.most_at_once, bad.most_at_once, hanging.most_at_once) == (1, 1, 1)


async def test_stop_cancels_what_runs() -> None:
    jobs, work = Jobs(Events()), Work(hangs=True)
    jobs.start(Job("hang", 0.001, 3600, work))
    await eventually(lambda: work.runs == 1, "a run")
    await jobs.stop()
    assert (work.cancelled, work.running) == (1, 0)


async def test_after_a_stop_nothing_runs() -> None:
    jobs, work = Jobs(Events()), Work()
    jobs.start(Job("count", 0.001, 1.0, work))
    await eventually(lambda: work.runs >= 1, "a run")
    await jobs.stop()
    before = work.runs
    await asyncio.sleep(0.02)
    assert work.runs == before


async def test_stop_without_a_start_is_harmless() -> None:
    jobs = Jobs(Events())
    await jobs.stop()
    await jobs.stop()


async def test_a_job_may_keep_a_time_of_its_own() -> None:
    pauses = iter([0.0, 0.001, 0.0, 3600.0])
    jobs, work = Jobs(Events()), Work()
    jobs.start(Job("count", 3600, 1.0, work, lambda: next(pauses)))
    await eventually(lambda: work.runs == 3, "three runs")
    await asyncio.sleep(0.01)
    await jobs.stop()
    assert work.runs == 3
