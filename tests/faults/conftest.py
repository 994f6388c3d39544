"""A PostgreSQL server that the fault tests share, and may stop, freeze and restart."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.support.postgres import PostgresServer, running_postgres
from tests.support.process import ServerFailedError


@pytest.fixture(scope="session")
def _breakable() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def breakable_postgres(_breakable: PostgresServer) -> Iterator[PostgresServer]:
    """A PostgreSQL server for faults alone; it runs when the test begins, and again when it has ended."""
    yield _breakable
    with suppress(ServerFailedError):
        _breakable.sql("SELECT 1")
        return
    _breakable.restart("immediate")


@pytest.fixture
def breakable_url(breakable_postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty database on that server."""
    url = breakable_postgres.create_database()
    yield url
    breakable_postgres.drop_database(url)
