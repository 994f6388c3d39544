"""Batches of measurements into the database: unknown signals left out, the later write winning, all of it counted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import msgspec

from roadbed.data.bulk import BulkTable, Merged
from roadbed.data.database import Database
from roadbed.domains.telemetry.rows import Batch
from roadbed.resource.transfer.rejects import Bad

TABLE = BulkTable("telemetry_measurement", (("signal_id", "integer"), ("at", "instant"), ("value", "real")), key=2)

_NOTHING = Merged(0, 0, 0)
_MOST_REMEMBERED = 1_000_000

Find = Callable[[Iterable[int]], Awaitable[set[int]]]
"""Returns those of some signals that exist."""


class Counts(msgspec.Struct):
    """What became of rows so far; ``Ingested`` says what the figures mean."""

    inserted: int = 0
    replaced: int = 0
    unchanged: int = 0
    rejected: int = 0

    @property
    def rows(self) -> int:
        """All rows so far."""
        return self.inserted + self.replaced + self.unchanged + self.rejected

    def add(self, merged: Merged, rows: int, rejected: int) -> Counts:
        """Add what became of a batch of so many rows, those that were left out apart; return that alone."""
        # Of several rows with one key the last is written; the others change nothing.
        unchanged = rows - merged.inserted - merged.changed
        self.inserted += merged.inserted
        self.replaced += merged.changed
        self.unchanged += unchanged
        self.rejected += rejected
        return Counts(merged.inserted, merged.changed, unchanged, rejected)


class Known:
    """Signals that exist. They are permanent: who is known stays so."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._known: set[int] = set()

    def add(self, signals: Iterable[int]) -> None:
        """Take signals for known."""
        self._known.update(signals)

    async def unknown(self, signals: Iterable[int]) -> set[int]:
        """Return those of some signals that do not exist."""
        new = set(signals) - self._known
        if not new:
            return new
        found = await self._find(new)
        if len(self._known) + len(found) > _MOST_REMEMBERED:
            self._known.clear()
        self._known |= found
        return new - found


class Writer:
    """Writes batches, each in a transaction of its own. ``told`` hears what became of each that is committed."""

    def __init__(self, database: Database, known: Known, told: Callable[[Counts], None] | None = None) -> None:
        self._database = database
        self._known = known
        self._told = told

    async def unknown(self, signals: Iterable[int]) -> set[int]:
        """Return those of some signals that do not exist."""
        return await self._known.unknown(signals)

    async def write(self, batch: Batch, counts: Counts, *, dry: bool = False) -> list[Bad]:
        """Write a batch and add to the counts; return the rows that were left out.

        ``dry`` writes nothing, and counts what would be looked at as ``unchanged``.

        Raises:
            Unavailable: and its kinds. Nothing of this batch is written then, or its outcome is unknown; to write it
                again does no harm.
        """
        unknown = await self.unknown(batch.signals)
        if unknown:
            batch = batch.without(unknown)
        rows, rejected = len(batch.signals), len(batch.bad)

        def ended(merged: Merged) -> None:
            # When it is committed: the client of an ingest may have left meanwhile, and its rows came in all the same.
            became = counts.add(merged, rows, rejected)
            if self._told is not None:
                self._told(became)

        if dry:
            counts.add(_NOTHING, rows, rejected)
        elif rows:
            await self._database.merge(TABLE, (batch.signals, batch.instants, batch.values), ended)
        else:
            ended(_NOTHING)
        return batch.bad
