"""Time limits without a timer per request: a register of running requests that one timer sweeps."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from roadbed.http.call import ABANDONED, EXPIRED, READING, RUNNING, STREAMING, TOO_SLOW, Call


class Deadlines:
    """Cancels the tasks of requests that run, or send their body, for too long.

    A dict keeps its order of insertion, so the oldest requests come first and the sweep ends at the first young one.
    A limit is kept to within one interval. The timer rests while nothing runs.
    """

    def __init__(self, request_timeout: float, body_timeout: float, interval: float) -> None:
        self._request_timeout = request_timeout
        self._body_timeout = body_timeout
        self._youngest = min(request_timeout, body_timeout)
        self._interval = interval
        self._timer: asyncio.TimerHandle | None = None
        self.running: dict[Call[Any], asyncio.Task[Any]] = {}

    def watch(self, call: Call[Any]) -> None:
        """Take a call in. Take it out again with ``del running[call]``."""
        task = asyncio.current_task()
        if task is None:
            return
        self.running[call] = task
        if self._timer is None:
            self._timer = task.get_loop().call_later(self._interval, self._sweep)

    def abandon(self) -> None:
        """Cancel all that still runs: the time for shutting down is over."""
        for call, task in list(self.running.items()):
            if call.phase in (RUNNING, READING, STREAMING):
                call.phase = ABANDONED
                task.cancel()

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        self._timer = None
        now = perf_counter()
        for call, task in self.running.items():
            age = now - call.started
            if age < self._youngest:
                break
            if call.since:
                # A body that comes or goes in parts: each part begins the time anew.
                age = now - call.since
            if call.phase == READING and age >= self._body_timeout:
                call.phase = TOO_SLOW
                task.cancel()
            elif call.phase == RUNNING and age >= self._request_timeout:
                call.phase = EXPIRED
                task.cancel()
        if self.running:
            self._timer = asyncio.get_running_loop().call_later(self._interval, self._sweep)
