"""What is committed here works on another machine too: no addresses of registries, no paths of this one."""

import json
import re
from pathlib import Path

from bench.harness.roster import BENCH, HOMES, ROSTER

INSTALLED = {"node_modules", ".venv", "results", "__pycache__"}


def committed() -> list[Path]:
    return [path for path in BENCH.rglob("*") if path.is_file() and not INSTALLED & set(path.relative_to(BENCH).parts)]


def test_the_lock_of_node_names_no_registry() -> None:
    packages = json.loads((BENCH / "package-lock.json").read_text())["packages"]

    assert not [path for path, entry in packages.items() if "resolved" in entry]
    # Without an address, it is the hash that says which file is meant.
    assert all("integrity" in entry for path, entry in packages.items() if path)


def test_the_lock_of_python_is_pinned_and_hashed() -> None:
    text = (BENCH / "requirements.txt").read_text()
    entries = re.findall(r"^[a-z]\S+", text, re.MULTILINE)

    assert entries
    assert all("==" in entry for entry in entries)
    assert text.count("--hash=sha256:") >= len(entries)
    assert "://" not in text


def test_no_file_holds_a_path_of_somebody_s_machine() -> None:
    here = str(BENCH.parent)

    assert [path for path in committed() if here in path.read_text(errors="replace")] == []


def test_every_home_belongs_to_a_contender() -> None:
    homes = {path.name for path in HOMES.iterdir() if path.is_dir() and path.name != "__pycache__"}
    names = {contender.name.removesuffix("-postgres") for contender in ROSTER}

    # Roadbed needs none: it is started as its users start it, for one part with a domain that looks at its event loop.
    assert homes == (names - {"roadbed"}) | {"holding"}


def test_every_contender_is_described_in_the_readme() -> None:
    text = (BENCH / "README.md").read_text()

    assert [contender.title for contender in ROSTER if contender.title not in text] == []
