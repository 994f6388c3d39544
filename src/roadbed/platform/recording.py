"""Every process writes its figures into the database, once per tick of the clock.

Ticks are multiples of the setting since 1970, so that the rows of all processes stand side by side. A row goes through
the engine as every other write does, in one statement. When the engine is busy or away it is left for the next tick,
whose row then covers both: nothing is lost, nothing waits, and nobody else is slowed down. A row whose outcome nobody
knows is written again under the same key, which changes nothing where it is there already. What is added to sums of all
processes, the cache by resource, goes in the same transaction as that row, and so is added once too.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from roadbed.data.database import Database
from roadbed.kernel.clock import Clock, from_micros, to_micros
from roadbed.kernel.events import Events, Notice, StatisticsSkipped
from roadbed.platform import statements
from roadbed.platform.failures import Failures
from roadbed.platform.figures import Collector
from roadbed.platform.model import Node
from roadbed.runtime.process import figures

PATIENCE = 5.0
"""Seconds that a write may take; ``LAST_PATIENCE`` is for the one at the end of the process."""

LAST_PATIENCE = 0.5

_MICROSECOND = timedelta(microseconds=1)

Probe = Callable[[], Mapping[str, float]]
Columns = dict[str, Any]

_STATES = {
    "in_flight": "http_in_flight",
    "connections": "http_connections",
    "subscribers": "http_streams",
    "database_bytes": "database_bytes",
    "cache_entries": "cache_entries",
    "cache_bytes": "cache_bytes",
}


class Options(msgspec.Struct, frozen=True):
    """``every`` is in seconds. ``queue`` is the bound of the engine's queues: from half of it on it counts as busy.
    ``disk`` lies on the disk that is looked at."""

    every: float
    queue: int
    disk: Path


class Tick(msgspec.Struct, frozen=True):
    """What one tick of a process leaves: its row, and what it adds to the rows of the cache."""

    row: Columns
    cache: Sequence[Columns]


class Recorder:
    """Writes the rows of one process. Belongs to the event loop's thread."""

    def __init__(
        self,
        database: Database,
        collector: Collector,
        failures: Failures,
        node: Node,
        options: Options,
        events: Events,
        clock: Clock,
    ) -> None:
        self._database = database
        self._collector = collector
        self._failures = failures
        self._node = node
        self._options = options
        self._events = events
        self._clock = clock
        self._probes: list[Probe] = []
        self._watchers: Callable[[], Mapping[str, int]] = dict[str, int]
        self._watched: set[str] = set()
        self._pending: Tick | None = None
        self._last: datetime | None = None
        self._taken = monotonic()
        self._cpu = figures().cpu
        # Processes that start together must not all write in the same moment of every tick.
        self._phase = random.uniform(0.02, 0.2) * options.every  # noqa: S311
        self._skipped = 0

    def watch(self, probes: Iterable[Probe], watchers: Callable[[], Mapping[str, int]]) -> None:
        """Ask ``probes`` for present figures at every tick, and ``watchers`` for open event streams by feed."""
        self._probes.extend(probes)
        self._watchers = watchers

    def pause(self) -> float:
        """Return the seconds until the next tick has passed."""
        every = self._options.every
        now = to_micros(self._clock()) / 1e6
        return every - (now - self._phase) % every

    async def write(self) -> None:
        """Write what was counted since the last time, unless the engine has no room for it."""
        at = self._tick(-1)
        # A timer that is a little early comes twice in a tick: the next row covers this one's time too.
        if at != self._last:
            await self._attempt(at, PATIENCE)

    async def finish(self) -> None:
        """Write the rest, at the end of the process. A database that was away is not waited for."""
        if not self._skipped:
            await self._attempt(self._tick(0), LAST_PATIENCE)

    async def _attempt(self, at: datetime, patience: float) -> None:
        gauges = self._gauges()
        if self._is_busy(gauges):
            self._skip("its queues are full")
            return
        try:
            async with asyncio.timeout(patience):
                await self._write_rows(at, gauges)
        except Exception as error:  # noqa: BLE001 - whatever it is, requests go on, and the next tick tries again
            self._skip(f"{type(error).__name__}: {error}".split("\n", 1)[0])
        else:
            self._resume()

    async def _write_rows(self, at: datetime, gauges: Mapping[str, float]) -> None:
        if self._pending is not None:
            await self._write_tick(self._pending)
            self._pending = None
        row = self._row(at, gauges)
        self._pending, self._last = Tick(row, self._cache(at)), at
        while not await self._write_tick(self._pending):
            # The clock was set back: a row of this process stands there since the tick came for the first time.
            row["at"] += _MICROSECOND
        self._pending = None
        await self._write_errors()
        await self._write_watchers(at)

    async def _write_tick(self, tick: Tick) -> bool:
        """Write a tick unless its row is there already, and with it all that belongs to it; tell whether it was not."""
        if not tick.cache:
            return await self._database.execute(statements.WRITE, **tick.row) > 0
        async with self._database.transaction() as run:
            is_new = await run.execute(statements.WRITE, **tick.row) > 0
            if is_new:
                await run.execute_many(statements.WRITE_CACHE, tick.cache)
        return is_new

    async def _write_errors(self) -> None:
        failures = self._failures.take()
        if not failures:
            return
        place = {"node": self._node.node, "pid": self._node.pid}
        rows = [{**msgspec.structs.asdict(failure), **place} for failure in failures]
        try:
            await self._database.execute_many(statements.WRITE_ERROR, rows)
        except BaseException:
            # Their ids make it safe to write them twice.
            self._failures.give_back(failures)
            raise

    def _cache(self, at: datetime) -> list[Columns]:
        """Return what has become of the cache, in order, so that two processes never wait for each other."""
        taken = self._collector.take_cache()
        minute = at.replace(second=0, microsecond=0)
        return [
            {"at": minute, "resource": name, "hits": taken[name][0], "misses": taken[name][1]} for name in sorted(taken)
        ]

    async def _write_watchers(self, at: datetime) -> None:
        found = self._watchers()
        feeds = sorted(self._watched | found.keys())
        if feeds:
            rows: Sequence[Mapping[str, Any]] = [
                {"process": self._node.id, "feed": feed, "subscribers": found.get(feed, 0), "at": at} for feed in feeds
            ]
            await self._database.execute_many(statements.WRITE_WATCH, rows)
            self._watched = set(found)

    def _row(self, at: datetime, gauges: Mapping[str, float]) -> Columns:
        node, look, now = self._node, figures(), monotonic()
        disk = shutil.disk_usage(self._options.disk)
        row = {
            **self._collector.take(),
            **{name: int(gauges.get(gauge, 0)) for name, gauge in _STATES.items()},
            "at": at,
            "process": node.id,
            "node": node.node,
            "pid": node.pid,
            "started_at": node.started_at,
            "seconds": now - self._taken,
            "cpu": max(look.cpu - self._cpu, 0.0),
            "processes": 1,
            "queued": int(sum(value for name, value in gauges.items() if name.startswith("queue_depth:"))),
            "memory": look.memory,
            "disk_free": disk.free,
            "disk_size": disk.total,
        }
        self._taken, self._cpu = now, look.cpu
        return row

    def _gauges(self) -> dict[str, float]:
        return {name: value for probe in self._probes for name, value in probe().items()}

    def _is_busy(self, gauges: Mapping[str, float]) -> bool:
        bound = self._options.queue / 2
        return any(value > bound for name, value in gauges.items() if name.startswith("queue_depth:"))

    def _tick(self, number: int) -> datetime:
        """Return when the present tick began, or the one so many after it."""
        every = timedelta(seconds=self._options.every) // _MICROSECOND
        return from_micros((to_micros(self._clock()) // every + number) * every)

    def _skip(self, reason: str) -> None:
        self._events.emit(StatisticsSkipped())
        self._skipped += 1
        if self._skipped == 1:
            self._events.emit(Notice("warning", "Figures are not written for now", {"reason": reason}))

    def _resume(self) -> None:
        if self._skipped:
            self._events.emit(Notice("info", "Figures are written again", {"left_out": self._skipped}))
            self._skipped = 0
