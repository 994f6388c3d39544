"""A batch of rows into a table of SQLite: statements of many rows each, later writes winning."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from roadbed.data.bulk import BulkTable, Columns, Kind, Merged
from roadbed.data.sqlite.connection import SqliteRun

_ROWS = 1000
"""Rows in one statement: a fifth faster than one row each."""

_MOST_PARAMETERS = 32_766
"""How many parameters SQLite takes in one statement."""

_SLICE = 2000
"""Rows that are looked at by one call of Python's: for as long as it lasts no other thread has its turn."""

_TURN = 0.001
"""Seconds after which the event loop gets its turn while a batch is written. Python's own are 0.005."""

_CODES: dict[Kind, str] = {"integer": "q", "instant": "q", "real": "d"}

Pack = Callable[..., bytes]


class SqliteBulk:
    """The statements of one table."""

    def __init__(self, table: BulkTable) -> None:
        names, keys = ", ".join(table.names), ", ".join(table.keys)
        updates = ", ".join(f"{name} = excluded.{name}" for name in table.rest)
        differs = " OR ".join(f"{table.name}.{name} IS NOT excluded.{name}" for name in table.rest)
        self._key = table.key
        # A key as bytes: thousands of tuples would have the garbage collector hold all threads.
        self._pack: Pack = struct.Struct("<" + "".join(_CODES[kind] for _, kind in table.columns[: table.key])).pack
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
        with _brisk():
            return self._merge(run, columns)

    def _merge(self, run: SqliteRun, columns: Columns) -> Merged:
        total = len(columns[0])
        keys = columns[: self._key]
        run.control("SAVEPOINT in_order")
        inserted = self._run(run, columns, self._if_new)
        repeat = inserted < total and _repeat(keys, self._pack)
        if inserted and repeat:
            run.control("ROLLBACK TO in_order")
            inserted = self._run(run, [column[::-1] for column in columns], self._if_new)
        run.control("RELEASE in_order")
        if inserted == total:
            return Merged(inserted, 0, 0)
        latest = _latest(columns, keys, self._pack) if repeat else columns
        changed = self._run(run, latest, self._upsert)
        return Merged(inserted, changed, len(latest[0]) - inserted - changed)

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


@contextmanager
def _brisk() -> Generator[None]:
    """Let the event loop have its turn sooner than it would. There is one writer in a process."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _repeat(keys: Columns, pack: Pack) -> bool:
    """Tell whether several rows have one key."""
    seen: set[bytes] = set()
    for start in range(0, len(keys[0]), _SLICE):
        seen.update(map(pack, *(column[start : start + _SLICE] for column in keys)))
    return len(seen) < len(keys[0])


def _latest(columns: Columns, keys: Columns, pack: Pack) -> list[list[Any]]:
    """Return the last row of each key."""
    places: dict[bytes, int] = {}
    for start in range(0, len(keys[0]), _SLICE):
        end = min(start + _SLICE, len(keys[0]))
        places.update(zip(map(pack, *(column[start:end] for column in keys)), range(start, end), strict=True))
    return [[column[place] for place in places.values()] for column in columns]
