"""Rows that come back as they were: in any status, with the times and versions that an export has.

It is an operator's act on rows that are not there, as the restore of a dump is: neither ``fill`` nor hooks run (what
they wrote has come back with the rows that they wrote it to), but whatever the tables hold together holds: types,
bounds, keys, unique values, references, the most rows. Secrets are in no export: new ones are made, unknown to all.

A row keeps its version where this database has not counted so far. So no version is ever given out twice, and a new
database gets all of them back. Changes are told to watchers under numbers of their own, after all those before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import apsw
import msgspec

from roadbed.data.changes import BUMP, LOG, RAISE
from roadbed.data.database import Program, Run
from roadbed.kernel.errors import Conflict, Fault, Invalid
from roadbed.resource.compiled import Compiled
from roadbed.resource.fields import MANAGED
from roadbed.resource.plan import Plan
from roadbed.resource.recording import change_of, past_of
from roadbed.resource.statements import ARRAYS, SEARCH, history_table, quoted
from roadbed.resource.steps import Ask, Fly, Steps
from roadbed.resource.writes import NO_KEYS, Asked, check_row


class Counted(msgspec.Struct, frozen=True):
    """How far the feed of a resource has come by a restore; versions up to ``floor`` are not the restore's to give."""

    head: int
    floor: int


class Back(msgspec.Struct, frozen=True):
    """Rows to be written, ready but for those that have version 0, and the numbers of their changes."""

    rows: Sequence[Any]
    first: int
    asked: Asked


