"""Periodic jobs of one process: each bounded in time, none able to stop the others or the service."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import msgspec

from roadbed.kernel.events import Events, JobFailed


class Job(msgspec.Struct, frozen=True):
    """``run`` is called about every ``every`` seconds and cancelled after ``timeout`` seconds.

    ``pause`` returns the seconds until the next call, where a job keeps a time of its own.
    """

    name: str
    every: float
    timeout: float
    run: Callable[[], Awaitable[object]]
    pause: Callable[[], float] | None = None


class Jobs:
    """Runs jobs between ``start`` and ``stop``. A job never overlaps with itself."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, job: Job) -> None:
        """Begin to run a job; the first time comes after one period."""
        self._tasks.append(asyncio.get_running_loop().create_task(self._repeat(job), name=f"job:{job.name}"))

    async def stop(self) -> None:
        """Cancel all jobs and wait until they are gone."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _repeat(self, job: Job) -> None:
        while True:
            # Workers that start together must not all sweep at the same moment, now and for ever.
            pause = job.every * random.uniform(0.9, 1.1) if job.pause is None else job.pause()  # noqa: S311
            await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(job.timeout):
                    await job.run()
            except Exception as error:  # noqa: BLE001 - the next time may go well; the log says that this one did not
                self._events.emit(JobFailed(job.name, error))
