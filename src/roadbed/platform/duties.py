"""What one process alone is to do every now and then: thin out old figures, measure tables.

Whoever finds a duty due claims it: the row in ``statistic_duty`` says until when it is somebody's. A process that dies
over it leaves it to the next one. Everything here may run again without harm, and comes in short transactions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec

from roadbed.data.database import Database
from roadbed.kernel.clock import Clock, from_micros, to_micros
from roadbed.platform import statements
from roadbed.platform.reading import FINE, KEPT
from roadbed.platform.statements import EVERYONE

BATCH = timedelta(minutes=10)
"""Rows of that much time are thinned out in one transaction."""

MOST_BATCHES = 300
MOST_DROPPED = 2000
"""Batches of one run, and rows that are dropped in one transaction."""

MOST_ERRORS = 1000
"""Failed requests that are kept."""

_MINUTE = 60_000_000
_PAUSE = 0.02


class Duty(msgspec.Struct, frozen=True):
    """Something that is done about every ``every`` seconds, by one process."""

    name: str
    every: float
    run: Callable[[], Awaitable[object]]


async def attend(database: Database, duties: list[Duty], clock: Clock) -> list[str]:
    """Do what is due and nobody else does; return the names of what was done."""
    done: list[str] = []
    for duty in duties:
        now = clock()
        until = await database.fetch_one(statements.DUE, name=duty.name)
        if until is not None and until.at > now:
            continue
        mine = now + timedelta(seconds=duty.every)
        if await database.fetch_one(statements.CLAIM, name=duty.name, until=mine, now=now) is not None:
            await duty.run()
            done.append(duty.name)
    return done


class Thinning:
    """Keeps figures a day as they are, one row a minute for 30 days, and errors in number."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._reached = from_micros(0)

    async def run(self) -> int:
        """Thin out what is older than a day; return how many rows of figures went."""
        now = self._clock()
        gone = await self._thin(_minute(now - FINE))
        gone += await self._drop(now - KEPT)
        for statement in (statements.DROP_OLD_CACHE, statements.DROP_OLD_WATCH):
            await self._database.execute(statement, until=now - FINE)
        await self._drop_errors(now)
        return gone

    async def _thin(self, end: datetime) -> int:
        gone = 0
        for _ in range(MOST_BATCHES):
            oldest = await self._database.fetch_one(statements.OLDEST_TICK, since=self._reached, everyone=EVERYONE)
            if oldest is None or oldest.at >= end:
                break
            since = _minute(oldest.at)
            until = min(since + BATCH, end)
            async with self._database.transaction() as run:
                await run.execute(statements.THIN, since=since, until=until, everyone=EVERYONE)
                gone += await run.execute(statements.DROP_THINNED, since=since, until=until, everyone=EVERYONE)
            # Nothing finer lies before: the next look begins here, and not thirty days ago.
            self._reached = since
            await asyncio.sleep(_PAUSE)
        return gone

    async def _drop(self, end: datetime) -> int:
        gone = 0
        for _ in range(MOST_BATCHES):
            beyond = await self._database.fetch_one(statements.BEYOND, until=end, count=MOST_DROPPED)
            gone += await self._database.execute(statements.DROP_OLD, until=end if beyond is None else beyond.at)
            if beyond is None:
                break
            await asyncio.sleep(_PAUSE)
        return gone

    async def _drop_errors(self, now: datetime) -> None:
        first = await self._database.fetch_one(statements.FIRST_ERRORS_TO_KEEP, count=MOST_ERRORS - 1)
        if first is not None:
            await self._database.execute(statements.DROP_OLD_ERRORS, id=first.id)
        await self._database.execute(statements.DROP_AGED_ERRORS, until=now - KEPT)


def _minute(instant: datetime) -> datetime:
    return from_micros(to_micros(instant) // _MINUTE * _MINUTE)
