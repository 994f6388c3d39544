"""Which core does what, and how busy each was."""

from __future__ import annotations

import ctypes
import os
import signal
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from bench.harness.errors import BenchError

PR_SET_PDEATHSIG = 1
LISTEN = 1.0  # seconds


class Cores(msgspec.Struct, frozen=True):
    """``server`` runs the contender; ``load`` runs wrk and this harness; ``database`` runs PostgreSQL."""

    server: int
    load: int
    database: int


def choose(database: str) -> Cores:
    """Take the first two cores this process may use; ``database`` is ``load`` or ``server``."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise BenchError("the benchmark needs two cores: one for the server, one for the load")
    server, load = allowed[:2]
    return Cores(server=server, load=load, database=load if database == "load" else server)


def pinned(core: int | None) -> Callable[[], None]:
    """Return what a child runs before its program: stay on one core (None: on any), and die with the harness.

    The kernel sends the second by itself, so even a killed harness leaves no server behind.
    """
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        if core is not None:
            os.sched_setaffinity(0, {core})
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return prepare


def parse_ticks(text: str) -> dict[int, tuple[int, int]]:
    """Return (busy, all) clock ticks per core from the text of ``/proc/stat``."""
    ticks: dict[int, tuple[int, int]] = {}
    for line in text.splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name != "cpu":
            # user nice system idle iowait irq softirq steal; guest time is already in user time.
            values = [int(field) for field in fields[:8]]
            idle = values[3] + values[4]
            ticks[int(name[3:])] = (sum(values) - idle, sum(values))
    return ticks


def ticks() -> dict[int, tuple[int, int]]:
    return parse_ticks(Path("/proc/stat").read_text())


def others(cores: Cores) -> float:
    """Return the share of the server's and the load's core that is in use while this run does nothing."""
    before = ticks()
    time.sleep(LISTEN)
    after = ticks()
    return statistics.mean(busy_share(before, after, core) for core in (cores.server, cores.load))


def busy_share(before: Mapping[int, tuple[int, int]], after: Mapping[int, tuple[int, int]], core: int) -> float:
    """Return the share (0 to 1) of the time between two readings in which a core worked."""
    busy = after[core][0] - before[core][0]
    total = after[core][1] - before[core][1]
    return busy / total if total > 0 else 0.0
