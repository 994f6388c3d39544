"""Imports one file or body into one resource: rows are written while the next ones are read.

How they are written is a manner of its own: ``merging`` (by the rules of every other write, so that to write them again
changes nothing) or ``restoring`` (as they were). Each row stands for itself: one that is refused stops no other, and
what is written stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from roadbed.kernel.errors import Invalid
from roadbed.resource.store import Store
from roadbed.resource.transfer.merging import Merging
from roadbed.resource.transfer.outcomes import CHUNK, Counts, left_out
from roadbed.resource.transfer.records import Reader, Record
from roadbed.resource.transfer.rejects import Bad
from roadbed.resource.transfer.restoring import Restoring
from roadbed.resource.transfer.rows import Columns, Row, Rows
from roadbed.resource.transfer.turns import Turns

GROUP = 1000
"""Rows that are created at once."""


class Importer:
    """Imports one file or body into one resource. At the end of a ``with`` block nothing is still being written.

    ``dry``: every row is tried, and undone. ``restore_as``: rows come back as they were; this is who did that.
    """

    def __init__(
        self, store: Store, *, columns: Columns | None = None, dry: bool = False, restore_as: str = ""
    ) -> None:
        self.counts = Counts()
        self._columns = columns or Columns(store.unit, whole=bool(restore_as))
        self._rows = Rows(store.unit, self._columns)
        self._turns = Turns()
        self._manner = (
            Restoring(store, self.counts, restore_as, dry=dry)
            if restore_as
            else Merging(store, self.counts, self._turns, dry=dry)
        )
        self._checked = False
        self._pending: asyncio.Task[list[Bad]] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pending, self._pending = self._pending, None
        if pending is None:
            return
        if error is not None and not isinstance(error, Exception):
            pending.cancel()
        # What broke the import off is what is told; nothing is still being written then.
        await asyncio.wait([pending])
        if not pending.cancelled():
            pending.exception()

    async def take(self, records: Sequence[Record | Bad], reader: Reader) -> list[Bad]:
        """Take some rows; they are written while the next ones are read.

        Returns what is left out of the rows before them, in order: ``finish`` returns the last of it.

        Raises:
            Invalid: the file has columns that the resource does not know; nothing was written.
            Unavailable: and its kinds. What was written stays, and counts as unchanged when it comes again.
        """
        names = reader.names or ()
        if not self._checked:
            self._columns.check(names)
            self._checked = True
        told: list[Bad] = []
        bad: list[Bad] = []
        chunk: dict[Any, Row] = {}
        for record in records:
            if self._turns.over:
                await self._turns.give()
            if isinstance(record, Bad):
                bad.append(record)
                continue
            try:
                row = self._rows.read(record, names)
            except Invalid as invalid:
                bad.append(left_out(record, invalid))
                continue
            if row.key in chunk or len(chunk) == GROUP:
                # A key that comes again meets what the row before it wrote.
                told += await self._hand_over(list(chunk.values()), bad)
                chunk, bad = {}, []
            chunk[row.key] = row
        return told + await self._hand_over(list(chunk.values()), bad)

    async def finish(self) -> list[Bad]:
        """Wait until everything is written; return what is left out of it. Raises as ``take`` does."""
        told = await self._written()
        late = await self._manner.late()
        self.counts.rejected += len(late)
        return told + late

    async def _written(self) -> list[Bad]:
        pending, self._pending = self._pending, None
        return [] if pending is None else await pending

    async def _hand_over(self, rows: list[Row], bad: list[Bad]) -> list[Bad]:
        """Begin to write rows, once those before them are written; return what is left out of those."""
        together, rest = await self._manner.gather(rows)
        told = await self._written()
        self._pending = asyncio.ensure_future(self._write(rows, together, rest, bad))
        await self._manner.asked(self._pending)
        return told

    async def _write(self, rows: list[Row], together: Any, rest: list[Row], bad: list[Bad]) -> list[Bad]:
        """Write rows of different keys in their order: a row may refer to those before it."""
        if together is not None and await self._manner.write_together(together):
            rows = rest
        for start in range(0, len(rows), CHUNK):
            bad += await self._manner.write_each(rows[start : start + CHUNK])
        self.counts.rejected += len(bad)
        return sorted(bad, key=lambda each: each.line)
