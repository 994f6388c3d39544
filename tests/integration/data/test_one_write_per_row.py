"""Why a flight holds at most one non-commutative write per row: what a set-based statement does with two."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from roadbed.data.database import Database, Program
from roadbed.data.named_sql import parse
from roadbed.data.queries import Query
from tests.integration.data import things
from tests.integration.data.things import Row

SET_NAIVELY = {
    "sqlite": "UPDATE thing SET amount = v.column2 FROM (VALUES (1, 10), (1, 20)) v WHERE thing.id = v.column1",
    "postgres": "UPDATE thing SET amount = v.new FROM (VALUES (1, 10), (1, 20)) v (id, new) WHERE thing.id = v.id",
}
UPSERT = """\
-- name: upsert
INSERT INTO thing (id, name, amount) VALUES (1, 'a', 10), (1, 'a', 20)
    ON CONFLICT (id) DO UPDATE SET amount = thing.amount + excluded.amount
"""


def add_on_sqlite(run: Any, items: list[tuple[int, int]]) -> Sequence[Any]:
    run.execute_rows(things.ADD, [(amount, number) for number, amount in items])
    return items


async def add_on_postgres(connection: Any, items: list[tuple[int, int]]) -> Sequence[Any]:
    """Correct only while no two items have one row."""
    numbers, amounts = [number for number, _ in items], [amount for _, amount in items]
    await connection.execute(
        "UPDATE thing SET amount = thing.amount + v.amount FROM unnest($1::bigint[], $2::bigint[]) v (id, amount)"
        " WHERE thing.id = v.id",
        numbers,
        amounts,
    )
    return items


ADDING = Program("adding", True, add_on_sqlite, add_on_postgres)


async def put_one(database: Database) -> None:
    await database.execute(things.PUT, id=1, name="a", amount=0)


async def test_an_update_from_two_rows_silently_drops_one(database: Database) -> None:
    await put_one(database)
    sql = SET_NAIVELY[database.dialect]
    update = Query("update", parse(f"-- name: u\n-- dialect: {database.dialect}\n{sql}")["u"], tuple)
    # Two writes were asked for; one row changed, by one of them, and no error says so.
    assert await database.execute(update) == 1
    row = await database.fetch_one(things.ONE, id=1)
    assert row is not None
    assert row.amount in (10, 20)


async def test_a_flight_without_keys_loses_additions_to_one_row(postgres: Database) -> None:
    await put_one(postgres)
    flight = postgres.flight(ADDING)
    await asyncio.gather(*(flight.join((1, 1)) for _ in range(50)))
    assert await postgres.fetch_one(things.ONE, id=1) == Row(1, "a", 1)


async def test_a_flight_with_keys_loses_none(database: Database) -> None:
    await put_one(database)
    flight = database.flight(ADDING, keys=lambda item: [item[0]])
    await asyncio.gather(*(flight.join((1, 1)) for _ in range(50)))
    assert await database.fetch_one(things.ONE, id=1) == Row(1, "a", 50)


async def test_an_upsert_of_two_rows_raises_on_postgres(postgres: Database) -> None:
    upsert = Query("upsert", parse(UPSERT)["upsert"], tuple)
    with pytest.raises(asyncpg.CardinalityViolationError, match="cannot affect row a second time"):
        await postgres.execute(upsert)
