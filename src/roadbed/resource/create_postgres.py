"""Creates on PostgreSQL, a whole flight in one statement: rows, versions, history and changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from roadbed.data.database import Database, Program
from roadbed.data.flights import Flight, Told
from roadbed.kernel.ids import new_id
from roadbed.resource.compiled import Compiled
from roadbed.resource.fields import Field
from roadbed.resource.plan import Plan
from roadbed.resource.statements import ARRAYS, SEARCH, history_table, names, quoted
from roadbed.resource.writes import NO_KEYS, Asked


class Creates:
    """The statement of one resource, for any number of rows."""

    def __init__(self, unit: Compiled) -> None:
        self._unit = unit
        self._plan = unit.plan
        self._sql = _statement(unit.plan)
        self._version = unit.plan.columns.index("version")

    def new_row(self, values: Mapping[str, Any], at: datetime) -> Any:
        """Return the row that these values make, or None where its key can be none.

        Raises:
            Invalid: a value that cannot be stored as it is.
        """
        stored = self._unit.first_values(values, at)
        if stored[self._plan.key.name] in NO_KEYS:
            return None
        if self._plan.makes_keys and stored[self._plan.key.name] is None:
            stored[self._plan.key.name] = new_id()
        return self._unit.row(stored)

    async def write(self, connection: Any, items: list[tuple[Any, str]]) -> Sequence[Any]:
        """Write rows, each with who asks for it; return each as stored, or None where anything is in its way."""
        return await self.write_cells(connection, [row for row, _ in items], [self.cells(*item) for item in items])

    def cells(self, row: Any, actor: str) -> tuple[Any, ...]:
        """Return what the statement takes of one row."""
        values = msgspec.structs.astuple(row)
        cells = [*values[: self._version], *values[self._version + 1 :]]
        if self._plan.searched:
            cells.append(self._unit.search_text(row))
        if self._plan.resource.history or self._plan.resource.events:
            # A version is known to the statement alone: the text ends before it.
            cells.append(self._unit.open_text(row))
        if self._plan.resource.history:
            cells.append(actor)
        return tuple(cells)

    async def write_cells(
        self, connection: Any, rows: Sequence[Any], cells: Sequence[tuple[Any, ...]]
    ) -> Sequence[Any]:
        """Write rows whose ``cells`` are ready. Otherwise as ``write``."""
        versions = await connection.fetch(self._sql, len(rows), *map(list, zip(*cells, strict=True)))
        return [self._written(row, found["version"]) for row, found in zip(rows, versions, strict=True)]

    def _written(self, row: Any, version: int | None) -> Any:
        if version is None:
            return None
        row.version = version
        return row


class CreateFlight:
    """Joins creates to one statement. What anything stands in the way of comes back as None, and wrote nothing."""

    def __init__(self, unit: Compiled, database: Database, told: Told | None = None) -> None:
        self._creates = Creates(unit)
        program = Program(f"{unit.plan.table}_create", True, _never, self._creates.write)
        self._flight: Flight[Any, Any] = database.flight(program, told=told)

    async def join(self, values: Mapping[str, Any], asked: Asked) -> Any:
        """Return the row as stored, or None if it was not written: a value is taken, or a reference leads nowhere.

        Raises:
            Invalid: a value that cannot be stored as it is.
        """
        row = self._creates.new_row(values, asked.at)
        return None if row is None else await self._flight.join((row, asked.actor))


def _columns(plan: Plan) -> list[str]:
    return [name for name in plan.columns if name != "version"]


def _statement(plan: Plan) -> str:
    """Return the statement. ``$1`` is the number of rows, then comes one array per column.

    The feed is bumped before rows are written: flights of other processes wait for it, so versions become visible in
    order. A version that is not used, because its row met a conflict, is left out for ever.
    """
    columns = _columns(plan)
    arrays = [(quoted(name), ARRAYS[plan.types[name].kind]) for name in columns]
    arrays += [(SEARCH, "text[]")] if plan.searched else []
    told = plan.resource.history or plan.resource.events
    arrays += [("roadbed_text", "text[]")] if told else []
    arrays += [("roadbed_actor", "text[]")] if plan.resource.history else []
    unnest = ", ".join(f"${number}::{kind}" for number, (_, kind) in enumerate(arrays, 2))
    given = ", ".join(name for name, _ in arrays)
    written = [*columns, *([SEARCH] if plan.searched else [])]
    key = quoted(plan.key.name)
    parts = [
        f"given AS MATERIALIZED (SELECT * FROM unnest({unnest}) WITH ORDINALITY AS g({given}, roadbed_place))",
        *_held(plan.parents),
        f"bumped AS (INSERT INTO feed AS f (name, number) SELECT '{plan.feed}', $1::bigint{_after_held(plan.parents)} "
        "ON CONFLICT (name) DO UPDATE SET number = f.number + excluded.number RETURNING number - $1::bigint AS last)",
        f"made AS (INSERT INTO {quoted(plan.table)} ({names(written)}, version) "
        f"SELECT {', '.join('g.' + quoted(name) for name in written)}, b.last + g.roadbed_place "
        f"FROM given g CROSS JOIN bumped b {_parents(plan.parents)} ORDER BY g.roadbed_place "
        f"ON CONFLICT DO NOTHING RETURNING {key}, version)",
    ]
    # By its version, for two rows of one flight may have the same key: then only one of them was written.
    made = "given g CROSS JOIN bumped b {} JOIN made m ON m.version = b.last + g.roadbed_place"
    told_text = "g.roadbed_text || m.version || '}'"
    if plan.resource.history:
        parts.append(
            f"kept AS (INSERT INTO {quoted(history_table(plan))} ({key}, version, at, actor, action, before, after) "
            f"SELECT m.{key}, m.version, g.created_at, g.roadbed_actor, 'create', NULL, {told_text} "
            f"FROM {made.format('')})"
        )
    if plan.resource.events:
        parts.append(
            "told AS (INSERT INTO change (feed, number, key, kind, at, body) "
            f"SELECT '{plan.feed}', m.version, m.{key}::text, 'create', g.created_at, {told_text} "
            f"FROM {made.format('')})"
        )
    return f"WITH {', '.join(parts)} SELECT m.version FROM {made.format('LEFT')} ORDER BY g.roadbed_place"


def _held(parents: Sequence[tuple[Field, Plan]]) -> list[str]:
    """Return the parts that hold the rows which are referred to, so that nobody deletes them meanwhile."""
    return [
        f"held_{number} AS MATERIALIZED (SELECT p.{quoted(parent.key.name)} AS key FROM {quoted(parent.table)} p "
        f"WHERE p.{quoted(parent.key.name)} IN (SELECT g.{quoted(field.name)} FROM given g) "
        f"ORDER BY p.{quoted(parent.key.name)} FOR KEY SHARE OF p)"
        for number, (field, parent) in enumerate(parents)
    ]


def _after_held(parents: Sequence[tuple[Field, Plan]]) -> str:
    # The feed comes after the rows, as in every other write: who holds it waits for nobody's row.
    counts = [f"(SELECT count(*) FROM held_{number}) >= 0" for number in range(len(parents))]
    return f" WHERE {' AND '.join(counts)}" if counts else ""


def _parents(parents: Sequence[tuple[Field, Plan]]) -> str:
    conditions = [
        f"(g.{quoted(field.name)} IS NULL OR EXISTS (SELECT FROM held_{number} h WHERE h.key = g.{quoted(field.name)}))"
        for number, (field, _) in enumerate(parents)
    ]
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _never(_run: Any, _items: list[Any]) -> Sequence[Any]:
    raise RuntimeError("this flight is PostgreSQL's alone")
