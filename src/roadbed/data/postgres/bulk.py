"""A batch of rows into a table of PostgreSQL by binary COPY, later writes winning.

The format is that of https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format": packing it here in one go
takes half a microsecond per row, where handing tuples to the driver takes several times as long.
"""

from __future__ import annotations

import asyncio
import struct
from itertools import repeat
from typing import Any

from roadbed.data.bulk import BulkTable, Columns, Merged
from roadbed.data.database import Program
from roadbed.data.postgres.errors import code_of

_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TAIL = b"\xff\xff"
_CODES = {"integer": "q", "instant": "q", "real": "d"}
_TYPES = {"integer": "bigint", "instant": "timestamptz", "real": "double precision"}

_EPOCH = 946_684_800_000_000
"""Microseconds from 1970 to 2000, where PostgreSQL counts from."""

_SLICE = 8000
"""Rows that are packed at once: two milliseconds' work. Each pause may cost an import, whose next rows are read in
another thread, a turn of that thread (0.005 s): a quarter of this cost it 8 %."""

_UNIQUE_VIOLATION = "23505"


class PostgresBulk:
    """The statements of one table, and whether its rows have been new lately."""

    def __init__(self, table: BulkTable) -> None:
        self._table = table
        self._staging = f"staging_{table.name}"
        self._are_new = True
        codes = "".join(f"i{_CODES[kind]}" for _, kind in table.columns)
        self._pack = struct.Struct(f">h{codes}").pack
        self._create, self._merge = self._statements()

    def _statements(self) -> tuple[str, str]:
        table = self._table
        columns = ", ".join(f"{name} {_TYPES[kind]} NOT NULL" for name, kind in table.columns)
        names, keys = ", ".join(table.names), ", ".join(table.keys)
        updates = ", ".join(f"{name} = excluded.{name}" for name in table.rest)
        differs = " OR ".join(f"t.{name} IS DISTINCT FROM excluded.{name}" for name in table.rest)
        action = f"UPDATE SET {updates} WHERE {differs}" if updates else "NOTHING"
        create = f"CREATE TEMP TABLE IF NOT EXISTS {self._staging} ({columns}) ON COMMIT DELETE ROWS"
        # A row's place in the staging table (ctid) tells which came later; in order of the key no two merges deadlock.
        merge = f"""
            WITH latest AS MATERIALIZED (
                SELECT DISTINCT ON ({keys}) {names} FROM {self._staging} ORDER BY {keys}, ctid DESC
            ), merged AS (
                INSERT INTO {table.name} AS t ({names}) SELECT {names} FROM latest ORDER BY {keys}
                    ON CONFLICT ({keys}) DO {action}
                RETURNING xmax = 0 AS is_new
            )
            SELECT (SELECT count(*) FROM latest), count(*) FILTER (WHERE is_new), count(*) FROM merged
        """  # noqa: S608 - names of a declaration
        return create, merge

    def program(self) -> Program:
        """Return the merge of batches, one result per batch."""

        async def merge(connection: Any, batches: list[Columns]) -> list[Merged]:
            return [await self.merge(connection, batch) for batch in batches]

        return Program(f"merge:{self._table.name}", True, _never, merge)

    async def merge(self, connection: Any, columns: Columns) -> Merged:
        """Write rows in a transaction of their own."""
        rows = memoryview(await self._packed(columns))
        total = len(columns[0])
        if self._are_new:
            try:
                await self._copy(connection, self._table.name, rows)
            except Exception as error:
                if code_of(error) != _UNIQUE_VIOLATION:
                    raise
            else:
                return Merged(total, 0, 0)
        async with connection.transaction():
            await connection.execute(self._create)
            await self._copy(connection, self._staging, rows)
            distinct, inserted, touched = await connection.fetchrow(self._merge)
        # Rows that are all new may go straight in again.
        self._are_new = inserted == total
        return Merged(inserted, touched - inserted, distinct - touched)

    async def _copy(self, connection: Any, table: str, rows: memoryview) -> None:
        # A memoryview: bytes would be taken for the path of a file.
        await connection.copy_to_table(table, source=rows, columns=self._table.names, format="binary")

    async def _packed(self, columns: Columns) -> bytes:
        """Return rows in the format of the COPY; the event loop is never held for longer than a slice of them takes."""
        parts = [_HEAD]
        for start in range(0, len(columns[0]), _SLICE):
            parts.append(self._slice([column[start : start + _SLICE] for column in columns]))
            await asyncio.sleep(0)
        return b"".join((*parts, _TAIL))

    def _slice(self, columns: Columns) -> bytes:
        fields: list[Any] = [repeat(len(columns))]
        for (_, kind), column in zip(self._table.columns, columns, strict=True):
            fields.append(repeat(8))
            fields.append([value - _EPOCH for value in column] if kind == "instant" else column)
        return b"".join(map(self._pack, *fields))


def _never(_run: Any, _batches: list[Any]) -> list[Any]:
    raise AssertionError("a batch of PostgreSQL's")
