"""Whether the tables have the columns that resources declare.

A struct may be ahead of its revisions: the database is where the newest one left it, and lacks a field all the same.
SQLite would then take the quoted name of the column for a text, and read it back as the value of every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from roadbed.data.database import Database
from roadbed.data.queries import Queries
from roadbed.kernel.errors import SchemaMismatch
from roadbed.resource.domain import Domain
from roadbed.resource.plan import make_plans


class Column(msgspec.Struct, frozen=True):
    """A column as the database has it."""

    in_table: str
    name: str


_COLUMNS = Queries("roadbed.resource", "fitting.sql").query("columns", Column)


async def require_columns(database: Database, domains: Sequence[Domain[Any]]) -> None:
    """Look at the columns of all declared resources, once, before anything is served.

    Raises:
        SchemaMismatch: some are missing; it names them, and the command that writes the revision which brings them.
    """
    there = {(column.in_table, column.name) for column in await database.fetch(_COLUMNS)}
    # A table that cannot be seen here is no proof: that the revisions are the newest ones was asked before.
    tables = {table for table, _ in there}
    for domain in domains:
        missing = [
            f"{plan.table}.{name}"
            for plan in make_plans(domain.name, domain.resources)
            for name in plan.columns
            if plan.table in tables and (plan.table, name) not in there
        ]
        if missing:
            raise SchemaMismatch(
                f"{domain.name} declares what no revision has brought: {', '.join(missing)}. "
                f"Write one with `roadbed migrate new {domain.name} -m TEXT`, then run `roadbed migrate upgrade`"
            )
