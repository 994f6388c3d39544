"""Rows and bytes of tables: counted up to a bound, told as what they are."""

import pytest

from roadbed.data.database import Database
from roadbed.kernel.settings import Settings
from roadbed.platform import measuring
from roadbed.platform.measuring import counting, measure
from roadbed.platform.shown import storage_of
from tests.integration.platform.crew import NOON, TICK, Clock, ask, write_rows
from tests.integration.platform.test_duties import ticks


async def test_every_table_is_measured(database: Database, clock: Clock) -> None:
    await write_rows(database, ticks(1))
    count = await measure(database, clock)
    found = await ask(database, "SELECT name, row_count, kind FROM statistic_storage WHERE name <> '' ORDER BY name")
    assert (len(found), ("statistic", 12, "exact") in found) == (count, True)
    assert {"feed", "change", "idempotency", "statistic", "statistic_storage"} <= {row[0] for row in found}


async def test_what_is_gone_is_forgotten(database: Database, clock: Clock) -> None:
    await database.execute(
        measuring.statements.WRITE_STORAGE, name="gone", row_count=1, kind="exact", bytes=None, at=NOON
    )
    clock.move(TICK)
    await measure(database, clock)
    assert await ask(database, "SELECT count(*) FROM statistic_storage WHERE name = 'gone'") == [(0,)]


async def test_a_count_ends_at_its_bound(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "COUNTED", {"sqlite": 10, "postgres": 10})
    await write_rows(database, ticks(1))
    await measure(database, clock)
    assert await ask(database, "SELECT row_count, kind FROM statistic_storage WHERE name = 'statistic'") == [
        (10, "at_least")
    ]


@pytest.mark.parametrize("bound", [11, 12, 13])
async def test_the_bound_is_what_may_be_counted(database: Database, bound: int) -> None:
    await write_rows(database, ticks(1))
    found = await database.fetch_one(counting("statistic", bound))
    assert found is not None
    assert found.total == min(12, bound + 1)


@pytest.mark.parametrize("engine", ["postgres"])
async def test_beyond_the_bound_the_planner_is_asked(
    database: Database, bare_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncpg

    await write_rows(database, ticks(2))
    connection = await asyncpg.connect(bare_url)
    await connection.execute("ANALYZE statistic")
    await connection.close()
    monkeypatch.setattr(measuring, "COUNTED", {"postgres": 10})
    await measure(database, clock)
    assert await ask(database, "SELECT row_count, kind FROM statistic_storage WHERE name = 'statistic'") == [
        (24, "estimate")
    ]


@pytest.mark.parametrize("name", ['od"d', "odd; DROP TABLE feed", "select"])
def test_names_are_quoted(name: str) -> None:
    sql = counting(name, 5).text("postgres")
    assert (
        sql
        == f'SELECT count(*) AS total FROM (SELECT 1 FROM "{name.replace(chr(34), chr(34) * 2)}" LIMIT 6) AS bounded'
    )


async def test_the_whole_is_shown(database: Database, bare_url: str, clock: Clock) -> None:
    settings = Settings(database_url=bare_url)
    before = await storage_of(database, settings, [])
    await measure(database, clock)
    after = await storage_of(database, settings, [])
    assert (before.measured_at, before.tables, after.measured_at) == (None, [], NOON)
    assert (after.database_bytes > 10_000, after.disk_size >= after.disk_free > 0) == (True, True)
    is_file = database.dialect == "sqlite"
    assert (after.wal_bytes is not None, after.free_bytes is not None) == (is_file, is_file)
    assert [table.bytes is None for table in after.tables] == [is_file] * len(after.tables)
    assert {table.domain for table in after.tables} == {"platform"}
