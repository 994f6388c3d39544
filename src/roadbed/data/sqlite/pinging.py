"""Is the file there to be read and written? Asked of a reader thread and of the writer, within a second.

Without reads the service cannot do its work. Writes that wait for another program, which holds the write lock, are
another matter: as long as none was refused all is well; once they are, reads go on, and the answer is not vital. A
balancer that turned away from such a process would take the reads too, and every other process waits for the same lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter

from roadbed.data.database import Health
from roadbed.data.sqlite.errors import kind_of
from roadbed.kernel.errors import Overloaded, RoadbedError

PATIENCE = 1.0
"""Seconds in which both have to answer."""


async def ping(
    read: Callable[[], Awaitable[object]],
    write: Callable[[], Awaitable[object]],
    locked_out: Callable[[], float],
    bound: float,
) -> Health:
    """Ask both. ``locked_out`` tells for how many seconds others have kept the writer from its lock; from ``bound``
    seconds on, writes are refused."""
    began = perf_counter()
    deadline = asyncio.get_running_loop().time() + PATIENCE
    unread, unwritten = await asyncio.gather(_tried(read, deadline), _tried(write, deadline))
    held = locked_out() if unwritten is not None and _may_be_the_lock(unwritten) else 0.0
    latency = perf_counter() - began
    if unread or not held:
        # Where neither works the writer knows more: it looks after the files.
        failure = unwritten or unread
        return Health(failure is None, latency, "" if failure is None else _words(failure))
    if held < bound:
        return Health(True, latency)
    words = f"another program has held the write lock for {held:.0f} s: reads go on, writes are refused"
    return Health(False, latency, words, vital=False)


async def _tried(ask: Callable[[], Awaitable[object]], deadline: float) -> TimeoutError | RoadbedError | None:
    """Return why there was no answer; None where there was one."""
    try:
        async with asyncio.timeout_at(deadline):
            await ask()
    except (TimeoutError, RoadbedError) as error:
        return error
    return None


def _may_be_the_lock(error: TimeoutError | RoadbedError) -> bool:
    """Tell whether waiting for the write lock ends like this; a disk that fails does not.

    The queue of the writer is full where others wait for the same lock before us.
    """
    if isinstance(error, (TimeoutError, Overloaded)):
        return True
    cause = error.__cause__
    return kind_of(error) == "busy" or (cause is not None and kind_of(cause) == "busy")


def _words(error: TimeoutError | RoadbedError) -> str:
    return error.detail if isinstance(error, RoadbedError) else f"no answer within {PATIENCE:g} s"