class Restores:
    """Writes rows of one resource back."""

    def __init__(self, unit: Compiled) -> None:
        plan = unit.plan
        self._unit = unit
        self._program = Program(f"{plan.table}_restore", True, self._on_sqlite, self._on_postgres)
        self._columns = [*plan.columns, *([SEARCH] if plan.searched else [])]
        self._hold = Program(f"{plan.table}_hold", True, _nobody_else, self._held_on_postgres)
        self._parents = [(field.name, _holding(parent)) for field, parent in plan.parents]

    def row(self, values: Mapping[str, Any], at: datetime) -> Any:
        """Return a row of its values by field, as the API types have them.

        Raises:
            Invalid: a value that cannot be stored as it is.
        """
        unit = self._unit
        made = unit.first_values({name: values[name] for name in values if name not in MANAGED}, at)
        kept = unit.encoded({name: values[name] for name in values if name in MANAGED})
        return unit.row({**made, "updated_at": kept.get("created_at", at), **kept})

    def one(self, row: Any, asked: Asked, counted: Counted) -> Steps:
        """Write one row, after a look at what stands in its way; return how far the feed is then.

        Raises:
            Conflict: its key or a unique value is taken, or the resource is full.
            Invalid: a row that is referred to is missing.
        """
        unit, plan = self._unit, self._unit.plan
        values = unit.values(row)
        key = values[plan.key.name]
        if key in NO_KEYS:
            raise Invalid(faults=[Fault(f"/{plan.key.name}", "This one has another meaning in a path")])
        # It may refer to itself: it did.
        yield from check_row(unit, values, values, {key})
        if (yield Ask("one", unit.sql.read, {plan.key.name: key})) is not None:
            raise Conflict(f"There is a row with this {plan.key.name} already", "duplicate")
        return (yield from self._write([row], asked, counted))

    def many(self, rows: Sequence[Any], asked: Asked, counted: Counted) -> Steps:
        """Write rows, all or none; return how far the feed is then.

        Raises:
            Conflict: something is in the way of one; ``one`` tells of which, and what.
        """
        keys = {getattr(row, self._unit.plan.key.name) for row in rows}
        if not keys.isdisjoint(NO_KEYS):
            raise _in_the_way()
        # Before the feed, and in the order in which every other write does: nobody waits for each other.
        yield Fly(self._hold, rows)
        return (yield from self._write(rows, asked, counted))

    def _write(self, rows: Sequence[Any], asked: Asked, counted: Counted) -> Steps:
        unit, most = self._unit, self._unit.plan.resource.most
        counted, first, versions = yield from self._count(rows, counted)
        if most and (yield Ask("one", unit.sql.count, {})).total + len(rows) > most:
            raise Conflict(f"There are {most} rows already, and no more may be", "resource-full")
        ready = [msgspec.structs.replace(row, version=version) for row, version in zip(rows, versions, strict=True)]
        if not (yield Fly(self._program, Back(ready, first, asked))):
            raise _in_the_way()
        return counted

    def _count(self, rows: Sequence[Any], counted: Counted) -> Steps:
        """Bump the feed; return how far it is, the number of the first change, and the versions of the rows."""
        feed = self._unit.plan.feed
        bumped = yield Ask("one", BUMP, {"feed": feed, "count": len(rows)})
        last = bumped.number - len(rows)
        # Whatever others have counted since is theirs.
        floor = counted.floor if last == counted.head else last
        versions = [row.version if row.version > floor else number for number, row in enumerate(rows, last + 1)]
        head = max(bumped.number, *versions)
        if head > bumped.number:
            yield Ask("do", RAISE, {"feed": feed, "number": head})
        return Counted(head, floor), last + 1, versions

    async def _held_on_postgres(self, connection: Any, groups: list[Sequence[Any]]) -> list[bool]:
        """Hold the rows that are referred to; where one is missing, the constraint of the table tells it."""
        for rows in groups:
            for name, holding in self._parents:
                await connection.execute(holding, list({getattr(row, name) for row in rows} - {None}))
        return [True for _ in groups]

    async def _on_postgres(self, connection: Any, groups: list[Back]) -> list[bool]:
        return [await self._copied(connection, group) for group in groups]

    async def _copied(self, connection: Any, group: Back) -> bool:
        """Write by COPY, straight into the tables: the versions are known, and nothing is to be looked at."""
        plan, resource, rows = self._unit.plan, self._unit.plan.resource, group.rows
        stored = [tuple(self._unit.stored_values(row).values()) for row in rows]
        await connection.copy_records_to_table(plan.table, records=stored, columns=self._columns)
        if resource.history:
            past = self._past(group)
            await connection.copy_records_to_table(
                history_table(plan), records=[tuple(each.values()) for each in past], columns=list(past[0])
            )
        if resource.events:
            told = self._changes(group)
            await connection.copy_records_to_table(
                "change", records=[tuple(each.values()) for each in told], columns=list(told[0])
            )
        return True

    def _on_sqlite(self, run: Run, groups: list[Back]) -> list[bool]:
        return [self._added(run, group) for group in groups]

    def _added(self, run: Run, group: Back) -> bool:
        sql, resource = self._unit.sql, self._unit.plan.resource
        run.control("SAVEPOINT restored")
        try:
            run.execute_rows(sql.add, [sql.add.sqlite_values(self._unit.stored_values(row)) for row in group.rows])
            if resource.history:
                run.execute_rows(sql.remember, [sql.remember.sqlite_values(each) for each in self._past(group)])
        except apsw.ConstraintError:
            run.control("ROLLBACK TO restored")
            run.control("RELEASE restored")
            return False
        if resource.events:
            run.execute_rows(LOG, [LOG.sqlite_values(each) for each in self._changes(group)])
        run.control("RELEASE restored")
        return True

    def _past(self, group: Back) -> list[dict[str, Any]]:
        # It happens now, whatever the row says of itself.
        entries = [past_of(self._unit, "create", None, row, group.asked.actor, group.asked.at) for row in group.rows]
        return [entry | {"at": group.asked.at} for entry in entries]

    def _changes(self, group: Back) -> list[dict[str, Any]]:
        return [
            change_of(self._unit, "create", row, number, group.asked.at)
            for number, row in enumerate(group.rows, group.first)
        ]


def _holding(parent: Plan) -> str:
    key = quoted(parent.key.name)
    kind = ARRAYS[parent.key.kind]
    return f"SELECT FROM {quoted(parent.table)} WHERE {key} = ANY($1::{kind}) ORDER BY {key} FOR KEY SHARE"


def _nobody_else(_run: Run, groups: list[Any]) -> list[bool]:
    # SQLite's writer is alone.
    return [True for _ in groups]


def _in_the_way() -> Conflict:
    return Conflict("Another row has one of these values already, or a row that is referred to is missing", "duplicate")
