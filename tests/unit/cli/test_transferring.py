"""`roadbed export` and `roadbed import` of declared resources, of a domain that is nobody's but the user's."""

import json
from pathlib import Path

import pytest

from roadbed.cli import importing
from roadbed.cli.migrating import migrate_if_behind
from roadbed.kernel.settings import Settings
from tests.support.prepared import Prepared
from tests.unit.cli.conftest import Command

DOMAIN = "shop_for_tests:domain"
SOURCE = """
from typing import Annotated, Literal
from uuid import UUID
import msgspec
from roadbed.resource.declaration import Resource, Statuses
from roadbed.resource.domain import Domain
from roadbed.resource.markers import Key, Reference, Secret

class Maker(msgspec.Struct):
    mark: Annotated[str, Key()]

class Thing(msgspec.Struct, kw_only=True):
    id: UUID
    name: str
    maker: Annotated[str, Reference("makers")]
    status: Literal["new", "sold"] = "new"
    code: Annotated[str, Secret(lambda: "secret")]

domain = Domain(
    name="shop_for_tests", title="Shop",
    resources=[
        Resource(struct=Thing, path="/things", statuses=Statuses({"new": ["sold"]})),
        Resource(struct=Maker, path="/makers", order="mark"),
    ],
)
"""


def make_tables(url: str) -> None:
    migrate_if_behind(Settings(database_url=url, domains=(DOMAIN,)))


@pytest.fixture
def shop(roadbed: Command, folder: Path, prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a domain, its database, and two files."""
    (folder / "shop_for_tests.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("ROADBED_DOMAINS", DOMAIN)
    (folder / "data").mkdir()
    prepared.schema("shop for tests", make_tables, folder / "data" / "roadbed.db")
    (folder / "things.ndjson").write_text('{"name": "cup", "maker": "x"}\n{"name": "jug", "maker": "y"}\n')
    (folder / "makers.csv").write_text("mark\nx\n")
    return folder


def test_files_in_and_out_by_the_names_of_resources(roadbed: Command, shop: Path) -> None:
    dry = roadbed("import", DOMAIN, "makers.csv", "--dry-run")
    assert (dry.code, dry.out.split("\t")[:7]) == (0, ["makers.csv", "makers", "1", "1", "0", "0", "0"])
    assert "dry run: nothing was written" in dry.out
    told = json.loads(roadbed("import", DOMAIN, "things.ndjson", "makers.csv", "--json").out)
    assert [(one["resource"], one["inserted"], one["rejected"]) for one in told] == [("makers", 1, 0), ("things", 1, 1)]
    assert (shop / "things.ndjson.rejects.tsv").read_text().splitlines()[1:] == [
        '2\t/maker: There is no maker with this mark\t{"name": "jug", "maker": "y"}'
    ]
    assert roadbed("export", "makers").out == "mark\r\nx\r\n"
    written = roadbed("export", "shop_for_tests.things", "--format", "json", "--output", "out.json")
    assert (written.code, written.out) == (0, "")
    assert [row["name"] for row in json.loads((shop / "out.json").read_text())] == ["cup"]
    again = roadbed("import", DOMAIN, "out.json", "--resource", "things")
    assert again.out.split("\t")[:6] == ["out.json", "things", "1", "0", "0", "1"]
    assert sorted(path.name for path in shop.glob("*.*.*")) == ["things.ndjson.rejects.tsv"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("export", "thing"), "there is no resource 'thing'; did you mean things?"),
        (("export", "things", "--format", "xml"), "Invalid value for '--format'"),
        (("export", "things", "--output", "none/out.csv"), "none/out.csv: No such file or directory"),
        (("import", DOMAIN, "wrong.csv"), "wrong.csv: no resource is called 'wrong'. There are things, makers"),
        (("import", DOMAIN, "wrong.csv", "--resource", "maker"), "there is no resource 'maker'; did you mean makers?"),
    ],
)
def test_what_is_wrong_is_told(roadbed: Command, shop: Path, arguments: tuple[str, ...], words: str) -> None:
    (shop / "wrong.csv").write_text("marc\nx\n")
    outcome = roadbed(*arguments)
    assert (outcome.code, words in " ".join(outcome.err.split())) == (2, True), outcome
    assert [path.name for path in shop.glob("*.part")] == []


def test_a_column_that_is_unknown_refuses_the_file(roadbed: Command, shop: Path) -> None:
    (shop / "makers.csv").write_text("marc\nx\n")
    outcome = roadbed("import", DOMAIN, "makers.csv")
    assert (outcome.code, "makers.csv: /marc: Makers have no such column; did you mean 'mark'?" in outcome.err) == (
        1,
        True,
    )
    assert roadbed("export", "makers").out == "mark\r\n"


def test_an_export_is_restored_and_secrets_are_told(roadbed: Command, shop: Path) -> None:
    row = {"id": "01890000-0000-7000-8000-000000000001", "name": "cup", "maker": "x", "status": "sold"}
    (shop / "things.ndjson").write_text(json.dumps(row))
    assert roadbed("import", DOMAIN, "makers.csv", "things.ndjson").out.split("\t")[14] == "1"
    assert "A new row begins as 'new'" in (shop / "things.ndjson.rejects.tsv").read_text()
    restored = roadbed("import", DOMAIN, "things.ndjson", "--restore")
    assert restored.out.split("\t")[:7] == ["things.ndjson", "things", "1", "1", "0", "0", "0"]
    assert "nobody knows code of what was inserted: secrets are in no export, so new ones were made" in restored.out
    assert roadbed("export", "things", "--format", "ndjson").out == json.dumps(row, separators=(",", ":")) + "\n"
    (again,) = json.loads(roadbed("import", DOMAIN, "things.ndjson", "--restore", "--json").out)
    assert (again["unchanged"], again["secrets"]) == (1, [])


def test_a_domain_with_an_importer_of_its_own_restores_nothing(roadbed: Command, shop: Path) -> None:
    outcome = roadbed("import", "telemetry", "makers.csv", "--restore")
    assert (outcome.code, "telemetry brings an importer of its own" in " ".join(outcome.err.split())) == (2, True)


def test_who_restores_is_the_user_or_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "alice")
    assert importing._who() == "alice"

    def nobody() -> str:
        raise KeyError("no such user")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert importing._who().isdigit()
