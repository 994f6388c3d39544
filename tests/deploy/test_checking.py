"""`make check` looks at the files of containers, and says what is wrong with them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.style.tree import ROOT, files


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of all that the check reads; the programs are those of this environment, and there is no engine."""
    for path in files():
        if path.parts[0] in {"Dockerfile", "compose.yaml", "deploy"} or path.parts[:2] == ("tests", "deploy"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, tmp_path / path)
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "check-deploy", tmp_path / "scripts")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "bin").mkdir()
    for program in ("sh", "dirname", "env"):
        found = shutil.which(program)
        assert found is not None
        (tmp_path / "bin" / program).symlink_to(found)
    return tmp_path


def check(copy: Path) -> tuple[int, str]:
    done = subprocess.run(
        [copy / "scripts" / "check-deploy"],
        env={"PATH": str(copy / "bin"), "HOME": str(copy)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_files_pass_and_a_missing_engine_is_said(copy: Path) -> None:
    code, said = check(copy)
    assert (code, "no docker-compose here" in said) == (0, True), said


def test_a_wrong_key_of_compose_is_found(copy: Path) -> None:
    change(copy / "compose.yaml", "  restart: unless-stopped", "  restrat: unless-stopped")
    code, said = check(copy)
    assert code != 0
    assert "restrat" in said


def test_a_base_that_is_not_pinned_is_found(copy: Path) -> None:
    change(copy / "Dockerfile", "FROM ${NODE_IMAGE} AS console", "FROM node AS console")
    code, said = check(copy)
    assert code != 0
    assert "DL3006" in said


def test_an_engine_that_cannot_read_the_files_is_heard(copy: Path) -> None:
    program = copy / "bin" / "docker-compose"
    program.write_text('#!/bin/sh\necho "cannot read $2" >&2\nexit 1\n')
    program.chmod(0o755)
    code, said = check(copy)
    assert (code, "cannot read compose.yaml" in said) == (1, True), said
