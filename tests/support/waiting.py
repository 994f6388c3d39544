"""Waiting for something to become true, never for ever."""

import asyncio
import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds after which what has not come is taken to be missing. No test says how fast something is: where a machine is
busy with other things a second's work may well take ten."""


class WaitedTooLongError(AssertionError):
    """The condition did not become true in time."""


def wait_until(condition: Callable[[], object], what: str, within: float = PATIENCE, pause: float = 0.02) -> None:
    """Return once ``condition()`` is truthy; after ``within`` seconds raise, saying what was waited for."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise WaitedTooLongError(f"{what}: not within {within} s")
        time.sleep(pause)


async def eventually(condition: Callable[[], object], what: str, within: float = PATIENCE, pause: float = 0.01) -> None:
    """Do the same as ``wait_until``, and let the event loop run meanwhile."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise WaitedTooLongError(f"{what}: not within {within} s")
        await asyncio.sleep(pause)
