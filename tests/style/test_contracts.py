"""import-linter's contracts hold, and each fails when somebody breaks it."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.style.tree import ROOT
from tests.support.programs import find_program

# Files that break each contract: (contract, file below src/roadbed, its text, what the report must name)
SEEDS = [
    ("rooms", "kernel/seeded_up.py", "import roadbed.data", "roadbed.kernel.seeded_up -> roadbed.data"),
    ("rooms", "http/seeded_aside.py", "import roadbed.runtime", "roadbed.http.seeded_aside -> roadbed.runtime"),
    ("rooms", "annex/__init__.py", "", "roadbed.annex"),
    ("domains-apart", "domains/seeded_a/api.py", "import roadbed.domains.seeded_b.model", "roadbed.domains.seeded_b"),
    ("domains-apart", "domains/seeded_b/model.py", "", "roadbed.domains.seeded_b"),
    ("inside-a-domain", "domains/seeded_c/model.py", "import roadbed.domains.seeded_c.service", "seeded_c.service"),
    ("inside-a-domain", "domains/seeded_c/service.py", "", "roadbed.domains.seeded_c.service"),
    ("inside-a-domain", "domains/seeded_c/tasks.py", "import roadbed.domains.seeded_c.api", "seeded_c.api"),
    ("inside-a-domain", "domains/seeded_c/api.py", "", "seeded_c.tasks"),
    ("inside-a-domain", "domains/seeded_c/misc.py", "", "roadbed.domains.seeded_c.misc"),
    ("service-without-http", "domains/seeded_d/service.py", "import starlette.requests", "service -> starlette"),
    ("service-without-http", "domains/seeded_d/codes.py", "import roadbed.http", "seeded_d.codes -> roadbed.http"),
    ("kernel-alone", "kernel/seeded_out.py", "import sqlalchemy", "roadbed.kernel.seeded_out -> sqlalchemy"),
    ("one-sqlite", "data/seeded_std.py", "import sqlite3", "roadbed.data.seeded_std -> sqlite3"),
    ("no-cycles", "data/seeded_one.py", "import roadbed.data.seeded_two", "seeded_one"),
    ("no-cycles", "data/seeded_two.py", "import roadbed.data.seeded_one", "seeded_two"),
]


def contracts() -> dict[str, str]:
    """Return the declared contracts: name by id."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return {contract["id"]: contract["name"] for contract in declared}


def lint(folder: Path, *contract: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the package in a folder."""
    chosen = [f"--contract={name}" for name in contract]
    return subprocess.run(
        [find_program("lint-imports"), "--no-cache", "--no-logo", *chosen],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def copy_of_the_package(folder: Path) -> Path:
    """Copy the Python files and the contracts, and make the rooms that are still empty."""
    only_python = shutil.ignore_patterns("__pycache__", "*.js", "*.css", "*.sql")
    shutil.copytree(ROOT / "src" / "roadbed", folder / "src" / "roadbed", ignore=only_python)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def plant(folder: Path, path: str, text: str) -> None:
    target = folder / "src" / "roadbed" / path
    target.parent.mkdir(parents=True, exist_ok=True)
    (target.parent / "__init__.py").touch()
    target.write_text(text)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_of_the_package(tmp_path_factory.mktemp("seeded"))
    for _, path, text, _ in SEEDS:
        plant(folder, path, text)
    return folder


def test_all_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("contract", contracts())
def test_a_contract_fails_on_what_breaks_it(contract: str, seeded: Path) -> None:
    done = lint(seeded, contract)
    assert (done.returncode, "1 broken" in done.stdout) == (1, True), done.stdout + done.stderr
    for broken, _, _, named in SEEDS:
        if broken == contract:
            assert named in done.stdout


@pytest.mark.parametrize(
    ("contract", "path", "text"),
    [
        ("one-sqlite", "data/migrations/seeded.py", "import sqlite3"),
        ("service-without-http", "domains/seeded/api.py", "import roadbed.http"),
        ("service-without-http", "domains/seeded/service.py", "import roadbed.data"),
    ],
)
def test_a_contract_lets_pass_what_it_is_not_about(contract: str, path: str, text: str, tmp_path: Path) -> None:
    folder = copy_of_the_package(tmp_path)
    plant(folder, path, text)
    assert lint(folder, contract).returncode == 0


def test_every_contract_has_a_seed() -> None:
    assert set(contracts()) == {contract for contract, _, _, _ in SEEDS}
