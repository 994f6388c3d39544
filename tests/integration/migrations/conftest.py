"""What the tests of migrations share."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from roadbed.data.migrations import parent
from roadbed.data.migrations.locations import Location
from roadbed.resource.registry import load_domains, locations
from tests.integration.migrations.branches import Branch
from tests.support.prepared import Prepared


class CopyOf(Protocol):
    """The type of the fixture ``copy_of``."""

    def __call__(self, key: str, prepare: Callable[[str], object], engine: str) -> str:
        """Return the URL of a copy of a database that ``prepare(url)`` made of an empty one, once per key."""
        ...


@pytest.fixture
def copy_of(request: pytest.FixtureRequest, prepared: Prepared, tmp_path: Path) -> CopyOf:
    """Copy prepared databases: every migration starts a process, and that takes most of the time of these tests."""

    def copy(key: str, prepare: Callable[[str], object], engine: str) -> str:
        place = tmp_path / "copy.db" if engine == "sqlite" else request.getfixturevalue("postgres_server")
        return prepared.schema(key, prepare, place)

    return copy


@pytest.fixture
def migrated_url(engine: str, copy_of: CopyOf, ledger: list[Location]) -> str:
    """The URL of a migrated, empty ledger on either engine."""
    return copy_of("migrated ledger", lambda url: parent.upgrade(url, ledger), engine)


@pytest.fixture
def ledger() -> list[Location]:
    """Where the ledger's revisions and tables are."""
    return locations(load_domains(["ledger"]))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Branch:
    """An outsider's branch, with no revisions yet."""
    folder = tmp_path / "outside"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return Branch(folder)
