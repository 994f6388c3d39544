"""The library on each engine, on a database of its own, with what speaks HTTP above it and no server."""

from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest

from roadbed.data.migrations.parent import create_fresh
from tests.integration.resource.world import LOCATIONS, World, opened
from tests.support.postgres import PostgresServer
from tests.support.prepared import Prepared


def new_library(prepared: Prepared, place: Path | PostgresServer) -> str:
    """Return the URL of an empty library, in a file or on a server."""
    return prepared.schema("library", lambda url: create_fresh(url, LOCATIONS), place)


@pytest.fixture(scope="session")
def shared_postgres_library(prepared: Prepared, postgres_server: PostgresServer) -> str:
    return new_library(prepared, postgres_server)


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
def sqlite_library_url(prepared: Prepared, tmp_path: Path) -> str:
    return new_library(prepared, tmp_path / "library.db")


@pytest.fixture
def library_url(engine: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty library, on SQLite and on PostgreSQL in turn."""
    return request.getfixturevalue(f"{engine}_library_url")


@pytest.fixture
async def world(library_url: str) -> AsyncGenerator[World]:
    async with opened(library_url) as made:
        yield made
