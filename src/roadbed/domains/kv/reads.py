"""What can be asked of the store. What is past its ``expires_at`` is not there, whoever asks."""

from __future__ import annotations

from datetime import datetime

import msgspec

from roadbed.data.database import Database
from roadbed.data.listing import Listing
from roadbed.data.queries import Queries
from roadbed.domains.kv.lookups import Found, TooLong, lookup
from roadbed.domains.kv.model import MAX_KEY, Entry, Revision
from roadbed.domains.kv.rows import Held, HeldAt, Listed, Past, Total
from roadbed.domains.kv.writes import MISSING, refusal
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import NotFound

PAGE_BYTES = 4 * 1024 * 1024
"""Bytes of values after which a page ends, whatever its limit."""

_LAST_VERSION = 2**63 - 1
_LAST = chr(0x10FFFF)
_AFTER_IT = "\x01"
"""No key has control characters: between a key and the same with this behind it there is no other."""

_sql = Queries(__package__ or "")
_ENTRY = _sql.query("entry", Held)
_ENTRY_AT = _sql.query("entry_at", HeldAt)
_LIST = _sql.query("list_entries", Listed)
_COUNT = _sql.query("count_entries", Total)
_REVISIONS = _sql.query("list_revisions", Past)
_COUNT_REVISIONS = _sql.query("count_revisions", Total)


class KeyCursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a page of keys ended."""

    key: str


class VersionCursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a page of revisions ended."""

    version: int


def bounds(prefix: str) -> tuple[str, str]:
    """Return the first text that has a prefix, and the first after all that have it, in the order of code points."""
    stem = prefix.rstrip(_LAST)
    if not stem:
        return prefix, _LAST * (MAX_KEY + 1)
    # No text of UTF-8 holds a surrogate.
    following = ord(stem[-1]) + 1
    return prefix, stem[:-1] + chr(0xE000 if following == 0xD800 else following)


class Reads:
    """The reading half of the store.

    ``clock`` says what has expired on SQLite. On PostgreSQL the server's own clock does: the one that all processes
    share.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._entries = database.flight(lookup(clock))

    async def get(self, key: str) -> Entry:
        """Return what is stored under a key.

        Raises:
            NotFound: nothing is.
        """
        found: Found = await self._entries.join(key)
        if isinstance(found, TooLong):
            held = await self._database.fetch_one(_ENTRY, key=key, now=self._now())
            found = None if held is None else held.entry()
        if found is None:
            raise refusal(MISSING, key)
        return found

    async def get_at(self, key: str, version: int) -> Entry:
        """Return what was stored under a key when it got a version.

        Raises:
            NotFound: it never had this version, was deleted by it, or the value's time is over.
        """
        held = await self._database.fetch_one(_ENTRY_AT, key=key, version=version, now=self._now())
        entry = None if held is None or held.gone else held.entry()
        if entry is None:
            raise NotFound(f"There is no version {version} of the key {key!r}")
        return entry

    async def list_entries(
        self, limit: int, after: KeyCursor | None = None, prefix: str = "", total: bool = False
    ) -> Listing[Entry]:
        """Return entries by key, in the order of code points. A page ends early where its values are long."""
        first, upper = bounds(prefix)
        lower = first if after is None else max(first, after.key + _AFTER_IT)
        now = self._now()
        rows = await self._database.fetch(_LIST, lower=lower, upper=upper, now=now, limit=limit + 1, bytes=PAGE_BYTES)
        count = await self._database.fetch_one(_COUNT, lower=first, upper=upper, now=now) if total else None
        more = bool(rows) and rows[0].found > min(len(rows), limit)
        items = [row.entry() for row in rows[:limit]]
        return Listing(items, KeyCursor(items[-1].key) if more else None, None if count is None else count.total)

    async def history(
        self, key: str, limit: int, after: VersionCursor | None = None, total: bool = False
    ) -> Listing[Revision]:
        """Return all that a key has been, newest first.

        Raises:
            NotFound: there never was such a key.
        """
        before = _LAST_VERSION if after is None else after.version
        rows = await self._database.fetch(
            _REVISIONS, key=key, before=before, now=self._now(), limit=limit + 1, bytes=PAGE_BYTES
        )
        if not rows and after is None:
            raise NotFound(f"There never was a key {key!r}")
        count = await self._database.fetch_one(_COUNT_REVISIONS, key=key) if total else None
        more = bool(rows) and rows[0].found > min(len(rows), limit)
        items = [row.revision(key) for row in rows[:limit]]
        cursor = VersionCursor(items[-1].version) if more else None
        return Listing(items, cursor, None if count is None else count.total)

    async def _recall(self, key: str, version: int) -> Entry | None:
        """Return an entry as a write left it, also where its time is over; None for a deletion."""
        held = await self._database.fetch_one(_ENTRY_AT, key=key, version=version, now=self._now())
        return None if held is None else held.entry()

    def _now(self) -> datetime | None:
        return self._clock() if self._database.dialect == "sqlite" else None
