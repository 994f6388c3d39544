"""A ledger on each engine, on a database of its own."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from roadbed.domains.ledger.service import Ledger
from tests.integration.ledger.databases import Opened, migrated_file, new_postgres, new_sqlite, opened


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated_file(tmp_path_factory.mktemp("ledger"))


@pytest.fixture
def ledger_url(engine: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated database, on SQLite and on PostgreSQL in turn."""
    if engine == "sqlite":
        yield new_sqlite(request.getfixturevalue("sqlite_template"), request.getfixturevalue("tmp_path"))
    else:
        yield from _on_postgres(request)


@pytest.fixture
def postgres_ledger_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated database on PostgreSQL: for what only several processes on a server can meet."""
    yield from _on_postgres(request)


def _on_postgres(request: pytest.FixtureRequest) -> Iterator[str]:
    server = request.getfixturevalue("postgres_server")
    url = new_postgres(server)
    yield url
    server.drop_database(url)


@pytest.fixture
async def open_ledger(ledger_url: str) -> AsyncGenerator[Opened]:
    """A ledger with what is beneath it."""
    async with opened(ledger_url) as ready:
        yield ready


@pytest.fixture
def ledger(open_ledger: Opened) -> Ledger:
    return open_ledger.ledger
