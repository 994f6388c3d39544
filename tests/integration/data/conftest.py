"""Both engines, with tables to write to."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from roadbed.data.database import Database
from tests.integration.data.stores import (
    Heard,
    PostgresStore,
    SqliteStore,
    Store,
    new_postgres,
    new_sqlite,
)
from tests.support.postgres import PostgresServer
from tests.support.prepared import Prepared


@pytest.fixture
def sqlite_store(prepared: Prepared, tmp_path: Path) -> SqliteStore:
    return new_sqlite(prepared, tmp_path / "store.db")


@pytest.fixture(scope="session")
def shared_postgres_store(prepared: Prepared, postgres_server: PostgresServer) -> PostgresStore:
    """One database with all tables. To empty it takes a tenth of the time of making another one."""
    return new_postgres(prepared, postgres_server)


@pytest.fixture
def postgres_store(shared_postgres_store: PostgresStore) -> PostgresStore:
    shared_postgres_store.rows(
        "TRUNCATE thing, sample, idempotency, feed, change; DROP TABLE IF EXISTS alembic_version"
    )
    return shared_postgres_store


@pytest.fixture
def own_postgres_store(prepared: Prepared, postgres_server: PostgresServer) -> Iterator[PostgresStore]:
    """A database for this test alone, whose tables it may change."""
    store = new_postgres(prepared, postgres_server)
    yield store
    postgres_server.drop_database(store.url)


@pytest.fixture
def store(engine: str, request: pytest.FixtureRequest) -> Store:
    """A database on SQLite and on PostgreSQL in turn."""
    return request.getfixturevalue(f"{engine}_store")


@pytest.fixture
def heard() -> Heard:
    """What ``database`` emits."""
    return Heard()


@pytest.fixture
async def database(store: Store, heard: Heard) -> AsyncGenerator[Database]:
    """The store, opened, on both engines in turn."""
    opened = await store.open(heard)
    yield opened
    await opened.close(5)


@pytest.fixture
async def sqlite(sqlite_store: SqliteStore, heard: Heard) -> AsyncGenerator[Database]:
    """A SQLite database, opened."""
    opened = await sqlite_store.open(heard)
    yield opened
    await opened.close(5)


@pytest.fixture
async def postgres(postgres_store: PostgresStore, heard: Heard) -> AsyncGenerator[Database]:
    """A PostgreSQL database, opened."""
    opened = await postgres_store.open(heard)
    yield opened
    await opened.close(5)
