"""How many rows and bytes each table has: bounded looks, one table after the other, at a slow pace."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from roadbed.data.database import Database
from roadbed.data.named_sql import compile_statement
from roadbed.data.queries import Query
from roadbed.kernel.clock import Clock
from roadbed.platform import statements
from roadbed.platform.statements import CountRow, TableRow

COUNTED = {"sqlite": 1_000_000, "postgres": 100_000}
"""Rows that are counted at most. SQLite counts a million in some 30 ms, in a thread of its own, and knows no other way;
beyond the bound PostgreSQL's planner knows well enough."""

WHOLE = ""
"""The name under which the whole database stands."""

_PAUSE = 0.02


class Measured(msgspec.Struct, frozen=True):
    """``kind`` is ``exact``, ``estimate`` or ``at_least``."""

    rows: int
    kind: str


async def measure(database: Database, clock: Clock) -> int:
    """Measure every table and the whole; return how many tables there are.

    What was measured before and is not there any more is forgotten.
    """
    begun = clock()
    tables = await database.fetch(statements.TABLES)
    rows: list[dict[str, Any]] = []
    for table in tables:
        found = await _count(database, table)
        rows.append(
            {"name": table.name, "row_count": found.rows, "kind": found.kind, "bytes": table.bytes, "at": begun}
        )
        await asyncio.sleep(_PAUSE)
    size = await database.fetch_one(statements.DATABASE_SIZE)
    if size is not None:
        rows.append({"name": WHOLE, "row_count": size.free or 0, "kind": "exact", "bytes": size.bytes, "at": begun})
    await database.execute_many(statements.WRITE_STORAGE, rows)
    await database.execute(statements.DROP_OLD_STORAGE, until=begun)
    return len(tables)


async def _count(database: Database, table: TableRow) -> Measured:
    bound = COUNTED[database.dialect]
    if table.estimate > bound:
        return Measured(table.estimate, "estimate")
    found = await database.fetch_one(counting(table.name, bound))
    rows = 0 if found is None else found.total
    return Measured(rows, "exact") if rows <= bound else Measured(bound, "at_least")


def counting(table: str, bound: int) -> Query[CountRow]:
    """Return the statement that counts the rows of a table, and ends the count after ``bound``.

    The name comes from the database's own catalogue; it is quoted all the same.
    """
    name = '"' + table.replace('"', '""') + '"'
    sql = f"SELECT count(*) AS total FROM (SELECT 1 FROM {name} LIMIT {bound + 1:d}) AS bounded"  # noqa: S608
    return Query(
        f"count:{table}",
        {"sqlite": compile_statement(sql, "?"), "postgres": compile_statement(sql, "$")},
        CountRow,
    )
