"""`roadbed dashboards` needs nothing but the package and its extra."""

import sys
from pathlib import Path

import msgspec
import pytest

from tests.unit.cli.conftest import Command

FILES = ["cache.json", "data-engine.json", "domain-ledger.json", "host.json", "service.json"]


def test_one_file_each(roadbed: Command, folder: Path) -> None:
    done = roadbed("dashboards", "--output", "made")
    assert (done.code, done.err, sorted(path.name for path in (folder / "made").iterdir())) == (0, "", FILES)
    assert sorted(done.out.split()) == [f"made/{name}" for name in FILES]


def test_a_check_tells_what_is_missing_and_what_is_stale(roadbed: Command, folder: Path) -> None:
    roadbed("dashboards")
    assert roadbed("dashboards", "--check") == (0, "5 dashboards are current in dashboards\n", "")
    (folder / "dashboards" / "cache.json").unlink()
    (folder / "dashboards" / "host.json").write_text("{}")
    done = roadbed("dashboards", "--check")
    assert (done.code, done.err.partition(";")[0]) == (1, "roadbed: not current in dashboards: host.json, cache.json")
    assert (folder / "dashboards" / "host.json").read_text() == "{}"


def test_where_runbooks_are(roadbed: Command, folder: Path) -> None:
    roadbed("dashboards", "--runbooks", "https://docs.example.org/books/")
    board = msgspec.json.decode((folder / "dashboards" / "service.json").read_bytes())
    variables = {variable["name"]: variable["query"] for variable in board["templating"]["list"]}
    assert variables["runbooks"] == "https://docs.example.org/books"


def test_without_the_extra(roadbed: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grafana_foundation_sdk.cog.encoder", None)
    done = roadbed("dashboards")
    assert (done.code, "pip install 'roadbed[dashboards]'" in done.err) == (2, True)
