"""What the tests of migrations share."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from roadbed.data.migrations import parent
from roadbed.data.migrations.locations import Location
from roadbed.resource.registry import load_domains, locations
from tests.integration.migrations.branches import Branch
from tests.support.postgres import PostgresServer


class CopyOf(Protocol):
    """The type of the fixture ``copy_of``."""

    def __call__(self, key: str, prepare: Callable[[str], object], engine: str) -> str:
        """Return the URL of a copy of a database that ``prepare(url)`` made of an empty one, once per key."""
        ...


@pytest.fixture(scope="session")
def prepared_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of SQLite files that tests copy."""
    return tmp_path_factory.mktemp("prepared")


@pytest.fixture
def copy_of(request: pytest.FixtureRequest, prepared_files: Path, tmp_path: Path) -> CopyOf:
    """Copy prepared databases: every migration starts a process, and that takes most of the time of these tests."""

    def copy(key: str, prepare: Callable[[str], object], engine: str) -> str:
        if engine == "postgres":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            return server.create_database(server.template(key, prepare))
        original = prepared_files / f"{key}.db"
        if not original.exists():
            prepare(f"sqlite:///{original}")
        return f"sqlite:///{shutil.copy(original, tmp_path / 'copy.db')}"

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
