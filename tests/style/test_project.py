"""The lock files, the Makefile and the scripts agree with what they promise."""

import os
import re
import subprocess
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.style.tree import ROOT, files

LOCKS = ("build", "run", "postgres", "dev")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>(?:\d+!)?[\w.+]+)(?: ;[^\\]+)?(?: \\)?$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def pins(lock: str) -> dict[str, str]:
    """Return version by name of what a lock file pins; anything in it but pins and hashes fails."""
    found: dict[str, str] = {}
    for line in (ROOT / "requirements" / f"{lock}.txt").read_text().splitlines():
        pin = PIN.match(line)
        assert pin or HASH.match(line), f"{lock}.txt holds neither a pin nor a hash: {line}"
        if pin:
            found[canonicalize_name(pin["name"])] = pin["version"]
    return found


def declared(*lists: list[str]) -> dict[str, Requirement]:
    requirements = [Requirement(line) for some in lists for line in some if isinstance(line, str)]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pins_and_hashes_alone(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    assert pins(lock)
    assert "/" not in text
    assert all("--hash=" in block for block in re.split(r"\n(?=\S)", text.strip()))


@pytest.mark.parametrize("lock", ["build", "run", "postgres"])
def test_the_locks_agree(lock: str) -> None:
    assert pins(lock).items() <= pins("dev").items()


def test_the_locks_hold_what_the_project_declares() -> None:
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    run, postgres = project["dependencies"], project["optional-dependencies"]["postgres"]
    for lock, wanted in {
        "build": declared(groups["build"], PROJECT["build-system"]["requires"]),
        "run": declared(run),
        "postgres": declared(run, postgres),
        "dev": declared(run, postgres, groups["build"], groups["dev"]),
    }.items():
        pinned = pins(lock)
        assert [str(r) for name, r in wanted.items() if not r.specifier.contains(pinned.get(name, "0"))] == []


def targets() -> dict[str, str]:
    """Return the help text by target of the Makefile."""
    lines = (ROOT / "Makefile").read_text().splitlines()
    rules = [re.match(r"^([a-z][\w-]*):(?!=)(?:.*?## (.*))?", line) for line in lines]
    return {rule[1]: rule[2] or "" for rule in rules if rule}


def test_every_make_target_is_documented() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    assert {"run", "setup", "test", "check", "soak", "bench", "lock", "docs", "clean"} <= set(targets())
    assert [name for name, text in targets().items() if not text or f"`make {name}`" not in contributing] == []


def test_make_alone_lists_every_target() -> None:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    listing = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, env=outside, capture_output=True, text=True, timeout=180, check=True
    ).stdout
    assert re.findall(r"^  make (\S+)", listing, re.MULTILINE) == list(targets())


@pytest.mark.parametrize("path", [path for path in files() if path.parts[0] in {"scripts", ".ci"}], ids=str)
def test_scripts_are_executable_and_parse(path: Path) -> None:
    script = ROOT / path
    shell = script.read_text().partition("\n")[0].removeprefix("#!").split()
    assert script.stat().st_mode & 0o111
    subprocess.run([*shell, "-n", script], timeout=180, check=True)


@pytest.mark.parametrize("sums", [path for path in files() if path.name == "SHA256SUMS"], ids=str)
def test_vendored_files_are_unchanged_and_complete(sums: Path) -> None:
    folder = (ROOT / sums).parent
    lines = [line.split() for line in (ROOT / sums).read_text().splitlines()]
    listed = {name: digest for digest, name in lines}
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert listed == {name: found[name] for name in found.keys() - {"README.md", "SHA256SUMS"}}
