"""Rows of a file by the rules of every other write, so that to write them again changes nothing.

A row whose key is missing is created; one that is there is compared, and changed where it differs.

While all rows are new, a group of them is created at once, in one transaction of a few statements. Where anything is in
the way of one, nothing of the group is written by that; some hundred rows are then looked up in one flight and created
in another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from roadbed.http.parameters import REQUIRED
from roadbed.kernel.errors import Conflict, Invalid, PreconditionFailed, Refused
from roadbed.resource.groups import Group
from roadbed.resource.steps import Steps
from roadbed.resource.store import Store
from roadbed.resource.transfer.outcomes import Counts, left_out, undone
from roadbed.resource.transfer.rejects import Bad
from roadbed.resource.transfer.rows import Row, missing_in
from roadbed.resource.transfer.turns import Turns
from roadbed.resource.writes import Asked, change, create

T = TypeVar("T")

ACTOR = "import"
"""Who wrote the rows, in their history."""


class Merging:
    """Writes the rows of one import, and counts them. ``dry``: every row is tried, and undone."""

    def __init__(self, store: Store, counts: Counts, turns: Turns, *, dry: bool = False) -> None:
        self.counts = counts
        self._store = store
        self._unit = store.unit
        self._turns = turns
        self._dry = dry
        self._together = store.in_flights and not dry
        self._grouped = store.groups.possible and not dry
        self._among_themselves = any(parent is store.plan for _, parent in store.plan.parents)
        self._are_new = True
        self._is_far = store.database.dialect == "postgres"
        self._sent = asyncio.Event()
        given = [field for field in store.plan.given if not field.key]
        self._defaults = {field.name: field.default for field in given if field.default is not REQUIRED}
        verbs = store.plan.resource.verbs
        self._creates, self._changes = "create" in verbs, "patch" in verbs

    async def gather(self, rows: list[Row]) -> tuple[Group | None, list[Row]]:
        """Return those rows that may be created at once, and the others."""
        if not (self._grouped and self._are_new and self._creates):
            return None, rows
        groups, asked, rest = self._store.groups, Asked(self._store.clock(), ACTOR), list[Row]()
        self._sent.clear()
        group = Group([], ACTOR, [] if self._is_far else None, self._sent.set)
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

    async def asked(self, writing: asyncio.Task[Any]) -> None:
        """Wait until the server was asked to write: it works while the next rows are read, but not before."""
        if self._is_far and not self._sent.is_set():
            sent = asyncio.ensure_future(self._sent.wait())
            try:
                await asyncio.wait([sent, writing], return_when=asyncio.FIRST_COMPLETED)
            finally:
                # Also where the client leaves meanwhile: it may never be asked.
                sent.cancel()

    async def late(self) -> list[Bad]:
        """Return rows that were left for the end: there are none."""
        return []

    async def write_together(self, together: Group) -> bool:
        """Create rows, unless anything is in the way of one; tell whether that was done."""
        if not self._are_new:
            return False
        asked = Asked(self._store.clock(), ACTOR)
        try:
            done = await self._store.write(lambda: self._store.groups.attempt(together, asked))
        except Refused:
            return False
        if done.row is None:
            return False
        self.counts.inserted += len(together.rows)
        return True

    async def write_each(self, rows: list[Row]) -> list[Bad]:
        """Write rows one by one, as far as they do not go together; return those that are left out."""
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
            return left_out(row, refusal)
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
        while True:
            try:
                self.counts.changed += await self._differed(row, present)
            except PreconditionFailed:
                # Somebody else has written this very row since it was looked for: perhaps just what we were about to,
                # and what changes nothing is neither counted nor told as a change.
                present = await self._store.find(row.key)
                if present is None:
                    raise self._store.missing(row.key) from None
            else:
                return

    async def _differed(self, row: Row, present: Any) -> bool:
        """Change a row where it differs from what was found of it; tell whether it did.

        Raises:
            Conflict: what differs does not change.
            PreconditionFailed: it is no longer what was found.
        """
        unit, plan = self._unit, self._store.plan
        now = unit.as_of(present, self._store.clock())
        encoded = unit.encoded(row.values)
        sets = {name: row.values[name] for name, value in encoded.items() if value != getattr(now, name)}
        if not sets:
            self.counts.unchanged += 1
            return False
        fixed = set(sets) - {field.name for field in plan.mutable if self._changes}
        if plan.status is not None:
            fixed.discard(plan.status.name)
        if fixed:
            raise Conflict(f"The row is there with another value of {', '.join(sorted(fixed))}, which does not change")
        asked = Asked(self._store.clock(), ACTOR, if_match=(present.version,))
        await self._do(lambda: change(unit, row.key, sets, asked))
        return True

    async def _do(self, steps: Callable[[], Steps]) -> None:
        """Run the steps of one write; of a dry run, and then undo them."""
        if self._dry:
            await undone(self._store, steps)
        else:
            await self._store.write(steps)


async def _all(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Wait for all of them, also where one fails: nothing is still being written when that is told."""
    outcomes = await asyncio.gather(*works, return_exceptions=True)
    done = [each for each in outcomes if not isinstance(each, BaseException)]
    if len(done) < len(outcomes):
        raise next(each for each in outcomes if isinstance(each, BaseException))
    return done


def _text(value: Any) -> Any:
    return getattr(value, "value", value)
