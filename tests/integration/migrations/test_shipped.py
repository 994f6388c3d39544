"""All shipped domains in one database: the migrations make what is declared, and each goes down and up alone."""

from pathlib import Path

import pytest

from roadbed.data.migrations import parent
from roadbed.data.migrations.locations import Location
from roadbed.resource.registry import SHIPPED, load_domains, locations
from tests.integration.migrations.conftest import CopyOf
from tests.integration.migrations.reading import schema


@pytest.fixture
def shipped() -> list[Location]:
    return locations(load_domains(list(SHIPPED)))


@pytest.fixture
def shipped_url(engine: str, copy_of: CopyOf, shipped: list[Location]) -> str:
    return copy_of("migrated shipped", lambda url: parent.upgrade(url, shipped), engine)


def test_a_migrated_schema_equals_a_fresh_one(
    shipped_url: str, shipped: list[Location], engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    fresh = f"sqlite:///{tmp_path / 'fresh.db'}"
    if engine == "postgres":
        fresh = request.getfixturevalue("postgres_server").create_database()
    parent.create_fresh(fresh, shipped)
    assert schema(shipped_url) == schema(fresh)
    assert parent.differences(shipped_url, shipped) == []


def test_each_goes_down_and_up_alone(shipped_url: str, shipped: list[Location]) -> None:
    before = schema(shipped_url)
    for location in shipped:
        undone = parent.downgrade(shipped_url, shipped, location.branch, None)
        assert undone
        assert schema(shipped_url) != before
        assert parent.upgrade(shipped_url, shipped) == undone[::-1]
        assert schema(shipped_url) == before
