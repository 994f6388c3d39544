"""Transactions that lost a race: PostgreSQL undid them as a whole, and the same may go through now."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from roadbed.data.joining import open_transaction
from roadbed.kernel.errors import Unavailable

R = TypeVar("R")

MOST_TRIES = 6

CONTENTION = ("40P01", "40001")
"""SQLSTATEs of a deadlock and of a serialization failure: all is undone, and the same may succeed now."""

_FIRST_PAUSE = 0.002


async def until_through(attempt: Callable[[], Awaitable[R]]) -> R:
    """Run a transaction, again after a deadlock or a serialization failure, ``MOST_TRIES`` times in all.

    Raises:
        Unavailable: others kept getting in the way; nothing was written.
    """
    if open_transaction() is not None:
        # It is part of a larger one: whoever opened that tries it again as a whole.
        return await attempt()
    pause = _FIRST_PAUSE
    for _ in range(MOST_TRIES - 1):
        try:
            return await attempt()
        except Unavailable as error:
            if getattr(error.__cause__, "sqlstate", None) not in CONTENTION:
                raise
        await asyncio.sleep(pause * random.random())  # noqa: S311  no secret, but two that met should part
        pause *= 2
    return await attempt()
