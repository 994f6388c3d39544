"""The library on each engine, on a database of its own, with what speaks HTTP above it and no server."""

import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest

from roadbed.data.migrations.parent import create_fresh
from tests.integration.resource.world import LOCATIONS, World, opened
from tests.support.postgres import PostgresServer


def make_tables(url: str) -> None:
    create_fresh(url, LOCATIONS)


@pytest.fixture(scope="session")
def sqlite_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("library") / "library.db"
    make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def shared_postgres_library(postgres_server: PostgresServer) -> str:
    return postgres_server.create_database(postgres_server.template("library", make_tables))


async def empty(url: str) -> None:
    """Empty a library on PostgreSQL, in a tenth of the time of making a new one."""
    connection = await asyncpg.connect(url)
    # A history that is append-only would refuse it.
    await connection.execute("SET session_replication_role = replica")
    names = await connection.fetch("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    await connection.execute(f"TRUNCATE {', '.join(row[0] for row in names)}")
    await connection.close()


@pytest.fixture
async def postgres_library_url(shared_postgres_library: str) -> str:
    await empty(shared_postgres_library)
    return shared_postgres_library


@pytest.fixture
def sqlite_library_url(sqlite_library: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(sqlite_library, tmp_path / 'library.db')}"


@pytest.fixture
def library_url(engine: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty library, on SQLite and on PostgreSQL in turn."""
    return request.getfixturevalue(f"{engine}_library_url")


@pytest.fixture
async def world(library_url: str) -> AsyncGenerator[World]:
    async with opened(library_url) as made:
        yield made
