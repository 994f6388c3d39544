"""`make run` installs what the settings in the environment need."""

import shutil
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / "scripts" / "run"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone in which nothing is installed, built or served: the set that is wanted is written down."""
    programs = {"scripts/environment": 'echo "$1" >wanted', "scripts/console": ":", ".venv/bin/roadbed": ":"}
    for name, does in programs.items():
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)
    shutil.copy(RUN, tmp_path / "scripts" / "run")
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, "run"),
        ({"DATABASE_URL": "sqlite:///data/roadbed.db"}, "run"),
        ({"DATABASE_URL": "postgresql://roadbed@localhost/roadbed"}, "postgres"),
        ({"REDIS_URL": "redis://localhost"}, "postgres"),
        ({"SENTRY_DSN": "https://key@localhost/1"}, "postgres"),
        ({"OTLP_ENDPOINT": "http://127.0.0.1:4318"}, "postgres"),
        ({"SENTRY_DSN": "https://key@localhost/1", "OTLP_ENDPOINT": "http://127.0.0.1:4318"}, "postgres"),
    ],
)
def test_what_the_settings_need_is_installed(clone: Path, variables: dict[str, str], wanted: str) -> None:
    environment = {"PATH": "/usr/bin:/bin"} | {f"ROADBED_{name}": value for name, value in variables.items()}
    subprocess.run([clone / "scripts" / "run"], env=environment, check=True)
    assert (clone / "wanted").read_text().strip() == wanted
