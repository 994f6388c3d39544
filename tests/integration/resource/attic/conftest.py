"""Databases with the attic's tables, made once and copied."""

from pathlib import Path

import pytest

from roadbed.data.migrations.parent import create_fresh
from tests.integration.resource.attic.domain import LOCATION
from tests.support.prepared import Prepared


def make(url: str) -> None:
    create_fresh(url, [LOCATION])


@pytest.fixture
def attic_url(engine: str, request: pytest.FixtureRequest, prepared: Prepared, tmp_path: Path) -> str:
    """The URL of an empty attic, on SQLite and on PostgreSQL in turn."""
    place = tmp_path / "attic.db" if engine == "sqlite" else request.getfixturevalue("postgres_server")
    return prepared.schema("attic", make, place)
