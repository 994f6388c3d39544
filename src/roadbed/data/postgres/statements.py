"""The four verbs on one PostgreSQL connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import asyncpg

from roadbed.data.queries import Query

R = TypeVar("R")


class PostgresStatements:
    """What ``Database.transaction()`` yields on PostgreSQL."""

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self._connection = connection

    async def fetch(self, query: Query[R], /, **arguments: Any) -> list[R]:
        """Return all rows as structs."""
        rows = await self._connection.fetch(query.text("postgres"), *query.postgres_values(arguments))
        return query.postgres_rows(rows)

    async def fetch_one(self, query: Query[R], /, **arguments: Any) -> R | None:
        """Return the first row as a struct, or None."""
        row = await self._connection.fetchrow(query.text("postgres"), *query.postgres_values(arguments))
        return None if row is None else query.postgres_rows([row])[0]

    async def execute(self, query: Query[Any], /, **arguments: Any) -> int:
        """Run a write; return the number of rows it changed."""
        status = await self._connection.execute(query.text("postgres"), *query.postgres_values(arguments))
        last = status.rpartition(" ")[2]
        return int(last) if last.isdigit() else 0

    async def execute_many(self, query: Query[Any], /, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a write once per mapping, atomically; return how many were given."""
        values = [query.postgres_values(dict(row)) for row in rows]
        await self._connection.executemany(query.text("postgres"), values)
        return len(values)
