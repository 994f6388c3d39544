"""Commands run in this process: in an empty folder, without variables of the caller, with one domain."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from roadbed.cli.main import run
from roadbed.cli.migrating import migrate_if_behind
from roadbed.kernel.settings import Settings

DOMAINS = ("ledger",)
"""What the commands are asked for: what they say is the same whatever else is shipped."""

REVISIONS = ["platform_0001", "platform_0002", "platform_0003", "ledger_0001"]
"""What runs in an empty database then."""


class Outcome(NamedTuple):
    """What a command left: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def current_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a migrated database, made once: a migration takes a second."""
    place = tmp_path_factory.mktemp("current")
    migrate_if_behind(Settings(data=place, domains=DOMAINS))
    return place


@pytest.fixture
def migrated(folder: Path, current_database: Path) -> Path:
    """The working directory, with a database in ``data`` that is current."""
    shutil.copytree(current_database, folder / "data")
    return folder


Command = Callable[..., Outcome]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment without settings but one: the domains."""
    for name in os.environ:
        if name.startswith("ROADBED_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ROADBED_DOMAINS", ",".join(DOMAINS))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def roadbed(folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run ``roadbed`` with arguments and variables."""

    def command(*arguments: str, **variables: str) -> Outcome:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        capfd.readouterr()
        code = run(list(arguments))
        out, err = capfd.readouterr()
        return Outcome(code, out, err)

    return command
