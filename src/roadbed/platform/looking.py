"""What domains tell in figures is read from the database by one process at a time, for the metrics of all.

Whoever finds a look due claims its row in ``statistic_figure``, asks, and writes down what it found; the others read
that row a little later. So every process tells the same, at whatever scrape, and no request waits for any of it.

What it costs is bounded: a statement ends after ``statement_timeout``, holds one reader, and is asked again only when a
hundred times as long has passed as it took. A table that grows makes its figures older, and nothing slower.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import msgspec

from roadbed.data.database import Database
from roadbed.kernel.clock import EPOCH, Clock
from roadbed.kernel.errors import Unavailable
from roadbed.kernel.events import Events, Notice
from roadbed.platform import statements
from roadbed.platform.statements import FigureRow
from roadbed.resource.figures import Look
from roadbed.runtime.counters import MOST_SERIES
from roadbed.runtime.jobs import Job
from roadbed.runtime.measures import LOOK_TIMESTAMP, Sample

PAUSES = 100
"""A look that took a second is not due again for so many seconds."""

_CLAIM = timedelta(seconds=5)
"""How long a look is somebody's beyond its statement's timeout: a process that dies over it leaves it to the next."""

_SOONEST, _LATEST = 0.25, 15.0
"""Seconds between two moments at which a process sees what is due, and what others have found."""

Found = tuple[str, tuple[str, ...], float]
"""The name of a metric, the values of its labels, the number."""

_decode = msgspec.json.Decoder(list[Found]).decode
_encode = msgspec.json.Encoder().encode


class Looking:
    """Looks for one process. ``every`` and ``timeout``, that of a statement, are in seconds."""

    def __init__(
        self, database: Database, looks: Iterable[Look], every: float, timeout: float, clock: Clock, events: Events
    ) -> None:
        self._database = database
        self._looks = {look.name: look for look in looks}
        self._every = every
        self._timeout = timedelta(seconds=timeout) + _CLAIM
        self._clock = clock
        self._events = events
        self._begun = False
        self._known: dict[str, tuple[datetime, Sequence[Found]]] = {}
        self._measures = {gauge.name: gauge.measure for look in self._looks.values() for gauge in look.gauges}

    def job(self) -> Job:
        """Return what is to be done every now and then."""
        every = min(max(self._every / 4, _SOONEST), _LATEST)
        longest = len(self._looks) * self._timeout.total_seconds()
        return Job("look at figures", every, max(longest, 1.0), self.run, lambda: self._pause(every))

    def _pause(self, every: float) -> float:
        """Return the seconds until the next time; the first one comes at once.

        A scrape asks one worker, which shows what it knows itself: one that has taken the place of another would leave
        a gap until it had read what the others found long ago.
        """
        if not self._begun:
            self._begun = True
            return 0.0
        return every * random.uniform(0.9, 1.1)  # noqa: S311 - workers that start together are to part

    async def run(self) -> list[str]:
        """Take in what others found, and look at what is due; return the names of that."""
        done: list[str] = []
        # Of a database that is away the engine has told: the next time comes soon.
        with suppress(Unavailable):
            rows = {row.name: row for row in await self._database.fetch(statements.FIGURES)}
            for look in self._looks.values():
                row = rows.get(look.name)
                if row is not None:
                    self._take_in(row)
                if (row is None or row.until <= self._clock()) and await self._claim(look):
                    await self._look(look)
                    done.append(look.name)
        return done

    def samples(self) -> Iterator[Sample]:
        """Yield what is known now."""
        for name, (at, found) in self._known.items():
            yield Sample(LOOK_TIMESTAMP, (name,), at.timestamp())
            for metric, labels, number in found:
                # Another release may have written a metric that this one does not have.
                if metric in self._measures:
                    yield Sample(self._measures[metric], labels, number)

    def _take_in(self, row: FigureRow) -> None:
        known = self._known.get(row.name)
        if row.at > EPOCH and (known is None or known[0] != row.at):
            self._known[row.name] = (row.at, _decode(row.samples))

    async def _claim(self, look: Look) -> bool:
        now = self._clock()
        until = now + self._timeout
        mine = await self._database.fetch_one(
            statements.CLAIM_FIGURE, name=look.name, never=EPOCH, until=until, now=now
        )
        return mine is not None

    async def _look(self, look: Look) -> None:
        at, begin = self._clock(), monotonic()
        arguments = {"now": at} if "now" in look.query.parameters else {}
        try:
            found = list(samples_of(look, await self._database.fetch(look.query, **arguments)))
        except Exception as error:  # noqa: BLE001 - a stranger's statement: the other looks go on
            fields = {"look": look.name, "error": f"{type(error).__name__}: {error}".split("\n", 1)[0]}
            self._events.emit(Notice("warning", "Figures could not be read", fields))
            await self._database.execute(statements.PUT_OFF_FIGURE, name=look.name, until=self._next(begin))
            return
        if len(found) > MOST_SERIES * len(look.gauges):
            self._events.emit(Notice("warning", "Figures of too many series", {"look": look.name, "found": len(found)}))
            found = found[: MOST_SERIES * len(look.gauges)]
        await self._database.execute(
            statements.WRITE_FIGURE, name=look.name, samples=_encode(found).decode(), at=at, until=self._next(begin)
        )
        self._known[look.name] = (at, found)

    def _next(self, begin: float) -> datetime:
        pause = max(self._every, PAUSES * (monotonic() - begin))
        return self._clock() + timedelta(seconds=pause)


def samples_of(look: Look, rows: Iterable[Any]) -> Iterator[Found]:
    """Yield what rows tell: of null, and of what is no number, nothing."""
    for row in rows:
        for gauge in look.gauges:
            number = as_number(getattr(row, gauge.column))
            if number is not None:
                yield gauge.name, tuple(str(getattr(row, label)) for label in gauge.labels), number


def as_number(value: Any) -> float | None:
    """Return a value as Prometheus has it: a time in seconds since 1970."""
    number = value.timestamp() if isinstance(value, datetime) else value
    return None if number is None or not math.isfinite(number) else float(number)
