"""Feeds: every write of a kind of row gets a number, in its own transaction, in the order of the commits.

A feed is one row that holds its last number. A write bumps it before it commits, and the row stays locked until then:
whoever comes next waits, so numbers become visible in order, and a watcher that has seen 2 will never meet a 1 that
commits later (without the lock it does). The number is at once the ``version`` of the row that was written (it rises,
and is never used again, also after a delete), the version of everything cached from the feed, and the place of the
change in the log that watchers read. Numbers may be left out: a write that was refused leaves a gap.

Who has committed a change rings ``database.bell`` with the feed's name: that wakes the readers, here and elsewhere.
The log is swept from time to time. The last entry that went stays as a mark (``kind`` is ``swept``), so that whoever
would read on from before it learns that something is missing.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import msgspec

from roadbed.data.database import Database
from roadbed.data.queries import Queries
from roadbed.kernel.clock import Clock, now
from roadbed.kernel.errors import Gone

PAGE = 500
"""Changes that are read at once, at most."""

PAGE_BYTES = 4 * 1024 * 1024
"""Bytes of bodies that are read at once, about: a page ends with the body that passes it."""

LARGE = 64 * 1024
"""Bytes beyond which a body is read on its own."""

SWEPT = "swept"
"""The kind of the mark that sweeping leaves."""

_SWEPT_AT_ONCE = 2000
_MOST_SWEEPS = 500


class Number(msgspec.Struct, frozen=True):
    """The last number of a feed."""

    number: int


class Change(msgspec.Struct, frozen=True):
    """One entry of the log. ``kind`` is ``create``, ``change`` or ``delete``; ``body`` is the row as JSON, as it is
    then (of a delete: as it was last), or None where the log does not keep it."""

    feed: str
    number: int
    key: str
    kind: str
    at: datetime
    body: str | None


class Page(msgspec.Struct, frozen=True):
    """Changes in order. ``head`` was the feed's last number when they were read; ``more``: there are further ones."""

    changes: list[Change]
    head: int
    more: bool

    @property
    def last(self) -> int:
        """The number after which the next page begins."""
        return self.changes[-1].number if self.more else self.head


class _Read(msgspec.Struct, frozen=True):
    """A row of a page: the feed's head, and a change unless there is none."""

    head: int
    number: int | None
    key: str | None
    kind: str | None
    at: datetime | None
    size: int | None
    body: str | None


class _Body(msgspec.Struct, frozen=True):
    body: str | None


class _Feed(msgspec.Struct, frozen=True):
    name: str
    number: int


class _Old(msgspec.Struct, frozen=True):
    number: int
    at: datetime


_sql = Queries("roadbed.data", "changes.sql")

BUMP = _sql.query("bump", Number)
"""Raise a feed (``feed``) by ``count`` and return its new last number; the first of the new ones is
``number - count + 1``. It is one of the first statements of a transaction, so that all lock in the same order."""

RAISE = _sql.statement("raise")
"""Let a feed (``feed``) go on after a ``number``, where it is not that far: those up to it are never given out."""

LOG = _sql.statement("log")
"""Write one ``Change``."""

_HEAD = _sql.query("head", Number)
_PAGE = _sql.query("page", _Read)
_BODY = _sql.query("body", _Body)
_FEEDS = _sql.query("feeds", _Feed)
_OLDEST = _sql.query("oldest", _Old)
_MARK = _sql.statement("mark_swept")
_SWEEP = _sql.statement("sweep")


async def head(database: Database, feed: str) -> int:
    """Return the last number of a feed; 0 for one that nobody has written to."""
    found = await database.fetch_one(_HEAD, feed=feed)
    return 0 if found is None else found.number


async def read(database: Database, feed: str, after: int, limit: int = 0, size: int = 0) -> Page:
    """Return the changes of a feed after a number, in order: at most ``limit``, and about ``size`` bytes of bodies.

    0 stands for ``PAGE`` and ``PAGE_BYTES``.

    Raises:
        Gone: changes after that number were swept already, or the number was never given out (the database was
            restored from a backup): what happened since then cannot be told.
    """
    limit, room = limit or PAGE, size or PAGE_BYTES
    rows = await database.fetch(_PAGE, feed=feed, after=after, limit=limit, large=LARGE)
    top = rows[0].head if rows else 0
    if after > top or (rows and rows[0].kind == SWEPT):
        raise Gone(f"The changes after {after} are not kept any more: read the present state, and watch from there")
    changes: list[Change] = []
    for row in rows:
        if row.number is None or row.key is None or row.kind is None or row.at is None:
            break
        if room < 0:
            return Page(changes, top, more=True)
        body = row.body
        if row.size is not None:
            room -= row.size
            if body is None:
                body = await _large_body(database, feed, row.number)
        changes.append(Change(feed, row.number, row.key, row.kind, row.at, body))
    return Page(changes, top, more=len(changes) == limit)


async def _large_body(database: Database, feed: str, number: int) -> str:
    found = await database.fetch_one(_BODY, feed=feed, number=number)
    if found is None or found.body is None:
        raise Gone("The changes that were asked for have just been swept: read the present state, and watch from there")
    return found.body


async def sweep(database: Database, age: float, count: int, clock: Clock = now) -> int:
    """Delete changes that are older than ``age`` seconds, or not among the last ``count`` numbers of their feed.

    Returns how many went. All of it in short transactions, and at most a million of a feed at a time.
    """
    oldest = clock() - timedelta(seconds=age)
    gone = 0
    for feed in await database.fetch(_FEEDS):
        for _ in range(_MOST_SWEEPS):
            found = await database.fetch(_OLDEST, feed=feed.name, limit=_SWEPT_AT_ONCE)
            old = [row.number for row in found if row.at < oldest or row.number <= feed.number - count]
            if not old:
                break
            async with database.transaction() as run:
                await run.execute(_MARK, feed=feed.name, number=old[-1])
                await run.execute(_SWEEP, feed=feed.name, number=old[-1])
            gone += len(old)
            if len(old) < _SWEPT_AT_ONCE:
                break
            # Writers come in between.
            await asyncio.sleep(0)
    return gone
