"""Bodies of replies in this process: the ones used last, bounded in number and in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import msgspec

Key = tuple[object, ...]

OVERHEAD = 512
"""Bytes that an entry takes beside its body, about."""


class Stamp(msgspec.Struct, frozen=True):
    """The number of a feed, and the epoch of the database: what is kept under another one is not looked at."""

    number: int
    epoch: int


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One reply. ``version`` is its ``ETag``'s, ``fields`` are its own header fields."""

    body: bytes
    version: int | None
    media_type: bytes
    fields: list[tuple[bytes, bytes]]

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return len(self.body) + OVERHEAD


class Bodies:
    """Belongs to the thread of the event loop."""

    def __init__(self, entries: int, size: int) -> None:
        self._entries = entries
        self._most = size
        self._kept: OrderedDict[Key, tuple[Stamp, Kept]] = OrderedDict()
        self._epoch = 0
        self.size = 0

    def get(self, key: Key, stamp: Stamp) -> Kept | None:
        """Return what was kept under exactly this stamp."""
        found = self._kept.get(key)
        if found is None or found[0] != stamp:
            return None
        self._kept.move_to_end(key)
        return found[1]

    def put(self, key: Key, stamp: Stamp, kept: Kept) -> bool:
        """Keep a reply, in the place of an earlier one; return whether there is room for it at all."""
        if kept.size > self._most // 4:
            return False
        if stamp.epoch != self._epoch:
            # What was kept in another epoch is never asked for again: somebody has cleared the cache of all processes.
            self.clear()
            self._epoch = stamp.epoch
        self._drop(key)
        self._kept[key] = (stamp, kept)
        self.size += kept.size
        while len(self._kept) > self._entries or self.size > self._most:
            self._drop(next(iter(self._kept)))
        return True

    def _drop(self, key: Key) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self.size -= found[1].size

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self.size = 0

    def gauges(self) -> Mapping[str, float]:
        """Return how many there are, and their bytes."""
        return {"cache_entries": float(len(self._kept)), "cache_bytes": float(self.size)}
