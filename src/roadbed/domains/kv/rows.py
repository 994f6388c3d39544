"""Rows as they come from the tables, and how each is shown."""

from __future__ import annotations

from datetime import datetime

import msgspec

from roadbed.data.changes import Change
from roadbed.domains.kv.model import Entry, Revision, Touched
from roadbed.kernel.clock import Clock

_encode = msgspec.json.Encoder().encode
_STAYS = '"expires_at":null}'
"""How the text of an entry ends that does not expire."""


class Limit(msgspec.Struct, frozen=True):
    """Of an entry's text, when it expires."""

    expires_at: datetime


_limit_of = msgspec.json.Decoder(Limit).decode


class Held(msgspec.Struct, frozen=True):
    """A key as it is."""

    key: str
    value: str
    version: int
    updated_at: datetime
    expires_at: datetime | None

    def entry(self) -> Entry:
        """Return it as it is shown."""
        return Entry(self.key, msgspec.Raw(self.value), self.version, self.updated_at, self.expires_at)


class HeldAt(msgspec.Struct, frozen=True):
    """A key as it was at a version: without a value where that deleted it; ``gone`` where its time is over."""

    key: str
    value: str | None
    version: int
    updated_at: datetime
    expires_at: datetime | None
    gone: bool

    def entry(self) -> Entry | None:
        """Return it as it is shown, None for a deletion."""
        if self.value is None:
            return None
        return Entry(self.key, msgspec.Raw(self.value), self.version, self.updated_at, self.expires_at)


class Listed(msgspec.Struct, frozen=True):
    """A key in a list; ``found`` counts the rows of the page before it was cut for its bytes."""

    key: str
    value: str
    version: int
    updated_at: datetime
    expires_at: datetime | None
    found: int

    def entry(self) -> Entry:
        """Return it as it is shown."""
        return Entry(self.key, msgspec.Raw(self.value), self.version, self.updated_at, self.expires_at)


class Past(msgspec.Struct, frozen=True):
    """A key in its history, without a value where it was deleted or has expired; ``found`` as in a list."""

    version: int
    updated_at: datetime
    expires_at: datetime | None
    deleted: bool
    value: str | None
    found: int

    def revision(self, key: str) -> Revision:
        """Return it as it is shown."""
        value = msgspec.UNSET if self.value is None else msgspec.Raw(self.value)
        return Revision(key, self.version, self.updated_at, self.expires_at, self.deleted, value)


class Total(msgspec.Struct, frozen=True):
    """A count of rows."""

    total: int


def told(clock: Clock, change: Change) -> bytes:
    """Return what watchers are told of a change: the entry as JSON, without its value where that is not shown."""
    body = change.body
    if body is None or not (body.endswith(_STAYS) or _limit_of(body).expires_at > clock()):
        return _encode(Touched(change.key, change.number, change.at, change.kind == "delete"))
    return body.encode()
