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


GRAFANA = "deploy/monitoring/grafana"


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        (f"{GRAFANA}/dashboards/cache.json", '"uid": "roadbed-cache"', '"uid": "a b"', "a b"),
        (f"{GRAFANA}/dashboards/cache.json", '"expr": "', '"expression": "', "'expr' is a required property"),
        (f"{GRAFANA}/dashboards/cache.json", '"unit": "', '"units": "', "'unit' is a required property"),
        (
            f"{GRAFANA}/dashboards/cache.json",
            '"uid": "roadbed-prometheus"',
            '"uid": "another"',
            "'roadbed-prometheus' was expected",
        ),
        (f"{GRAFANA}/provisioning/dashboards/roadbed.yaml", "type: file", "type: fiel", "'file' was expected"),
        (f"{GRAFANA}/provisioning/datasources/prometheus.yaml", "isDefault", "isdefault", "isdefault"),
    ],
)
def test_what_grafana_would_not_read_is_found(copy: Path, path: str, old: str, new: str, words: str) -> None:
    change(copy / path, old, new)
    code, said = check(copy)
    assert (code != 0, words in said) == (True, True), said


def test_make_check_runs_all_of_it() -> None:
    asked = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "check"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for command in ("scripts/check-deploy", "pytest -q tests/style"):
        assert command in asked


def test_an_engine_that_cannot_read_the_files_is_heard(copy: Path) -> None:
    program = copy / "bin" / "docker-compose"
    program.write_text('#!/bin/sh\necho "cannot read $2" >&2\nexit 1\n')
    program.chmod(0o755)
    code, said = check(copy)
    assert (code, "cannot read compose.yaml" in said) == (1, True), said
