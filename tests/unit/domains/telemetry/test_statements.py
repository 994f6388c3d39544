"""The named SQL of telemetry: all of it used, none of it reading more than it must on SQLite."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from roadbed.data.migrations.parent import create_fresh
from roadbed.data.queries import Queries
from roadbed.domains import telemetry
from roadbed.resource.registry import load_domains, locations

PACKAGE = Path(telemetry.__file__).parent
STATEMENTS = Queries("roadbed.domains.telemetry")

# What is counted is counted whole; of a range already found the figures are.
SCANNED = {"count_assets", "count_signals", "statistics", "buckets"}


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    path = tmp_path_factory.mktemp("telemetry") / "fresh.db"
    create_fresh(f"sqlite:///{path}", locations(load_domains(["roadbed.domains.telemetry:domain"])))
    opened = apsw.Connection(str(path))
    yield opened
    opened.close()


@pytest.mark.parametrize("name", STATEMENTS.names)
def test_no_statement_scans_a_table(connection: apsw.Connection, name: str) -> None:
    text = STATEMENTS.statement(name).text("sqlite")
    values: list[Any] = [None] * len(set(re.findall(r"\?\d+", text)))
    for place in re.findall(r"carray\(\?(\d+)\)", text):
        values[int(place) - 1] = apsw.carray((b"",))
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
    scans = [step for step in plan if step.startswith("SCAN") and "carray" not in step]
    assert (scans != []) is (name in SCANNED), plan
    assert all("telemetry_measurement" not in step for step in scans), plan


def test_every_statement_is_used() -> None:
    source = "".join(path.read_text() for path in PACKAGE.glob("*.py"))
    assert [name for name in STATEMENTS.names if f'"{name}"' not in source] == []
