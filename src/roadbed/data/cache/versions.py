"""Which number a feed has now: what decides whether something that was kept is fresh.

It is read from the database after the request has come: whoever was told that a write is committed never meets what
was there before. Requests that have come together share one look; on SQLite nobody looks while nothing was committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from secrets import randbits
from typing import Any

from roadbed.data.cache.bodies import Stamp
from roadbed.data.database import Database, Program
from roadbed.data.queries import Queries

EPOCH = ""
"""The feed whose number is the epoch: drawn anew whenever a process with a shared cache starts.

What is kept in Redis was made by this release from this state of the data: after a restore from a backup numbers come
again with other content, and another release may show rows in another way.
"""


_sql = Queries("roadbed.data.cache", "versions.sql")
_NUMBER = _sql.statement("number")
_NUMBERS = _sql.statement("numbers")
_SET_EPOCH = _sql.statement("set_epoch")


class Versions:
    """The numbers of feeds, looked up in flights."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._flight = database.flight(Program("versions", False, _on_sqlite, _on_postgres))
        self._state: int | None = None
        self._is_known = False
        self._known: dict[str, Stamp] = {}
        self._highest: dict[str, int] = {}

    def known(self, feed: str) -> Stamp | None:
        """Return the present stamp of a feed where that can be told at once, without waiting.

        One look serves all who stand in the event loop's queue behind the first who asks: what they were asked had come
        when it was taken. Whoever comes later stands behind ``_forget``.
        """
        if not self._is_known:
            state = self._database.state()
            if state is None:
                return None
            if state != self._state:
                self._state = state
                self._known = {}
            self._is_known = True
            asyncio.get_running_loop().call_soon(self._forget)
        return self._known.get(feed)

    def _forget(self) -> None:
        self._is_known = False

    async def read(self, feed: str) -> Stamp:
        """Return the present stamp of a feed. Call ``known`` first."""
        known = self._known
        stamp = await self._flight.join(feed)
        if stamp.number < self._highest.get(feed, 0):
            # The database was set back beneath us: numbers will come again.
            await self.renew()
            self._highest.clear()
            stamp = await self._flight.join(feed)
        self._highest[feed] = stamp.number
        # Of the state that was there before the look: where another came meanwhile this dict is no longer asked.
        known[feed] = stamp
        return stamp

    async def renew(self) -> None:
        """Draw a new epoch: nothing that was kept before is used again, by any process."""
        await self._database.execute(_SET_EPOCH, number=randbits(62))


def _stamps(items: Sequence[str], numbers: dict[str, int]) -> list[Stamp]:
    epoch = numbers.get(EPOCH, 0)
    return [Stamp(numbers.get(feed, 0), epoch) for feed in items]


def _on_sqlite(run: Any, items: list[str]) -> list[Stamp]:
    numbers: dict[str, int] = {}
    for name in {*items, EPOCH}:
        for (number,) in run.rows(_NUMBER, (name,)):
            numbers[name] = number
    return _stamps(items, numbers)


async def _on_postgres(connection: Any, items: list[str]) -> list[Stamp]:
    rows = await connection.fetch(_NUMBERS.text("postgres"), [*set(items), EPOCH])
    return _stamps(items, {row["name"]: row["number"] for row in rows})
