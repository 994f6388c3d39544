"""Creates of many rows, all or none, in as many statements as for a few: bulk creates and imports.

Nothing is looked at before: the constraints of the tables tell that something is in the way of a row. Then nothing is
written, and the path that looks at one row after the other says of which one, and what.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import apsw
import msgspec

from roadbed.data.changes import BUMP, LOG
from roadbed.data.database import Program, Run
from roadbed.data.queries import Query
from roadbed.kernel.errors import Invalid
from roadbed.resource.compiled import Compiled
from roadbed.resource.create_postgres import Creates
from roadbed.resource.steps import Fly, Steps
from roadbed.resource.writes import Asked, create_many


class Group(msgspec.Struct, frozen=True):
    """Rows to be written, and who asks for it.

    ``cells`` are what PostgreSQL is sent of each row, where that is ready; ``sent`` is called when it goes there.
    """

    rows: list[Any]
    actor: str
    cells: list[tuple[Any, ...]] | None = None
    sent: Callable[[], None] | None = None


class Groups:
    """Writes groups of new rows of one resource."""

    def __init__(self, unit: Compiled) -> None:
        resource = unit.plan.resource
        self.possible = not (unit.has_hooks or resource.most or resource.fill)
        self._unit = unit
        self._own = [field.name for field, parent in unit.plan.parents if parent is unit.plan]
        self._creates = Creates(unit) if self.possible else None
        self._program = Program(f"{unit.plan.table}_group", True, self._on_sqlite, self._on_postgres)

    def create(self, several: Sequence[Mapping[str, Any]], asked: Asked) -> Steps:
        """Write new rows, all or none. Raises as ``writes.create_many`` does."""
        rows = yield from self.attempt(several, asked)
        return (yield from create_many(self._unit, several, asked)) if rows is None else rows

    def attempt(self, several: Sequence[Mapping[str, Any]] | Group, asked: Asked) -> Steps:
        """Write new rows and return them; None: something is in the way, and nothing was written."""
        if isinstance(several, Group):
            return several.rows if (yield Fly(self._program, several)) else None
        group = Group([], asked.actor)
        if not all(self.add(group, values, asked) for values in several):
            return None
        return group.rows if (yield Fly(self._program, group)) else None

    def add(self, group: Group, values: Mapping[str, Any], asked: Asked) -> bool:
        """Add a new row to a group; tell whether it can be one among others."""
        if self._creates is None:
            return False
        try:
            row = self._creates.new_row(values, asked.at)
        except Invalid:
            return False
        if row is None or self._refers_to_itself(row):
            return False
        group.rows.append(row)
        if group.cells is not None:
            group.cells.append(self._creates.cells(row, asked.actor))
        return True

    def _refers_to_itself(self, row: Any) -> bool:
        # A reference leads to a row that is there before; the constraint of SQLite takes the row itself for one.
        return any(getattr(row, name) == getattr(row, self._unit.plan.key.name) for name in self._own)

    async def _on_postgres(self, connection: Any, groups: list[Group]) -> list[bool]:
        return [await self._written_on_postgres(connection, group) for group in groups]

    async def _written_on_postgres(self, connection: Any, group: Group) -> bool:
        if self._creates is None:
            return False
        await connection.execute("SAVEPOINT together")
        if group.sent is not None:
            group.sent()
        if group.cells is None:
            made = await self._creates.write(connection, [(row, group.actor) for row in group.rows])
        else:
            made = await self._creates.write_cells(connection, group.rows, group.cells)
        await connection.execute("ROLLBACK TO together" if None in made else "RELEASE together")
        return None not in made

    def _on_sqlite(self, run: Run, groups: list[Group]) -> list[bool]:
        return [self._written_on_sqlite(run, group) for group in groups]

    def _written_on_sqlite(self, run: Run, group: Group) -> bool:
        run.control("SAVEPOINT together")
        try:
            self._write(run, group)
        except apsw.ConstraintError:
            run.control("ROLLBACK TO together")
            run.control("RELEASE together")
            return False
        run.control("RELEASE together")
        return True

    def _write(self, run: Run, group: Group) -> None:
        unit, plan, rows = self._unit, self._unit.plan, group.rows
        bumped = run.fetch_one(BUMP, feed=plan.feed, count=len(rows))
        if bumped is None:
            raise RuntimeError("a bump returns the number")
        for version, row in enumerate(rows, bumped.number - len(rows) + 1):
            row.version = version
        _write_rows(run, unit.sql.add, [unit.stored_values(row) for row in rows])
        key = plan.key.name
        texts = [unit.text(row) for row in rows] if plan.resource.history or plan.resource.events else []
        if plan.resource.history:
            same = {"actor": group.actor, "action": "create", "before": None}
            _write_rows(
                run,
                unit.sql.remember,
                [
                    {key: getattr(row, key), "version": row.version, "at": row.created_at, "after": text, **same}
                    for row, text in zip(rows, texts, strict=True)
                ],
            )
        if plan.resource.events:
            _write_rows(
                run,
                LOG,
                [
                    {"feed": plan.feed, "number": row.version, "key": str(getattr(row, key)), "kind": "create",
                     "at": row.created_at, "body": text}
                    for row, text in zip(rows, texts, strict=True)
                ],
            )  # fmt: skip


def _write_rows(run: Run, query: Query[Any], rows: Sequence[dict[str, Any]]) -> None:
    run.execute_rows(query, [query.sqlite_values(row) for row in rows])
