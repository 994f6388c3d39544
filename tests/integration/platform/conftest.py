"""The platform's own tables, empty, on each engine; processes that never ran, and a clock that is held."""

from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest

from roadbed.data.database import Database
from roadbed.data.migrations.parent import create_fresh
from tests.integration.platform.crew import Clock, opened
from tests.support.postgres import PostgresServer
from tests.support.prepared import Prepared


def make_tables(url: str) -> None:
    create_fresh(url, [])


@pytest.fixture(scope="session")
def shared_bare_postgres(prepared: Prepared, postgres_server: PostgresServer) -> str:
    return prepared.schema("platform alone", make_tables, postgres_server)


@pytest.fixture
def sqlite_bare_url(prepared: Prepared, tmp_path: Path) -> str:
    return prepared.schema("platform alone", make_tables, tmp_path / "bare.db")


@pytest.fixture
async def postgres_bare_url(shared_bare_postgres: str) -> str:
    connection = await asyncpg.connect(shared_bare_postgres)
    names = await connection.fetch("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    await connection.execute(f"TRUNCATE {', '.join(row[0] for row in names)}")
    await connection.close()
    return shared_bare_postgres


@pytest.fixture
def bare_url(engine: str, request: pytest.FixtureRequest) -> str:
    """The URL of a database with the platform's tables alone, on SQLite and on PostgreSQL in turn."""
    return request.getfixturevalue(f"{engine}_bare_url")


@pytest.fixture
async def database(bare_url: str) -> AsyncGenerator[Database]:
    async with opened(bare_url) as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()
