"""What revisions use beside Alembic's own operations."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Connection

SEARCH_BATCH = 1000
"""Rows that ``fill_search`` holds at a time."""


def execute_file(path: Path) -> None:
    """Run a file of SQL inside the revision's transaction; ``:name`` and ``%`` in it are left alone.

    Alembic's ``op.execute`` would take ``:name`` for a parameter. On PostgreSQL the file may hold several statements;
    on SQLite each ends with a semicolon at the end of a line.
    """
    sql = path.read_text(encoding="utf-8")
    if op.get_context().as_sql:
        execute_raw(sql)
    else:
        run_script(op.get_bind(), sql)


def execute_raw(sql: str) -> None:
    """Run one statement as it stands; ``:name`` in it is left alone."""
    context = op.get_context()
    if context.as_sql:
        context.impl.static_output(sql.rstrip().removesuffix(";") + ";\n")
    else:
        op.get_bind().exec_driver_sql(sql)


def fill_search(table: str, key: str, column: str, searched: Sequence[str]) -> None:
    """Fill the column for searching of all rows: the searched texts without case, as Unicode says and no engine can.

    A preview only says so: it has no rows.
    """
    if op.get_context().as_sql:
        execute_raw(f"-- {table}.{column} is filled here, row by row")
        return
    connection = op.get_bind()
    rows = sa.table(table, *map(sa.column, dict.fromkeys((key, column, *searched))))
    last: Any = None
    while True:
        some = sa.select(*(rows.c[name] for name in (key, *searched))).order_by(rows.c[key]).limit(SEARCH_BATCH)
        found = connection.execute(some if last is None else some.where(rows.c[key] > last)).all()
        if not found:
            return
        last = found[-1][0]
        for value, *texts in found:
            content = "\n".join(text or "" for text in texts).casefold()
            connection.execute(sa.update(rows).where(rows.c[key] == value).values({column: content}))


def run_script(connection: Connection, sql: str) -> None:
    """Run several statements in the connection's open transaction."""
    if connection.dialect.name == "sqlite":
        for statement in split(sql):
            connection.exec_driver_sql(statement)
        return
    # The simple protocol alone takes several statements; SQLAlchemy would prepare each text as one.
    connection.exec_driver_sql("SELECT 1")
    adapted: Any = connection.connection.dbapi_connection

    def execute(driver: Any) -> Awaitable[Any]:
        return driver.execute(sql)

    adapted.run_async(execute)


def split(sql: str) -> Iterator[str]:
    """Yield the statements of a SQLite script.

    ``executescript`` would commit first. SQLite itself says where a statement ends, so bodies of triggers stay whole.
    """
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""
    if statement.strip():
        yield statement.strip()
