"""Settings choose the engine; its driver is imported only then."""

import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from roadbed.data.opening import open_database, stored_heads
from roadbed.data.postgres import PostgresOptions
from roadbed.data.sqlite import SqliteOptions
from roadbed.kernel.errors import ConfigurationError, RoadbedError, Unavailable
from roadbed.kernel.events import Events
from roadbed.kernel.settings import Settings

GIVEN = {
    "flight_capacity": 11,
    "flight_queue": 12,
    "statement_timeout": 13.0,
    "lock_timeout": 14.0,
    "transaction_timeout": 15.0,
    "sqlite_readers": 3,
    "pool_size": 4,
    "pool_timeout": 5.5,
    "connect_timeout": 6.5,
}


async def test_sqlite_is_opened(tmp_path: Path) -> None:
    database = await open_database(Settings(data=tmp_path), Events())
    try:
        assert (database.dialect, (tmp_path / "roadbed.db").exists()) == ("sqlite", True)
    finally:
        await database.close(1.0)


async def test_postgresql_is_opened(postgres_url: str) -> None:
    database = await open_database(Settings(database_url=postgres_url), Events())
    try:
        assert database.dialect == "postgres"
    finally:
        await database.close(1.0)


async def test_settings_reach_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[SqliteOptions] = []

    async def keep(options: SqliteOptions, _events: Events) -> None:
        got.append(options)

    monkeypatch.setattr("roadbed.data.sqlite.open_sqlite", keep)
    await open_database(Settings(data=tmp_path, **GIVEN), Events())
    assert got == [
        SqliteOptions(
            path=str(tmp_path / "roadbed.db"),
            readers=3,
            flight_capacity=11,
            flight_queue=12,
            writer_queue=12,
            reader_queue=12,
            busy_timeout=14.0,
            statement_timeout=13.0,
            transaction_timeout=15.0,
        )
    ]


@pytest.mark.parametrize(("direct", "pooler"), [("", False), ("postgresql://host:5433/name", True)])
async def test_settings_reach_postgresql(direct: str, pooler: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[PostgresOptions] = []

    async def keep(options: PostgresOptions, _events: Events) -> None:
        got.append(options)

    monkeypatch.setattr("roadbed.data.postgres.open_postgres", keep)
    url = "postgresql://host/name"
    await open_database(Settings(database_url=url, database_direct_url=direct, **GIVEN), Events())
    assert got == [
        PostgresOptions(
            url=url,
            direct_url=direct,
            pool_size=4,
            pool_queue=12,
            pool_timeout=5.5,
            connect_timeout=6.5,
            flight_capacity=11,
            flight_queue=12,
            statement_timeout=13.0,
            lock_timeout=14.0,
            transaction_timeout=15.0,
            pooler=pooler,
        )
    ]


def test_a_missing_driver_is_named() -> None:
    code = (
        "import asyncio, sys; sys.modules['asyncpg'] = None\n"
        "from roadbed.data.opening import open_database; from roadbed.kernel.errors import ConfigurationError\n"
        "from roadbed.kernel.events import Events; from roadbed.kernel.settings import Settings\n"
        "try: asyncio.run(open_database(Settings(database_url='postgresql://host/name'), Events()))\n"
        "except ConfigurationError as error: print(error.detail)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "PostgreSQL needs the Python package asyncpg: pip install 'roadbed[postgres]'\n"


async def test_a_missing_file_is_at_nothing_and_stays_missing(tmp_path: Path) -> None:
    found = await stored_heads(Settings(data=tmp_path), Events())
    assert (found, (tmp_path / "roadbed.db").exists()) == ((), False)


async def test_a_new_database_is_at_nothing(engine_url: str) -> None:
    settings = Settings(database_url=engine_url)
    database = await open_database(settings, Events())
    await database.close(1.0)
    assert await stored_heads(settings, Events()) == ()


async def test_a_database_says_where_it_is(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / "roadbed.db"))
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.execute("INSERT INTO alembic_version VALUES ('b_0002'), ('a_0001')")
    connection.close()
    assert await stored_heads(Settings(data=tmp_path), Events()) == ("a_0001", "b_0002")


async def test_looking_closes_what_it_opened(tmp_path: Path) -> None:
    apsw.Connection(str(tmp_path / "roadbed.db")).close()
    (tmp_path / "roadbed.db").write_bytes(b"")
    await stored_heads(Settings(data=tmp_path), Events())
    assert not (tmp_path / "roadbed.db-wal").exists()


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (Settings(database_url="postgresql://127.0.0.1:1/x"), Unavailable),
        (Settings(data=Path("no/such/folder")), ConfigurationError),
    ],
)
async def test_what_cannot_be_opened_is_told_in_words(settings: Settings, error: type[RoadbedError]) -> None:
    with pytest.raises(error):
        await open_database(settings, Events())


@pytest.mark.parametrize("driver", ["apsw", "asyncpg"])
def test_no_driver_is_imported_before(driver: str) -> None:
    code = f"import sys, roadbed.data.opening; print({driver!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"
