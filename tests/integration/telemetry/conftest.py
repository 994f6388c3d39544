"""Telemetry on each engine, with a few signals and no measurement."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from roadbed.domains.telemetry.service import Telemetry
from tests.integration.telemetry.databases import empty, new, telemetry
from tests.support.postgres import PostgresServer
from tests.support.prepared import Prepared


@pytest.fixture
def sqlite_telemetry_url(prepared: Prepared, tmp_path: Path) -> str:
    return new(prepared, tmp_path / "telemetry.db")


@pytest.fixture(scope="session")
def shared_telemetry_url(prepared: Prepared, postgres_server: PostgresServer) -> str:
    return new(prepared, postgres_server)


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
