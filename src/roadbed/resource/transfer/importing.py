"""Writes the rows of a file by the rules of every other write, so that to write them again changes nothing.

A row whose key is missing is created; one that is there is compared, and changed where it differs. Each row stands for
itself: one that is refused stops no other, and what is written stays.

While all rows are new, a group of them is created at once, in one transaction of a few statements. Where anything is in
the way of one, nothing of the group is written by that; some hundred rows are then looked up in one flight and created
in another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from roadbed.http.parameters import REQUIRED
from roadbed.kernel.errors import Conflict, Invalid, Refused
from roadbed.resource.groups import Group
from roadbed.resource.steps import Steps, drive_async
from roadbed.resource.store import Store
from roadbed.resource.transfer.lines import shown
from roadbed.resource.transfer.records import Reader, Record
from roadbed.resource.transfer.rejects import Bad
from roadbed.resource.transfer.rows import Columns, Row, Rows, missing_in
from roadbed.resource.transfer.turns import Turns
from roadbed.resource.writes import Asked, change, create

T = TypeVar("T")

GROUP = 1000
"""Rows that are created at once."""

CHUNK = 250
"""Rows that are looked up, and then written, at once."""

ACTOR = "import"
"""Who wrote the rows, in their history."""


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


class Importer:
    """Imports one file or body into one resource. ``dry``: every row is tried, and undone.

    Rows are written while the next ones are read. At the end of a ``with`` block nothing is still being written.
    """

    def __init__(self, store: Store, columns: Columns, *, dry: bool = False) -> None:
        self.counts = Counts()
        self._store = store
        self._unit = store.unit
        self._columns = columns
        self._dry = dry
        self._rows = Rows(store.unit, columns)
        self._together = store.in_flights and not dry
        self._grouped = store.groups.possible and not dry
        self._among_themselves = any(parent is store.plan for _, parent in store.plan.parents)
        self._are_new = True
        self._checked = False
        self._turns = Turns()
        self._pending: asyncio.Task[list[Bad]] | None = None
        self._sent = asyncio.Event()
        given = [field for field in store.plan.given if not field.key]
        self._defaults = {field.name: field.default for field in given if field.default is not REQUIRED}
        verbs = store.plan.resource.verbs
        self._creates, self._changes = "create" in verbs, "patch" in verbs

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
        """Take some rows, and write them while the next ones are read.

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
                bad.append(_left_out(record, invalid))
                continue
            if row.key in chunk or len(chunk) == GROUP:
                # A key that comes again meets what the row before it wrote.
                told += await self._hand_over(list(chunk.values()), bad)
                chunk, bad = {}, []
            chunk[row.key] = row
        return told + await self._hand_over(list(chunk.values()), bad)

    async def finish(self) -> list[Bad]:
        """Wait until everything is written; return what is left out of it. Raises as ``take`` does."""
        pending, self._pending = self._pending, None
        return [] if pending is None else await pending

    async def _hand_over(self, rows: list[Row], bad: list[Bad]) -> list[Bad]:
        """Begin to write rows, once those before them are written; return what is left out of those."""
        group, rest = await self._gathered(rows)
        told = await self.finish()
        self._sent.clear()
        self._pending = asyncio.ensure_future(self._write(rows, group, rest, bad))
        if group is not None and group.cells is not None:
            # A server works while the next rows are read, but not before it was asked.
            sent = asyncio.ensure_future(self._sent.wait())
            await asyncio.wait([sent, self._pending], return_when=asyncio.FIRST_COMPLETED)
            sent.cancel()
        return told

    async def _gathered(self, rows: list[Row]) -> tuple[Group | None, list[Row]]:
        """Return those rows that may be created at once, and the others."""
        if not (self._grouped and self._are_new and self._creates):
            return None, rows
        groups, asked, rest = self._store.groups, Asked(self._store.clock(), ACTOR), list[Row]()
        is_far = self._store.database.dialect == "postgres"
        group = Group([], ACTOR, [] if is_far else None, self._sent.set)
        for row in rows:
            if self._turns.over:
                await self._turns.give()
            try:
                values = self._values(row)
            except Refused:
                rest.append(row)
                continue
            if not groups.add(group, values, asked):
                return None, rows
        if not group.rows or (rest and self._among_themselves):
            return None, rows
        return group, rest

    async def _write(self, rows: list[Row], group: Group | None, rest: list[Row], bad: list[Bad]) -> list[Bad]:
        """Write rows of different keys in their order: a row may refer to those before it."""
        if group is not None and self._are_new and await self._created_at_once(group):
            rows = rest
        for start in range(0, len(rows), CHUNK):
            bad += await self._write_each(rows[start : start + CHUNK])
        self.counts.rejected += len(bad)
        return sorted(bad, key=lambda each: each.line)

    async def _created_at_once(self, group: Group) -> bool:
        """Create rows, unless anything is in the way of one; tell whether that was done."""
        asked = Asked(self._store.clock(), ACTOR)
        try:
            done = await self._store.write(lambda: self._store.groups.attempt(group, asked))
        except Refused:
            return False
        if done.row is None:
            return False
        self.counts.inserted += len(group.rows)
        return True

    async def _write_each(self, rows: list[Row]) -> list[Bad]:
        found = await asyncio.gather(*[self._store.find(row.key) for row in rows])
        self._are_new = all(present is None for present in found)
        pairs = list(zip(rows, found, strict=True))
        if self._together:
            outcomes = await _all(self._one(row, present) for row, present in pairs)
            return [each for each in outcomes if each is not None]
        if not self._dry:
            made = await _all(self._created(row, present) for row, present in pairs)
            pairs = [pair for pair, is_made in zip(pairs, made, strict=True) if not is_made]
        # One transaction after the other: changes, rows with hooks, and those that something was in the way of.
        return [bad for row, present in pairs if (bad := await self._one(row, present)) is not None]

    async def _created(self, row: Row, present: Any) -> bool:
        """Create a row together with others, where that can be; tell whether that was done."""
        if present is not None:
            return False
        try:
            made = await self._store.create_along(self._values(row), Asked(self._store.clock(), ACTOR))
        except Refused:
            return False
        self.counts.inserted += made is not None
        return made is not None

    async def _one(self, row: Row, present: Any) -> Bad | None:
        """Write one row, and count it; return it if it is refused."""
        try:
            if present is None:
                await self._create(row)
            else:
                await self._change(row, present)
        except Refused as refusal:
            return _left_out(row, refusal)
        return None

    async def _create(self, row: Row) -> None:
        store, values = self._store, self._values(row)
        asked = Asked(store.clock(), ACTOR)
        try:
            await self._do(lambda: create(self._unit, values, asked))
        except Conflict as conflict:
            # Somebody else may have written this very row since it was looked for.
            present = await store.find(row.key) if conflict.kind == "duplicate" else None
            if present is None:
                raise
            await self._change(row, present)
            return
        self.counts.inserted += 1

    def _values(self, row: Row) -> dict[str, Any]:
        """Return the values of a new row.

        Raises:
            Conflict, Invalid: it cannot be one.
        """
        plan = self._store.plan
        values = dict(row.values)
        if not self._creates:
            raise Conflict(f"{plan.names.title} take no new rows")
        if plan.status is not None and values.pop(plan.status.name, plan.status.default) != plan.status.default:
            raise Conflict(f"A new row begins as {_text(plan.status.default)!r}", "status-not-allowed")
        faults = missing_in(self._unit, values)
        if faults:
            raise Invalid(faults=faults)
        # All that a create takes is there, as from a request: a ``fill`` may ask for it.
        return {**self._defaults, **values, plan.key.name: row.key}

    async def _change(self, row: Row, present: Any) -> None:
        unit, plan = self._unit, self._store.plan
        now = unit.as_of(present, self._store.clock())
        encoded = unit.encoded(row.values)
        sets = {name: row.values[name] for name, value in encoded.items() if value != getattr(now, name)}
        if not sets:
            self.counts.unchanged += 1
            return
        fixed = set(sets) - {field.name for field in plan.mutable if self._changes}
        if plan.status is not None:
            fixed.discard(plan.status.name)
        if fixed:
            raise Conflict(f"The row is there with another value of {', '.join(sorted(fixed))}, which does not change")
        asked = Asked(self._store.clock(), ACTOR)
        await self._do(lambda: change(unit, row.key, sets, asked))
        self.counts.changed += 1

    async def _do(self, steps: Callable[[], Steps]) -> None:
        """Run the steps of one write; of a dry run, and then undo them."""
        if not self._dry:
            await self._store.write(steps)
            return
        with suppress(_UndoneError):
            async with self._store.database.transaction() as run:
                await drive_async(run, steps())
                raise _UndoneError


async def _all(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Wait for all of them, also where one fails: nothing is still being written when that is told."""
    outcomes = await asyncio.gather(*works, return_exceptions=True)
    done = [each for each in outcomes if not isinstance(each, BaseException)]
    if len(done) < len(outcomes):
        raise next(each for each in outcomes if isinstance(each, BaseException))
    return done


def _left_out(row: Record | Row, refusal: Refused) -> Bad:
    return Bad(row.line, refusal.detail, shown(row.text))


def _text(value: Any) -> Any:
    return getattr(value, "value", value)
