"""The tables of telemetry: migrated as declared, there and back, and what they refuse."""

from pathlib import Path

import apsw
import asyncpg
import pytest

from roadbed.data.migrations import parent
from roadbed.resource.registry import load_domains, locations
from tests.integration.migrations.reading import run, schema
from tests.integration.telemetry.databases import DOMAIN

PLACES = locations(load_domains([DOMAIN]))
REFUSED = (
    "UPDATE telemetry_asset SET asset_id = 2",
    "DELETE FROM telemetry_asset",
    "DELETE FROM telemetry_signal",
    "UPDATE telemetry_signal SET signal_id = 2",
    "UPDATE telemetry_signal SET asset_id = 2",
    "UPDATE telemetry_asset SET latitude = 90.1",
    "UPDATE telemetry_asset SET longitude = -180.1",
    "INSERT INTO telemetry_measurement SELECT signal_id, {time}, 2e100 FROM telemetry_signal",
)


@pytest.fixture
def other_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A second empty database, on the same engine."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path / 'other.db'}"
    return request.getfixturevalue("postgres_server").create_database()


def test_a_migrated_schema_equals_a_fresh_one_and_leaves_again(telemetry_url: str, other_url: str) -> None:
    parent.create_fresh(other_url, PLACES)
    before = schema(telemetry_url)
    assert before == schema(other_url)
    assert parent.differences(telemetry_url, PLACES) == []
    assert parent.downgrade(telemetry_url, PLACES, "telemetry", None) == ["telemetry_0001"]
    assert parent.upgrade(telemetry_url, PLACES) == ["telemetry_0001"]
    assert schema(telemetry_url) == before


def test_what_no_code_of_ours_would_do_is_refused(engine: str, telemetry_url: str) -> None:
    gid, time = ("zeroblob(16)", "0") if engine == "sqlite" else ("gen_random_uuid()", "now()")
    run(
        telemetry_url,
        "INSERT INTO telemetry_asset VALUES (1, 47, 8, 'x')",
        f"INSERT INTO telemetry_signal VALUES (1, {gid}, 'x', 1, 'kV')",
    )
    for statement in REFUSED:
        with pytest.raises((apsw.ConstraintError, asyncpg.IntegrityConstraintViolationError)):
            run(telemetry_url, statement.format(time=time))
