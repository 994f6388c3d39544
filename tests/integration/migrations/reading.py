"""Look into a database from outside, by the drivers that serve it, and read its schema independently of the product."""

import asyncio
from typing import Any

import apsw
import asyncpg

from roadbed.data.migrations.protocol import dialect_of, sqlite_path

Rows = list[tuple[Any, ...]]

_SQLITE_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name"

_POSTGRES_SCHEMA = """
SELECT 'column', table_name || '.' || column_name,
       concat_ws(' ', data_type, is_nullable, column_default, collation_name)
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'constraint', conname, conrelid::regclass || ' ' || pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function', proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
ORDER BY 1, 2, 3
"""


def query(url: str, sql: str, *values: Any) -> Rows:
    """Run one statement in a transaction of its own and return its rows."""
    if dialect_of(url) == "postgresql":
        return asyncio.run(_on_postgres(url, sql, values))
    connection = apsw.Connection(sqlite_path(url))
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        return list(connection.execute(sql, values))
    finally:
        connection.close()


async def _on_postgres(url: str, sql: str, values: tuple[Any, ...]) -> Rows:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql, *values)]
    finally:
        await connection.close()


def run(url: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    for statement in statements:
        query(url, statement)


def schema(url: str) -> Rows:
    """Return everything that a schema consists of, but for Alembic's own table."""
    found = query(url, _POSTGRES_SCHEMA if dialect_of(url) == "postgresql" else _SQLITE_SCHEMA)
    words = [tuple(" ".join(str(part).split()) for part in row) for row in found]
    return [row for row in words if not any("alembic_version" in part for part in row)]


def stored_heads(url: str) -> set[str]:
    """Return the revisions that a database says it is at."""
    return {row[0] for row in query(url, "SELECT version_num FROM alembic_version")}


def tables(url: str) -> set[str]:
    """Return the names of all tables."""
    if dialect_of(url) == "postgresql":
        sql = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"
    else:
        sql = "SELECT name FROM sqlite_master WHERE type = 'table'"
    return {row[0] for row in query(url, sql)}
