"""Rows of an export as they were: an operator's act, on rows that are not there (``resource.restores``).

A row that is there is compared and never changed: it may have gone on since, and only by what its status allows.
"""

from __future__ import annotations

import asyncio
from typing import Any

from roadbed.data.changes import head
from roadbed.http.parameters import REQUIRED
from roadbed.kernel.errors import Conflict, Fault, Invalid, Refused
from roadbed.resource.fields import MANAGED
from roadbed.resource.restores import Counted, Restores
from roadbed.resource.store import Store
from roadbed.resource.transfer.outcomes import CHUNK, Counts, left_out, undone
from roadbed.resource.transfer.rejects import Bad
from roadbed.resource.transfer.rows import Row
from roadbed.resource.writes import Asked

MOST_LATE = 100_000
"""Rows that wait for one of their own resource that comes later in the file."""


class Restoring:
    """Writes the rows of one export back, and counts them. ``actor``: who their history says has done that."""

    def __init__(self, store: Store, counts: Counts, actor: str, *, dry: bool = False) -> None:
        self.counts = counts
        self._store = store
        self._actor = actor
        self._dry = dry
        self._restores = Restores(store.unit)
        self._counted: Counted | None = None
        self._among_themselves = [field.name for field, parent in store.plan.parents if parent is store.plan]
        self._late: list[Row] = []
        fields = [field for field in store.plan.stored if field.secret is None and not field.key]
        self._defaults = {field.name: field.default for field in fields if field.default is not REQUIRED}
        self._needed = [field.name for field in fields if field.default is REQUIRED and not field.optional]

    async def gather(self, rows: list[Row]) -> tuple[list[Any] | None, list[Row]]:
        """Return those rows that may be written at once, and the others."""
        ready: list[Any] = []
        rest: list[Row] = []
        for row in [] if self._dry else rows:
            try:
                ready.append(self._row(row))
            except Refused:
                rest.append(row)
        return (ready, rest) if ready and not (rest and self._among_themselves) else (None, rows)

    async def asked(self, writing: asyncio.Task[Any]) -> None:
        """Return at once: rows are not read ahead of what is written."""

    async def write_together(self, together: list[Any]) -> bool:
        """Write rows, unless anything is in the way of one; tell whether that was done."""
        asked, counted = self._asked(), await self._so_far()
        try:
            done = await self._store.write(lambda: self._restores.many(together, asked, counted), many=True)
        except Refused:
            return False
        self._counted = done.row
        self.counts.inserted += len(together)
        return True

    async def write_each(self, rows: list[Row]) -> list[Bad]:
        """Write rows one by one; return those that are left out."""
        found = await asyncio.gather(*[self._store.find(row.key) for row in rows])
        bad: list[Bad] = []
        for row, present in zip(rows, found, strict=True):
            try:
                await self._one(row, present)
            except Refused as refusal:
                if present is None and self._waits(row) and len(self._late) < MOST_LATE:
                    self._late.append(row)
                else:
                    bad.append(left_out(row, refusal))
        return bad

    async def late(self) -> list[Bad]:
        """Write the rows that refer to later ones of the file, in as many rounds as it takes; return what is left."""
        bad: list[Bad] = []
        while self._late:
            # The other way round: of rows that refer to later ones, the last is the first that can be written.
            rows, self._late = self._late[::-1], []
            before = self.counts.inserted
            for start in range(0, len(rows), CHUNK):
                bad += await self.write_each(rows[start : start + CHUNK])
            if self.counts.inserted == before:
                waiting, self._late = self._late, []
                missing = f"/{self._among_themselves[0]}: The row that it refers to is missing, or refers to it in turn"
                bad += [left_out(row, Conflict(missing, "reference")) for row in waiting]
        return sorted(bad, key=lambda each: each.line)

    def _waits(self, row: Row) -> bool:
        return any(row.values.get(name) is not None for name in self._among_themselves)

    async def _one(self, row: Row, present: Any) -> None:
        if present is not None:
            self._compare(row, present)
            self.counts.unchanged += 1
            return
        made, asked, counted = self._row(row), self._asked(), await self._so_far()
        if self._dry:
            await undone(self._store, lambda: self._restores.one(made, asked, counted))
        else:
            done = await self._store.write(lambda: self._restores.one(made, asked, counted), many=True)
            self._counted = done.row
        self.counts.inserted += 1

    def _row(self, row: Row) -> Any:
        missing = [Fault(f"/{name}", "A row that is restored needs this field") for name in self._needed
                   if name not in row.values]  # fmt: skip
        if missing:
            raise Invalid(faults=missing)
        values = {**self._defaults, **row.values, self._store.plan.key.name: row.key}
        return self._restores.row(values, self._store.clock())

    def _compare(self, row: Row, present: Any) -> None:
        unit = self._store.unit
        now = unit.as_of(present, self._store.clock())
        given = unit.encoded({name: value for name, value in row.values.items() if name not in MANAGED})
        others = sorted(name for name, value in given.items() if value != getattr(now, name))
        if others:
            raise Conflict(f"The row is there, with another value of {', '.join(others)}: a restore changes no row")

    def _asked(self) -> Asked:
        return Asked(self._store.clock(), self._actor)

    async def _so_far(self) -> Counted:
        if self._counted is None:
            number = await head(self._store.database, self._store.plan.feed)
            self._counted = Counted(number, number)
        return self._counted
