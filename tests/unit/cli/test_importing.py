"""`roadbed import`: what is asked for reaches the importer of the domain, and what became of the files is told."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Command

DOMAIN = "telemetry"
ASSETS = '[{"AssetID": "1", "Latitude": "47.5", "Longitude": "8.2", "descri": "UW Beznau"}, {"AssetID": "x"}]'


@pytest.fixture
def assets(folder: Path) -> Path:
    (folder / "assets.json").write_text(ASSETS)
    return folder / "assets.json"


def test_a_table_for_people_and_json_for_programs(
    roadbed: Command, assets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROADBED_DOMAINS", DOMAIN)
    assert roadbed("migrate", "upgrade").code == 0
    dry = roadbed("import", DOMAIN, "assets.json", "--dry-run", "--rejects", str(assets.parent))
    assert (dry.code, dry.out.split("\t")[:6]) == (0, ["assets.json", "2", "1", "0", "0", "1"])
    assert "dry run: nothing was written" in dry.out
    told = json.loads(roadbed("import", DOMAIN, "assets.json", "--json").out)
    assert [(one["inserted"], one["rejected"], one["rejects"]) for one in told] == [(1, 1, "assets.json.rejects.tsv")]
    again = json.loads(roadbed("import", DOMAIN, "assets.json", "--restart", "--json").out)
    assert [(one["inserted"], one["unchanged"]) for one in again] == [(0, 1)]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((DOMAIN, "none.csv"), 2, "none.csv"),
        ((DOMAIN,), 2, "Missing argument"),
        (("ledger", "assets.json"), 2, "the domain 'ledger' imports no files"),
        (("nothing", "assets.json"), 2, "there is no domain 'nothing'"),
        ((DOMAIN, "assets.json"), 2, "data is not there"),
    ],
)
def test_what_cannot_be_imported(
    roadbed: Command, assets: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    outcome = roadbed("import", *arguments)
    assert (outcome.code, words in outcome.err) == (code, True), outcome


def test_a_database_without_its_tables_is_refused(roadbed: Command, assets: Path, migrated: Path) -> None:
    outcome = roadbed("import", DOMAIN, "assets.json")
    assert (outcome.code, "telemetry_0001 missing; run `roadbed migrate upgrade`" in outcome.err) == (1, True), outcome
