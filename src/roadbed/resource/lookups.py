"""Reads by key, for a whole flight at once: one statement for all of them, None in the place of what is not there."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

import apsw

from roadbed.data.database import Program, Run
from roadbed.resource.compiled import Compiled
from roadbed.resource.fields import Kind

# What apsw hands over to SQLite at once: integers lie in a row, texts and bytes come as they are.
_PACKED: dict[Kind, Callable[[set[Any]], Any]] = {
    "uuid": lambda keys: tuple(key.bytes for key in keys),
    "integer": lambda keys: array("q", keys),
    "text": tuple,
}


def lookup_program(unit: Compiled) -> Program:
    """Return the read of rows by their keys as a program for a flight."""
    query, key = unit.sql.lookup, unit.plan.key.name
    packed = _PACKED[unit.plan.key.kind]

    def on_sqlite(run: Run, keys: list[Any]) -> Sequence[Any]:
        wanted = packed(set(keys))
        return in_place(query.sqlite_rows(run.rows(query, (apsw.carray(wanted),))), keys)

    async def on_postgres(connection: Any, keys: list[Any]) -> Sequence[Any]:
        return in_place(query.postgres_rows(await connection.fetch(query.text("postgres"), list(set(keys)))), keys)

    def in_place(rows: Sequence[Any], keys: list[Any]) -> Sequence[Any]:
        found = {getattr(row, key): row for row in rows}
        return [found.get(each) for each in keys]

    return Program(f"{unit.plan.table}_read", False, on_sqlite, on_postgres)
