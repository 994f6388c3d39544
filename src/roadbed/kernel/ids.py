"""Identifiers: UUIDv7 made in the application, read strictly."""

from __future__ import annotations

import os
import random
import re
import threading
import time
from uuid import UUID

_CANONICAL = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\Z")


class Uuid7:
    """A source of UUIDv7 (RFC 9562 section 5.7) that only rises within one process.

    48 bits of Unix time in milliseconds, 12 bits of the fraction of that millisecond (method 3 of section 6.2),
    62 random bits. When the clock stands still or goes back, the 60 bits of time count on by one.
    """

    def __init__(self) -> None:
        self._last = 0
        self._reseed()
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._reseed)

    def _reseed(self) -> None:
        # Unique, not secret: an id gives nobody a right.
        self._random = random.Random(os.urandom(32)).getrandbits  # noqa: S311

    def __call__(self) -> UUID:
        """Return the next identifier."""
        nanoseconds = time.time_ns()
        milliseconds, rest = divmod(nanoseconds, 1_000_000)
        stamp = milliseconds << 12 | rest * 4096 // 1_000_000
        with self._lock:
            if stamp <= self._last:
                stamp = self._last + 1
            self._last = stamp
        return UUID(int=stamp >> 12 << 80 | 7 << 76 | (stamp & 0xFFF) << 64 | 2 << 62 | self._random(62))


new_id = Uuid7()
"""Return a new UUIDv7, greater than every earlier one of this process."""


def parse_uuid(text: str) -> UUID:
    """Read a UUID in its canonical form of 36 characters (RFC 9562 section 4), in either case.

    Raises:
        ValueError: anything else, also the forms with braces, ``urn:uuid:`` or no hyphens.
    """
    if _CANONICAL.match(text) is None:
        raise ValueError("not a UUID: 8-4-4-4-12 hexadecimal digits are expected")
    return UUID(text)
