"""Load at a set rate, for the latency that users see at it.

wrk waits for a reply before it sends the next request, so a server that stalls is asked less while it stalls, and the
stall hardly shows. Here requests leave by the clock (gaps drawn from an exponential distribution: independent users),
whatever the server does, and each one's latency counts from the moment it was due. Source: Gil Tene, "How NOT to
Measure Latency" (coordinated omission).
"""

from __future__ import annotations

import gc
import os
import random
import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress

import msgspec

from bench.harness.client import REPLY_TIMEOUT, Pool
from bench.harness.ratios import percentile

CONNECTIONS = 64
URGENT = -10  # niceness


class Paced(msgspec.Struct, frozen=True):
    """What a run at a set rate saw. ``rate``: requests per second; the times: milliseconds.

    ``own_delay`` is the 99th percentile of how late this generator itself noticed that a request was due while it had a
    free connection: the part of the latencies that is not the server's.
    """

    rate: float
    sent: int
    bad: int
    p50: float
    p99: float
    max: float
    own_delay: float


def schedule(rate: float, seconds: float, seed: int) -> list[float]:
    """Return when requests are due, in seconds from the start."""
    source = random.Random(seed)
    due: list[float] = []
    moment = source.expovariate(rate)
    while moment < seconds:
        due.append(moment)
        moment += source.expovariate(rate)
    return due


def pace(port: int, requests: Sequence[bytes], rate: float, seconds: float, seed: int) -> Paced:
    """Send one of ``requests`` after the other, ``rate`` of them per second, and wait for the last reply."""
    due = schedule(rate, seconds, seed)
    with _punctual():
        latencies, own, bad = _drive(port, requests, due)
    latencies.sort()
    own.sort()
    return Paced(
        rate=rate,
        sent=len(due),
        bad=bad,
        p50=percentile(latencies, 0.5) * 1e3,
        p99=percentile(latencies, 0.99) * 1e3,
        max=latencies[-1] * 1e3,
        own_delay=percentile(own, 0.99) * 1e3 if own else 0.0,
    )


@contextmanager
def _punctual() -> Generator[None, None, None]:
    """Keep our own pauses out of what is counted as the server's: no garbage collection, and first in the queue for a
    core that PostgreSQL may share. The second needs root; without it the generator's delay shows in the report."""
    gc.collect()
    gc.disable()
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, URGENT)
    try:
        yield
    finally:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, usual)
        gc.enable()


def _drive(port: int, requests: Sequence[bytes], due: Sequence[float]) -> tuple[list[float], list[float], int]:
    clock = time.perf_counter
    latencies: list[float] = []
    own: list[float] = []
    late: deque[float] = deque()
    upcoming = sent = bad = 0
    with Pool(port, CONNECTIONS) as pool:
        start = clock()
        deadline = due[-1] + REPLY_TIMEOUT
        while len(latencies) < len(due) and clock() - start < deadline:
            now = clock() - start
            while upcoming < len(due) and due[upcoming] <= now:
                if pool.idle and not late:
                    own.append(now - due[upcoming])
                late.append(due[upcoming])
                upcoming += 1
            while late and pool.idle:
                pool.send(requests[sent % len(requests)], late.popleft())
                sent += 1
            next_due = due[upcoming] if upcoming < len(due) else deadline
            for connection, status, _ in pool.replies(next_due - (clock() - start)):
                latencies.append(clock() - start - connection.due)
                bad += not 200 <= status < 300
    # What never came back has waited until now, at least.
    missing = len(due) - len(latencies)
    latencies.extend([REPLY_TIMEOUT] * missing)
    return latencies, own, bad + missing
