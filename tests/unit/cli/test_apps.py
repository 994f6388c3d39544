"""A stranger's domain by import path, and its revisions: `--app`, `migrate new`."""

import sys
from pathlib import Path

import msgspec
import pytest

from tests.unit.cli.conftest import Command

TODOS = """
from uuid import UUID
from msgspec import Struct
from roadbed.resource.declaration import Resource
from roadbed.resource.domain import Domain

class Todo(Struct):
    id: UUID
    title: str

todos = Resource(struct=Todo, path="/todos")
domain = Domain(name="{name}", title="To do", migrations="{migrations}", resources=[todos])
"""


class Stranger:
    """A module of the working directory that declares a domain; every test has one of another name."""

    number = 0

    def __init__(self, folder: Path) -> None:
        Stranger.number += 1
        self.name = f"stranger{Stranger.number}"
        self.path = f"{self.name}:domain"
        self.file = folder / f"{self.name}.py"
        self.declare()

    def declare(self, migrations: str = "") -> None:
        self.file.write_text(TODOS.format(name=self.name, migrations=migrations))


@pytest.fixture
def stranger(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Stranger:
    # As the entry point does, for this test alone.
    monkeypatch.setattr("sys.path", [*sys.path, str(folder)])
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return Stranger(folder)


def test_stands_in_for_the_default(roadbed: Command, stranger: Stranger) -> None:
    done = roadbed("openapi", "--app", stranger.path)
    paths = msgspec.json.decode(done.out)["paths"]
    assert (done.code, "/todos" in paths, "/transactions" in paths) == (0, True, False)


def test_stands_beside_those_that_are_named(roadbed: Command, stranger: Stranger) -> None:
    paths = msgspec.json.decode(roadbed("openapi", "--domains", "ledger", "--app", stranger.path).out)["paths"]
    assert {"/todos", "/transactions"} <= paths.keys()


@pytest.mark.parametrize("command", ["up", "serve", "openapi", "doctor"])
def test_one_that_is_not_there(roadbed: Command, folder: Path, command: str) -> None:
    done = roadbed(command, "--app", "no_such_module:domain")
    assert (done.code != 0, "there is no module 'no_such_module'" in done.out + done.err) == (True, True)


@pytest.mark.parametrize("command", [["up"], ["serve"], ["migrate", "upgrade"], ["migrate", "sql"]])
def test_production_wants_revisions(roadbed: Command, folder: Path, stranger: Stranger, command: list[str]) -> None:
    variables = {"ROADBED_ENVIRONMENT": "production", "ROADBED_OPEN_ACCESS": "true", "ROADBED_ALLOWED_HOSTS": "a.org"}
    done = roadbed(*command, "--app", stranger.path, **variables)
    assert (done.code, f"`roadbed migrate new {stranger.path} -m 'first tables'`" in done.err) == (2, True)
    assert not (folder / "data" / "roadbed.db").exists()


def test_a_place_for_revisions_is_named_first(roadbed: Command, stranger: Stranger) -> None:
    done = roadbed("migrate", "new", stranger.path, "-m", "first")
    assert (done.code, f'give it migrations="{stranger.name}_migrations", and the folder is made' in done.err) == (
        2,
        True,
    )


def test_writes_a_revision_once(roadbed: Command, folder: Path, stranger: Stranger) -> None:
    package = f"{stranger.name}_migrations"
    stranger.declare(package)
    done = roadbed("migrate", "new", stranger.path, "-m", "The first: tables!")
    path = folder / package / f"{stranger.name}_0001_the_first_tables.py"
    assert (done.code, done.out.splitlines()[0]) == (0, f"Wrote {path}")
    assert f'op.create_table(\n        "{stranger.name}_todos"' in path.read_text()
    again = roadbed("migrate", "new", stranger.name, "--app", stranger.path, "-m", "again")
    assert again == (0, f"Nothing to do: the revisions of {stranger.name} make what it declares\n", "")
    frame = roadbed("migrate", "new", stranger.path, "-m", "by hand", "--empty")
    assert (frame.code, "raise NotImplementedError" in next((folder / package).glob("*_0002_*")).read_text()) == (
        0,
        True,
    )
    assert (
        roadbed("migrate", "new", stranger.path, "-m", " ").err
        == "roadbed: a revision needs a message: -m 'add a price'\n"
    )
