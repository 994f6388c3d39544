"""Batches of rows: all of them or none, the later one of a key wins, and what came is counted alike on both engines."""

from collections.abc import AsyncGenerator

import apsw
import asyncpg
import pytest

from roadbed.data.bulk import BulkTable, Merged
from roadbed.data.database import Database
from roadbed.kernel.errors import RoadbedError
from tests.integration.data.stores import Store

READING = BulkTable("reading", (("number", "integer"), ("at", "instant"), ("value", "real")), key=2)
NAME = BulkTable("name", (("number", "integer"),), key=1)
CHECK = "CONSTRAINT ck_value CHECK (value < 1e6)"
TABLES = {
    "sqlite": f"""
        CREATE TABLE reading (number INTEGER, at INTEGER, value REAL NOT NULL {CHECK}, PRIMARY KEY (number, at)) STRICT;
        CREATE TABLE name (number INTEGER PRIMARY KEY) STRICT""",
    "postgres": f"""
        DROP TABLE IF EXISTS reading, name;
        CREATE TABLE reading (number bigint, at timestamptz, value float8 {CHECK}, PRIMARY KEY (number, at));
        CREATE TABLE name (number bigint PRIMARY KEY)""",
}
AT = {"sqlite": "at", "postgres": "(extract(epoch FROM at) * 1000000)::bigint"}
MANY = 2500
"""More rows than go into one statement, and not a multiple of these."""


@pytest.fixture
async def loading(engine: str, store: Store) -> AsyncGenerator[Database]:
    store.rows(TABLES[engine])
    database = await store.open()
    yield database
    await database.close(5)


def columns(*rows: tuple[int, int, float]) -> list[list[float]]:
    return [list(column) for column in zip(*rows, strict=True)]


async def test_the_later_row_of_a_key_wins(loading: Database, store: Store, engine: str) -> None:
    new = [(number % 7, number * 10**6 - 1, float(number)) for number in range(MANY)]
    changed = [(number, at, value + (value >= 100)) for number, at, value in new]
    steps = [
        (new, Merged(MANY, 0, 0)),
        (new, Merged(0, 0, MANY)),
        ([*new, *changed, (9, 0, 1.0), (9, 0, 2.0)], Merged(1, MANY - 100, 100)),
        ([(9, 1, 3.0)], Merged(1, 0, 0)),
        ([(9, 2, 4.0), (9, 1, 3.0)], Merged(1, 0, 1)),
        # The same number or the same time alone is not the same key.
        ([(9, 3, 5.0), (10, 3, 6.0), (10, 4, 7.0), (9, 0, 2.0)], Merged(3, 0, 1)),
        ([(9, 3, 8.0), (10, 3, 6.0), (9, 4, 8.0), (9, 3, 5.0)], Merged(1, 0, 2)),
    ]
    for rows, merged in steps:
        assert await loading.merge(READING, columns(*rows)) == merged
    expected = [*changed, (9, 0, 2.0), (9, 1, 3.0), (9, 2, 4.0)]
    expected += [(9, 3, 5.0), (10, 3, 6.0), (10, 4, 7.0), (9, 4, 8.0)]
    found = store.rows(f"SELECT number, {AT[engine]}, CAST(value AS int) FROM reading ORDER BY number, at")
    assert found == [f"{number}|{at}|{value:.0f}" for number, at, value in sorted(expected)]


@pytest.mark.parametrize("before", [[], [(1, 1, 1.0)]])
async def test_a_row_that_the_table_refuses_takes_all_others_along(
    loading: Database, store: Store, before: list[tuple[int, int, float]]
) -> None:
    if before:
        await loading.merge(READING, columns(*before))
    with pytest.raises((apsw.ConstraintError, asyncpg.CheckViolationError, RoadbedError)):
        await loading.merge(READING, columns((1, 1, 2.0), (1, 2, 1.0), (1, 3, 1e7)))
    assert store.rows("SELECT count(*), coalesce(sum(value), 0) FROM reading") in (
        [["0|0.0", "1|1.0"][len(before)]],
        [["0|0", "1|1"][len(before)]],
    )
    assert await loading.merge(READING, columns((1, 1, 1.0), (1, 2, 1.0))) == Merged(2 - len(before), 0, len(before))


async def test_a_table_may_be_all_key(loading: Database) -> None:
    assert await loading.merge(NAME, [[1, 2, 2]]) == Merged(2, 0, 0)
    assert await loading.merge(NAME, [[2, 3]]) == Merged(1, 0, 1)
