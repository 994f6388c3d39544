"""Creates on SQLite that nothing can stand in the way of, a whole flight at once: one bump, then row after row.

Those are rows under a key that the service makes, without unique values, references, hooks and a bound on their number.
What each write looks at before it writes (``writes.create``) would be nothing for them; what is left of it, asked for
statement by statement, took a third of the time of a create.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from roadbed.data.changes import BUMP, LOG
from roadbed.data.database import Database, Program, Run
from roadbed.data.flights import Flight, Told
from roadbed.kernel.ids import new_id
from roadbed.resource.compiled import Compiled
from roadbed.resource.recording import change_of, past_of
from roadbed.resource.writes import Asked


def free_creates(unit: Compiled, database: Database, told: Told | None = None) -> FreeCreates | None:
    """Return the flight of a resource's creates; None if something can stand in the way of a new row."""
    plan = unit.plan
    bound = plan.resource.most or plan.resource.fill is not None
    is_free = plan.makes_keys and not (unit.has_hooks or bound or plan.uniques() or plan.parents)
    return FreeCreates(unit, database, told) if is_free else None


class FreeCreates:
    """Joins creates to one flight. ``join`` is that of ``create_postgres.CreateFlight``."""

    def __init__(self, unit: Compiled, database: Database, told: Told | None = None) -> None:
        self._unit = unit
        self._key = unit.plan.key.name
        program = Program(f"{unit.plan.table}_create", True, self._on_sqlite, _never)
        self._flight: Flight[Any, Any] = database.flight(program, told=told)

    async def join(self, values: Mapping[str, Any], asked: Asked) -> Any:
        """Return the row as stored, or None if the caller chose its key: that one may be taken.

        Raises:
            Invalid: a value that cannot be stored as it is.
        """
        if self._key in values:
            return None
        stored = self._unit.first_values(values, asked.at)
        stored[self._key] = new_id()
        return await self._flight.join((self._unit.row(stored), asked))

    def _on_sqlite(self, run: Run, items: list[tuple[Any, Asked]]) -> Sequence[Any]:
        unit, sql, resource = self._unit, self._unit.sql, self._unit.plan.resource
        bumped = run.fetch_one(BUMP, feed=unit.plan.feed, count=len(items))
        assert bumped is not None  # noqa: S101 - for the type checker: the statement always returns its row
        for version, (row, _) in enumerate(items, bumped.number - len(items) + 1):
            row.version = version
        run.execute_rows(sql.add, [unit.sqlite_row(row) for row, _ in items])
        if resource.history:
            past = [past_of(unit, "create", None, row, asked.actor, asked.at) for row, asked in items]
            run.execute_rows(sql.remember, [sql.remember.sqlite_values(each) for each in past])
        if resource.events:
            told = [change_of(unit, "create", row, row.version, asked.at) for row, asked in items]
            run.execute_rows(LOG, [LOG.sqlite_values(each) for each in told])
        return [row for row, _ in items]


async def _never(_connection: Any, _items: list[Any]) -> Sequence[Any]:
    raise RuntimeError("this flight is SQLite's alone")
