"""The named SQL of the ledger: all of it used, none of it reading more than it must on SQLite."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import apsw
import pytest

from roadbed.data.migrations.locations import Location
from roadbed.data.migrations.parent import create_fresh
from roadbed.data.queries import Dialect, Queries
from roadbed.domains import ledger
from roadbed.kernel.errors import ConfigurationError

PACKAGE = Path(ledger.__file__).parent
STATEMENTS = Queries("roadbed.domains.ledger")

# The lists of all accounts start at the first one; what is counted is counted whole.
SCANNED = {"first_accounts", "count_transactions", "count_accounts"}


def on_sqlite() -> Iterator[tuple[str, str]]:
    for name in STATEMENTS.names:
        try:
            yield name, STATEMENTS.statement(name).text("sqlite")
        except ConfigurationError:
            continue


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    path = tmp_path_factory.mktemp("ledger") / "fresh.db"
    tables = "roadbed.domains.ledger.tables:metadata"
    create_fresh(f"sqlite:///{path}", [Location("ledger", "roadbed.domains.ledger.migrations", tables)])
    opened = apsw.Connection(str(path))
    yield opened
    opened.close()


@pytest.mark.parametrize(("name", "text"), [*on_sqlite()])
def test_no_statement_scans_a_table(connection: apsw.Connection, name: str, text: str) -> None:
    values: list[Any] = [None] * len(set(re.findall(r"\?\d+", text)))
    for place in re.findall(r"carray\(\?(\d+)\)", text):
        values[int(place) - 1] = apsw.carray((b"",))
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
    scans = [step for step in plan if step.startswith("SCAN") and "carray" not in step]
    assert (scans != []) is (name in SCANNED), plan


def test_every_statement_is_used() -> None:
    source = "".join(path.read_text() for path in PACKAGE.glob("*.py"))
    assert [name for name in STATEMENTS.names if f'"{name}"' not in source] == []


def test_a_statement_that_both_engines_run_exists_on_both() -> None:
    """Those of one dialect alone belong to the flights, whose programs part there anyway."""
    alone: dict[str, set[str]] = {}
    for name in STATEMENTS.names:
        for dialect in get_args(Dialect):
            try:
                STATEMENTS.statement(name).text(dialect)
            except ConfigurationError:
                alone.setdefault(dialect, set()).add(name)
    in_flights = (PACKAGE / "post_sqlite.py").read_text() + (PACKAGE / "post_postgres.py").read_text()
    assert all(f'"{name}"' in in_flights for names in alone.values() for name in names)
