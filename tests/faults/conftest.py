"""Databases for fault tests: migrated beforehand, on a PostgreSQL server that may be stopped, frozen and restarted."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults import sample
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.process import ServerFailedError


@pytest.fixture(scope="session")
def _breakable() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def breakable_postgres(_breakable: PostgresServer) -> Iterator[PostgresServer]:
    """A PostgreSQL server for fault tests alone; it runs when the test begins, and again when it has ended."""
    yield _breakable
    with suppress(ServerFailedError):
        _breakable.sql("SELECT 1")
        return
    _breakable.restart("immediate")


@pytest.fixture
def migrated(breakable_postgres: PostgresServer) -> str:
    """The name of a database on that server with the ledger's tables, to be copied."""
    return breakable_postgres.template("migrated", sample.prepare)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the ledger's tables, to be copied: a start that has nothing to migrate takes half the time."""
    path = tmp_path_factory.mktemp("migrated") / "ledger.db"
    sample.prepare(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgres_url(breakable_postgres: PostgresServer, migrated: str) -> Iterator[str]:
    """The URL of a PostgreSQL database with the ledger's tables, empty."""
    url = breakable_postgres.create_database(migrated)
    yield url
    breakable_postgres.drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    """The URL of a SQLite file with the ledger's tables, empty."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'ledger.db')}"


@pytest.fixture
def new_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, on SQLite and on PostgreSQL in turn."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    server: PostgresServer = request.getfixturevalue("breakable_postgres")
    url = server.create_database()
    yield url
    server.drop_database(url)
