"""What the tests of migrations share."""

from pathlib import Path

import pytest

from roadbed.data.migrations.locations import Location
from roadbed.resource.registry import load_domains, locations
from tests.integration.migrations.branches import Branch


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
