"""The search for a Python says plainly what it found wrong; `make run` leaves the settings to whoever runs it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.style.tree import ROOT

# Stand-ins for an interpreter: the script asks for the version, then for the modules that make an environment.
OLD = """case "$2" in *"print"*) echo 3.9 ;; *) exit 1 ;; esac"""
BARE = """case "$2" in *ensurepip*) exit 1 ;; *print*) echo 3.11 ;; esac"""
BROKEN = "exit 127"
GOOD = "exit 0"

# What `make run` does before it serves.
QUIET = {"scripts/environment": "exit 0", "scripts/console": "exit 1"}


def find_python(folder: Path, programs: dict[str, str], **env: str) -> subprocess.CompletedProcess[str]:
    """Run the search where PATH holds these programs alone."""
    for name, body in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    command = ["/bin/sh", str(ROOT / "scripts" / "find-python")]
    return subprocess.run(
        command, env={"PATH": str(folder), **env}, capture_output=True, text=True, timeout=180, check=False
    )


@pytest.mark.parametrize(
    ("programs", "found"),
    [
        ({"python3": GOOD}, "python3"),
        ({"python3": GOOD, "python3.12": GOOD, "python3.11": GOOD}, "python3.12"),
        ({"python3": GOOD, "python3.13": BROKEN, "python3.12": BARE, "python3.11": OLD}, "python3"),
    ],
)
def test_the_newest_python_that_suits_is_taken(tmp_path: Path, programs: dict[str, str], found: str) -> None:
    done = find_python(tmp_path, programs)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path / found}\n", "")


@pytest.mark.parametrize(
    ("programs", "said"),
    [
        ({}, "Roadbed needs Python 3.11 or newer, and found no Python."),
        ({"python3": OLD}, "Roadbed needs Python 3.11 or newer. Found only: {folder}/python3 (3.9)"),
        ({"python3": BARE}, "apt-get install python3.11-venv"),
    ],
)
def test_what_is_wrong_is_said_plainly(tmp_path: Path, programs: dict[str, str], said: str) -> None:
    done = find_python(tmp_path, programs)
    assert (done.returncode, done.stdout) == (1, "")
    assert said.format(folder=tmp_path) in done.stderr


def test_a_named_python_is_taken(tmp_path: Path) -> None:
    done = find_python(tmp_path, {}, PYTHON=sys.executable, HOME=os.environ.get("HOME", "/"))
    assert (done.returncode, done.stdout) == (0, f"{sys.executable}\n")


def test_a_named_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = find_python(tmp_path, {"python3": GOOD}, PYTHON="/nowhere/python")
    assert done.returncode == 1
    assert "found no Python at /nowhere/python" in done.stderr


@pytest.mark.parametrize(
    ("variable", "wanted"),
    [
        ("ROADBED_DATABASE_URL=sqlite:///x.db", "run"),
        ("ROADBED_DATABASE_URL=postgresql://host/name", "postgres"),
        ("ROADBED_REDIS_URL=redis://host", "postgres"),
        ("ROADBED_SENTRY_DSN=https://key@host/7", "postgres"),
        ("ROADBED_OTLP_ENDPOINT=http://127.0.0.1:4318", "postgres"),
        ("ROADBED_SENTRY_DSN_FILE=dsn", "postgres"),
    ],
)
def test_what_the_settings_need_is_installed(tmp_path: Path, variable: str, wanted: str) -> None:
    """The service refused to start with traces, for want of a package that is in the larger set."""
    for name, body in {**QUIET, "scripts/environment": 'echo "$@"', ".venv/bin/roadbed": ":"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    shutil.copy(ROOT / "scripts" / "run", tmp_path / "scripts")
    done = subprocess.run(
        [tmp_path / "scripts" / "run"],
        env={"PATH": os.environ["PATH"], **dict([variable.split("=", 1)])},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"{wanted}\n", "")


def test_what_is_run_takes_all_its_settings_from_its_surroundings(tmp_path: Path) -> None:
    """A flag of the script's own would win over ROADBED_DATA and roadbed.toml."""
    for name, body in {**QUIET, ".venv/bin/roadbed": 'echo "$@, $PWD, $ROADBED_DATA"'}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    shutil.copy(ROOT / "scripts" / "run", tmp_path / "scripts")
    done = subprocess.run(
        [tmp_path / "scripts" / "run", "--port", "9000"],
        env={"PATH": os.environ["PATH"], "ROADBED_DATA": "elsewhere"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"up --port 9000, {tmp_path}, elsewhere\n", "")
