"""Turns of others: who reads many rows on the event loop lets it do what else waits, every few milliseconds."""

from __future__ import annotations

import asyncio
from time import perf_counter

HOLD = 0.001
"""Seconds that rows are read without a pause. What waits (requests, a write that is under way) waits no longer."""


class Turns:
    """The pauses of one import."""

    def __init__(self) -> None:
        self._since = perf_counter()

    @property
    def over(self) -> bool:
        """Whether it is the turn of others: then ``give`` it to them."""
        return perf_counter() - self._since > HOLD

    async def give(self) -> None:
        """Let everything run that is ready."""
        await asyncio.sleep(0)
        self._since = perf_counter()
