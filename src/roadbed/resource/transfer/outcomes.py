"""What becomes of the rows of an import: counts, rows that are left out, the end of a dry run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from roadbed.kernel.errors import Refused
from roadbed.resource.steps import Steps, drive_async
from roadbed.resource.store import Store
from roadbed.resource.transfer.lines import shown
from roadbed.resource.transfer.records import Record
from roadbed.resource.transfer.rejects import Bad
from roadbed.resource.transfer.rows import Row

CHUNK = 250
"""Rows that are looked up, and then written, at once: a queue of requests has room for them, and for others' too."""


class Counts(msgspec.Struct):
    """What became of rows."""

    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0

    @property
    def rows(self) -> int:
        """All rows."""
        return self.inserted + self.changed + self.unchanged + self.rejected


class _UndoneError(Exception):
    """Ends the transaction of a dry run."""


async def undone(store: Store, steps: Callable[[], Steps]) -> Any:
    """Run the steps of one write, undo them, and return what they returned."""
    told: Any = None
    with suppress(_UndoneError):
        async with store.database.transaction() as run:
            told = await drive_async(run, steps())
            raise _UndoneError
    return told


def left_out(row: Record | Row, refusal: Refused) -> Bad:
    """Return a row that is refused, with the reason."""
    return Bad(row.line, refusal.detail, shown(row.text))
