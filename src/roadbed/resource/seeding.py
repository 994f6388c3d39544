"""What ``roadbed seed`` asks of a domain: a small believable set of data, from the domain's file ``seeds.py``.

That file has an ``async def seed(seeding: Seeding) -> list[Seeded]``. It writes the same every time it is called, so
that a second call finds everything there and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from roadbed.data.database import Database
from roadbed.kernel.clock import Clock

Watch = Callable[[Path, int, int, int], None]
"""Is told how far a file has come: bytes done, bytes in all, rows done."""


class Seeding(msgspec.Struct, frozen=True):
    """What a domain gets: an open database, a clock, a folder for files that it may want to import, and who watches."""

    database: Database
    clock: Clock
    folder: Path
    watch: Watch


class Seeded(msgspec.Struct, frozen=True):
    """How many rows of one kind are new, and how many were there."""

    what: str
    new: int
    there: int
