"""Databases with the attic's tables, made once and copied."""

import shutil
from pathlib import Path

import pytest

from roadbed.data.migrations.parent import create_fresh
from tests.integration.resource.attic.domain import LOCATION
from tests.support.postgres import PostgresServer


def make(url: str) -> None:
    create_fresh(url, [LOCATION])


@pytest.fixture(scope="session")
def prepared_attic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("attic") / "attic.db"
    make(f"sqlite:///{path}")
    return path


@pytest.fixture
def attic_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty attic, on SQLite and on PostgreSQL in turn."""
    if engine == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('prepared_attic'), tmp_path / 'attic.db')}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.create_database(server.template("attic", make))
