"""Telemetry on each engine, with a few signals and no measurement."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from roadbed.domains.telemetry.service import Telemetry
from tests.integration.telemetry.databases import empty, migrate, new_postgres, new_sqlite, telemetry
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session")
def telemetry_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("telemetry") / "migrated.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_telemetry_url(telemetry_template: Path, tmp_path: Path) -> str:
    return new_sqlite(telemetry_template, tmp_path)


@pytest.fixture(scope="session")
def shared_telemetry_url(postgres_server: PostgresServer) -> str:
    return new_postgres(postgres_server)


@pytest.fixture
async def postgres_telemetry_url(shared_telemetry_url: str) -> str:
    await empty(shared_telemetry_url)
    return shared_telemetry_url


@pytest.fixture
def telemetry_url(engine: str, request: pytest.FixtureRequest) -> str:
    """The URL of a migrated and empty database, on SQLite and on PostgreSQL in turn."""
    return request.getfixturevalue(f"{engine}_telemetry_url")


@pytest.fixture
async def service(telemetry_url: str) -> AsyncGenerator[Telemetry]:
    async with telemetry(telemetry_url) as ready:
        yield ready
