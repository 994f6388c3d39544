"""A batch of rows into a table of SQLite: statements of many rows each, later writes winning."""

from __future__ import annotations

from typing import Any

from roadbed.data.bulk import BulkTable, Columns, Merged
from roadbed.data.sqlite.connection import SqliteRun

_ROWS = 1000
"""Rows in one statement: a fifth faster than one row each."""

_MOST_PARAMETERS = 32_766
"""How many parameters SQLite takes in one statement."""


class SqliteBulk:
    """The statements of one table."""

    def __init__(self, table: BulkTable) -> None:
        names, keys = ", ".join(table.names), ", ".join(table.keys)
        updates = ", ".join(f"{name} = excluded.{name}" for name in table.rest)
        differs = " OR ".join(f"{table.name}.{name} IS NOT excluded.{name}" for name in table.rest)
        self._key = table.key
        self._width = len(table.columns)
        self._rows = min(_ROWS, _MOST_PARAMETERS // self._width)
        self._row = f"({', '.join('?' * len(table.columns))})"
        self._insert = f"INSERT INTO {table.name} ({names}) VALUES "  # noqa: S608 - names of a declaration
        self._if_new = f" ON CONFLICT ({keys}) DO NOTHING"
        self._upsert = f" ON CONFLICT ({keys}) DO UPDATE SET {updates} WHERE {differs}" if updates else self._if_new

    def merge(self, run: SqliteRun, columns: Columns) -> Merged:
        """Write rows in the open transaction.

        In the order in which they came: most files are sorted, and a tree that grows at its end takes half the time and
        half the space of one that grows backwards. Where keys repeat that would keep the first row of each, so it is
        taken back and done from the last row on: the last is the first to come then, and stays.
        """
        total = len(columns[0])
        run.control("SAVEPOINT in_order")
        inserted = self._run(run, columns, self._if_new)
        if 0 < inserted < total and _repeat(columns[: self._key]):
            run.control("ROLLBACK TO in_order")
            inserted = self._run(run, [column[::-1] for column in columns], self._if_new)
        run.control("RELEASE in_order")
        if inserted == total:
            return Merged(inserted, 0, 0)
        latest = {row[: self._key]: row for row in zip(*columns, strict=True)}
        changed = self._run(run, list(zip(*latest.values(), strict=True)), self._upsert)
        return Merged(inserted, changed, len(latest) - inserted - changed)

    def _run(self, run: SqliteRun, columns: Columns, suffix: str) -> int:
        """Run a statement per thousand rows, then one per row for what is left; return how many rows changed."""
        connection, width = run.connection, self._width
        before = connection.total_changes()
        values: list[Any] = [None] * (len(columns[0]) * width)
        for place, column in enumerate(columns):
            values[place::width] = column
        step = self._rows * width
        end = len(values) // step * step
        if end:
            many = self._insert + ", ".join([self._row] * self._rows) + suffix
            connection.executemany(many, (values[at : at + step] for at in range(0, end, step))).fetchall()
        if end < len(values):
            one = self._insert + self._row + suffix
            rest = (values[at : at + width] for at in range(end, len(values), width))
            connection.executemany(one, rest).fetchall()
        return connection.total_changes() - before


def _repeat(keys: Columns) -> bool:
    """Tell whether several rows have one key."""
    return len(set(zip(*keys, strict=True))) < len(keys[0])
