"""A store on each engine, on a database of its own."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from roadbed.domains.kv.service import Store
from tests.integration.kv.databases import Opened, empty, new, opened
from tests.support.postgres import PostgresServer
from tests.support.prepared import Prepared


@pytest.fixture(scope="session")
def kv_shared_postgres_url(prepared: Prepared, postgres_server: PostgresServer) -> str:
    return new(prepared, postgres_server)


@pytest.fixture
async def postgres_kv_url(kv_shared_postgres_url: str) -> str:
    """The URL of a migrated and empty database on PostgreSQL."""
    await empty(kv_shared_postgres_url)
    return kv_shared_postgres_url


@pytest.fixture
def sqlite_kv_url(prepared: Prepared, tmp_path: Path) -> str:
    """The URL of a migrated and empty database on SQLite."""
    return new(prepared, tmp_path / "kv.db")


@pytest.fixture
def kv_url(engine: str, request: pytest.FixtureRequest) -> str:
    """The URL of a migrated and empty database, on SQLite and on PostgreSQL in turn."""
    return request.getfixturevalue(f"{engine}_kv_url")


@pytest.fixture
async def open_store(kv_url: str) -> AsyncGenerator[Opened]:
    """A store with what is beneath it."""
    async with opened(kv_url) as ready:
        yield ready


@pytest.fixture
def store(open_store: Opened) -> Store:
    return open_store.store
