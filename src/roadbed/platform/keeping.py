"""The statistics of one process, put together: what counts, what writes, and what looks after all that was written."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial

from roadbed.data.database import Database
from roadbed.kernel.clock import Clock, now
from roadbed.kernel.errors import Unavailable
from roadbed.kernel.events import Events
from roadbed.kernel.ids import new_id
from roadbed.kernel.settings import Settings
from roadbed.platform.duties import Duty, Thinning, attend
from roadbed.platform.failures import Failures
from roadbed.platform.figures import Collector
from roadbed.platform.measuring import measure
from roadbed.platform.model import Node
from roadbed.platform.recording import PATIENCE, Options, Probe, Recorder
from roadbed.platform.shown import disk_of
from roadbed.runtime.counts import Counts
from roadbed.runtime.jobs import Job, Jobs

MEASURE_EVERY = 300.0
THIN_EVERY = 600.0
"""Seconds between two looks at the size of tables, and between two sweeps of old figures, by whichever process."""

LOOK_EVERY = 15.0
"""Seconds between two looks of a process at whether one of these is due."""

_DUTY_TIMEOUT = 120.0
_LONGEST_NAME = 255


def this_process() -> Node:
    """Return who this process is. The id tells it from an earlier one of the same number."""
    return Node(new_id(), socket.gethostname()[:_LONGEST_NAME], os.getpid(), now())


class Statistics:
    """Does nothing at all where the setting is 0."""

    def __init__(
        self, settings: Settings, database: Database, counts: Counts, node: Node, events: Events, clock: Clock
    ) -> None:
        self._every = settings.statistics_every
        self._database = database
        self._clock = clock
        self._recorder: Recorder | None = None
        if self._every:
            options = Options(self._every, settings.flight_queue, disk_of(settings))
            collector, failures = Collector(counts, events), Failures(events, clock)
            self._recorder = Recorder(database, collector, failures, node, options, events, clock)

    def watch(self, probes: Iterable[Probe], watchers: Callable[[], Mapping[str, int]]) -> None:
        """Ask these for present figures, and for event streams by feed."""
        if self._recorder is not None:
            self._recorder.watch(probes, watchers)

    def start(self, jobs: Jobs) -> None:
        """Begin to write, and to look after what is written."""
        if self._recorder is None:
            return
        duties = [
            Duty("storage", MEASURE_EVERY, partial(measure, self._database, self._clock)),
            Duty("thinning", THIN_EVERY, Thinning(self._database, self._clock).run),
        ]
        look = min(LOOK_EVERY, self._every)
        jobs.start(Job("write figures", self._every, 2 * PATIENCE, self._recorder.write, self._recorder.pause))
        jobs.start(Job("look after figures", look, _DUTY_TIMEOUT, partial(self._attend, duties)))

    async def _attend(self, duties: list[Duty]) -> None:
        # Of a database that is away the engine has told: the next look comes soon.
        with suppress(Unavailable):
            await attend(self._database, duties, self._clock)

    async def finish(self) -> None:
        """Write what was counted since the last tick."""
        if self._recorder is not None:
            await self._recorder.finish()
