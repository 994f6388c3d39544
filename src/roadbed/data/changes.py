"""Feeds: every write of a kind of row gets a number, in its own transaction, in the order of the commits.

A feed is one row that holds its last number. A write bumps it before it commits, and the row stays locked until then:
whoever comes next waits, so numbers become visible in order, and a watcher that has seen 2 will never meet a 1 that
commits later (without the lock it does). The number is at once the ``version`` of the row that was written (it rises,
and is never used again, also after a delete), the version of everything cached from the feed, and the place of the
change in the log that watchers read. Numbers may be left out: a write that was refused leaves a gap.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from roadbed.data.queries import Queries


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


_sql = Queries("roadbed.data", "changes.sql")

BUMP = _sql.query("bump", Number)
"""Raise a feed (``feed``) by ``count`` and return its new last number; the first of the new ones is
``number - count + 1``. It is one of the first statements of a transaction, so that all lock in the same order."""

LOG = _sql.statement("log")
"""Write one ``Change``."""
