"""A ledger on each engine, on a database of its own."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from roadbed.domains.ledger.service import Ledger
from tests.integration.ledger.databases import Opened, empty, new, opened
from tests.support.postgres import PostgresServer
from tests.support.prepared import Prepared


@pytest.fixture(scope="session")
def shared_postgres_url(prepared: Prepared, postgres_server: PostgresServer) -> str:
    return new(prepared, postgres_server)


@pytest.fixture
async def postgres_ledger_url(shared_postgres_url: str) -> str:
    """The URL of a migrated and empty database on PostgreSQL."""
    await empty(shared_postgres_url)
    return shared_postgres_url


@pytest.fixture
def sqlite_ledger_url(prepared: Prepared, tmp_path: Path) -> str:
    """The URL of a migrated and empty database on SQLite."""
    return new(prepared, tmp_path / "ledger.db")


@pytest.fixture
def ledger_url(engine: str, request: pytest.FixtureRequest) -> str:
    """The URL of a migrated and empty database, on SQLite and on PostgreSQL in turn."""
    return request.getfixturevalue(f"{engine}_ledger_url")


@pytest.fixture
async def open_ledger(ledger_url: str) -> AsyncGenerator[Opened]:
    """A ledger with what is beneath it."""
    async with opened(ledger_url) as ready:
        yield ready


@pytest.fixture
def ledger(open_ledger: Opened) -> Ledger:
    return open_ledger.ledger
