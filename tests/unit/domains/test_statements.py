"""The named SQL of the domains: all of it used, none of it reading more than it must on SQLite."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import apsw
import pytest

from roadbed.data.migrations.parent import create_fresh
from roadbed.data.queries import Dialect, Queries
from roadbed.kernel.errors import ConfigurationError
from roadbed.resource.registry import load_domains, locations

# The lists of everything start at the first row; what is counted is counted whole. What figures are made of is read
# whole too, off every request's path and not often (`platform.looking`).
SCANNED = {
    "ledger": {"first_accounts", "count_transactions", "count_accounts", "books"},
    "kv": set[str](),
    "telemetry": {"count_assets", "count_signals"},
    "vouchers": {"sold"},
}
# No tables, but what a statement has made itself: a page of rows, a row that was computed.
PAGES = {"page", "sized", "s", "CONSTANT", "about", "exact", "b"}


def package(domain: str) -> Path:
    return Path(__file__).parents[3] / "src" / "roadbed" / "domains" / domain


def statements(domain: str) -> Queries:
    return Queries(f"roadbed.domains.{domain}")


def texts(dialect: Dialect) -> Iterator[tuple[str, str, str]]:
    for domain in SCANNED:
        for name in statements(domain).names:
            try:
                yield domain, name, statements(domain).statement(name).text(dialect)
            except ConfigurationError:
                continue


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    path = tmp_path_factory.mktemp("domains") / "fresh.db"
    create_fresh(f"sqlite:///{path}", locations(load_domains(list(SCANNED))))
    opened = apsw.Connection(str(path))
    yield opened
    opened.close()


def stored(connection: apsw.Connection, text: str) -> set[str]:
    """Return what a statement calls the tables: a plan names them so, beside what the statement itself makes."""
    tables = "|".join(name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"))
    found = re.findall(rf"\b({tables})\b(?:\s+(?:AS\s+)?(?!(?:SET|WHERE|ON|CROSS|LEFT|JOIN|ORDER)\b)(\w+))?", text)
    return {word for pair in found for word in pair if word}


@pytest.mark.parametrize(("domain", "name", "text"), [*texts("sqlite")])
def test_no_statement_scans_a_table(connection: apsw.Connection, domain: str, name: str, text: str) -> None:
    values: list[Any] = [None] * len(set(re.findall(r"\?\d+", text)))
    for place in re.findall(r"carray\(\?(\d+)\)", text):
        values[int(place) - 1] = apsw.carray((b"",))
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
    scans = {step.split()[1] for step in plan if step.startswith("SCAN") and "carray" not in step}
    tables = (scans & stored(connection, text)) - set(PAGES)
    assert bool(tables) is (name in SCANNED[domain]), plan


@pytest.mark.parametrize("domain", SCANNED)
def test_every_statement_is_used(domain: str) -> None:
    source = "".join(path.read_text() for path in package(domain).glob("*.py"))
    assert [name for name in statements(domain).names if f'"{name}"' not in source] == []


@pytest.mark.parametrize("domain", SCANNED)
def test_a_statement_that_both_engines_run_exists_on_both(domain: str) -> None:
    """Those of one dialect alone belong to the flights, whose programs part there anyway."""
    found = {dialect: {name for of, name, _ in texts(dialect) if of == domain} for dialect in get_args(Dialect)}
    alone = set.union(*found.values()) - set.intersection(*found.values())
    paths = [path for dialect in found for path in package(domain).glob(f"*_{dialect}.py")]
    in_flights = "".join(path.read_text() for path in paths)
    assert [name for name in alone if f'"{name}"' not in in_flights] == []
