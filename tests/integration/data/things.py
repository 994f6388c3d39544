"""Statements and programs over the tables of these tests."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from roadbed.data.database import Program
from roadbed.data.named_sql import parse
from roadbed.data.queries import Query
from roadbed.kernel.errors import Conflict

R = TypeVar("R")

TEXT = """\
-- name: all_things
SELECT id, name, amount FROM thing ORDER BY id LIMIT 1000

-- name: thing
SELECT id, name, amount FROM thing WHERE id = :id

-- name: total
SELECT count(*) AS number, coalesce(sum(amount), 0) AS total FROM thing

-- name: put
INSERT INTO thing (id, name, amount) VALUES (:id, :name, :amount)

-- name: put_child
INSERT INTO thing (id, name, amount, parent) VALUES (:id, :name, 0, :parent)

-- name: put_returning
INSERT INTO thing (id, name, amount) VALUES (:id, :name, :amount) RETURNING id, name, amount

-- name: put_or_leave
INSERT INTO thing (id, name, amount) VALUES (:id, :name, :amount) ON CONFLICT (id) DO NOTHING

-- name: add
UPDATE thing SET amount = amount + :amount WHERE id = :id

-- name: add_to_all
UPDATE thing SET amount = amount + :amount

-- name: remove
DELETE FROM thing WHERE id = :id

-- name: put_sample
INSERT INTO sample (id, flag, blob, at, key, ratio, note, count)
VALUES (:id, :flag, :blob, :at, :key, :ratio, :note, :count)

-- name: samples
SELECT id, flag, blob, at, key, ratio, note, count FROM sample ORDER BY id LIMIT 1000

-- name: notes
SELECT note FROM sample ORDER BY note LIMIT 1000

-- name: broken
SELECT * FROM no_such_table

-- name: lock
-- dialect: sqlite
SELECT id, name, amount FROM thing WHERE id = :id

-- name: lock
-- dialect: postgres
SELECT id, name, amount FROM thing WHERE id = :id FOR UPDATE

-- name: linger
-- dialect: sqlite
WITH RECURSIVE step (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < 1000000000) SELECT max(n) FROM step

-- name: linger
-- dialect: postgres
SELECT pg_sleep(60)

-- name: put_many
-- dialect: postgres
INSERT INTO thing (id, name, amount) SELECT * FROM unnest(:ids::bigint[], :names::text[], :amounts::bigint[])

-- name: things_by_id
-- dialect: postgres
SELECT id, name, amount FROM thing WHERE id = ANY (:ids::bigint[])
"""
STATEMENTS = parse(TEXT, "things.py")


class Thing(msgspec.Struct, frozen=True):
    id: int
    name: str
    amount: int = 1
    idempotency: Any = None


class Row(msgspec.Struct, frozen=True):
    id: int
    name: str
    amount: int


class Total(msgspec.Struct, frozen=True):
    number: int
    total: int


class Sample(msgspec.Struct, frozen=True):
    id: int
    flag: bool | None = None
    blob: bytes | None = None
    at: datetime | None = None
    key: UUID | None = None
    ratio: float | None = None
    note: str | None = None
    count: int | None = None


def query(name: str, row: type[R]) -> Query[R]:
    return Query(name, STATEMENTS[name], row)


ALL = query("all_things", Row)
ONE = query("thing", Row)
TOTAL = query("total", Total)
PUT = query("put", tuple)
PUT_CHILD = query("put_child", tuple)
PUT_RETURNING = query("put_returning", Row)
PUT_OR_LEAVE = query("put_or_leave", tuple)
PUT_MANY = query("put_many", tuple)
ADD = query("add", tuple)
ADD_TO_ALL = query("add_to_all", tuple)
REMOVE = query("remove", tuple)
PUT_SAMPLE = query("put_sample", tuple)
SAMPLES = query("samples", Sample)
NOTES = query("notes", tuple)
BROKEN = query("broken", tuple)
LOCK = query("lock", Row)
LINGER = query("linger", tuple)
BY_ID = query("things_by_id", Row)


def _refused(things: list[Thing]) -> list[Any]:
    """Return the id of each thing, or a foreseen failure in its place."""
    return [Conflict("no more than 1000") if thing.amount > 1000 else thing.id for thing in things]


def put_on_sqlite(run: Any, things: list[Thing]) -> Sequence[Any]:
    run.execute_rows(PUT, [(thing.id, thing.name, thing.amount) for thing in things if thing.amount <= 1000])
    return _refused(things)


async def put_on_postgres(connection: Any, things: list[Thing]) -> Sequence[Any]:
    kept = [thing for thing in things if thing.amount <= 1000]
    columns = [thing.id for thing in kept], [thing.name for thing in kept], [thing.amount for thing in kept]
    await connection.execute(PUT_MANY.text("postgres"), *columns)
    return _refused(things)


def read_on_sqlite(run: Any, ids: list[int]) -> Sequence[Row | None]:
    return [run.fetch_one(ONE, id=one) for one in ids]


async def read_on_postgres(connection: Any, ids: list[int]) -> Sequence[Row | None]:
    rows = BY_ID.postgres_rows(await connection.fetch(BY_ID.text("postgres"), ids))
    found = {row.id: row for row in rows}
    return [found.get(one) for one in ids]


PUT_THINGS = Program("put", True, put_on_sqlite, put_on_postgres)
"""Writes things. More than 1000 is refused, foreseen; less than 0 and a name that is taken, unforeseen."""

READ_THINGS = Program("read", False, read_on_sqlite, read_on_postgres)
"""Returns the row of each id, or None."""


def names(rows: Sequence[Row]) -> list[str]:
    return [row.name for row in rows]
