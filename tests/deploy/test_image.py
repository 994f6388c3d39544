"""The Dockerfile keeps the promises of the image: pinned bases, no root, no tools, and nothing comes in by accident."""

import json
import re
import shlex
import subprocess

import pytest

from tests.deploy.loading import script_of
from tests.style.tree import ROOT, files

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = [
    line for line in re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE)).splitlines() if line
]
STAGES = DOCKERFILE.split("\nFROM ")
IGNORED = [
    line
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PINNED = re.compile(r"[a-z0-9./_-]+:v?\d+\.\d+\.\d+(?:-[a-z0-9.]+)*(?:@sha256:[0-9a-f]{64})?\Z")


def instructions(word: str, lines: list[str] = INSTRUCTIONS) -> list[str]:
    return [line.removeprefix(f"{word} ") for line in lines if line.startswith(f"{word} ")]


def test_every_base_is_pinned_to_a_release() -> None:
    bases = dict(each.split("=", 1) for each in instructions("ARG") if "_IMAGE=" in each)
    assert [tag for tag in bases.values() if not PINNED.match(tag)] == []
    used = {line.split()[0] for line in instructions("FROM")}
    assert used == {f"${{{name}}}" for name in bases}


@pytest.mark.parametrize("tag", ["python", "python:latest", "python:3", "python:3.11-slim", "python:3.11.1 "])
def test_what_is_not_pinned_is_found(tag: str) -> None:
    assert not PINNED.match(tag)


def test_the_service_is_not_root() -> None:
    assert re.findall(r"^USER (.*)$", STAGES[-1], re.MULTILINE) == ["10001:10001"]


def test_the_last_stage_takes_one_folder_and_no_tools() -> None:
    assert re.findall(r"^COPY (.*)$", STAGES[-1], re.MULTILINE) == ["--from=wheel /opt/roadbed/ /opt/roadbed/"]
    assert "apt-get" not in STAGES[-1]
    assert "pip install" not in STAGES[-1]


def test_what_is_installed_is_what_is_locked() -> None:
    for command in re.findall(r"pip (?:--python \S+ )?install ([^&]*)", " ".join(INSTRUCTIONS)):
        words = shlex.split(command)
        assert "--no-deps" in words or "--require-hashes" in words
    assert "npm ci " in DOCKERFILE


def test_no_secret_is_built_in() -> None:
    named = [*instructions("ARG"), *instructions("ENV")]
    assert [line for line in named if re.search(r"password|secret|token|_key|_url", line, re.IGNORECASE)] == []


def test_any_builder_reads_it() -> None:
    """Debian's docker-compose builds with the engine's classic builder."""
    assert "--mount=" not in DOCKERFILE
    assert "<<" not in DOCKERFILE


def test_labels_say_what_it_is() -> None:
    (labels,) = instructions("LABEL")
    for name in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{name}=" in labels


def test_the_version_is_that_of_the_package() -> None:
    (version,) = re.findall(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert f"ARG VERSION={version}\n" in DOCKERFILE


def test_it_says_how_it_is_and_whom_it_serves() -> None:
    (check,) = instructions("HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    assert (ROOT / "deploy/image" / command[-1].rpartition("/")[2]).is_file()
    (served,) = instructions("CMD")
    assert json.loads(served) == ["roadbed", "serve"]
    assert "ROADBED_OPEN_ACCESS" not in DOCKERFILE


def test_nothing_comes_along_that_was_not_let_in() -> None:
    assert IGNORED[0] == "*"
    assert {"console/node_modules", "console/dist", "**/__pycache__", "**/.env*"} <= set(IGNORED)


def test_all_that_is_copied_is_let_in() -> None:
    let_in = tuple(line[1:] for line in IGNORED if line.startswith("!"))
    sources = [word.rstrip("/") for line in instructions("COPY") if "--from" not in line for word in line.split()[:-1]]
    assert sources != []
    known = {str(path) for path in files()}
    for source in sources:
        assert any(source == name or source.startswith(f"{name}/") for name in let_in), source
        assert any(path == source or path.startswith(f"{source}/") for path in known), source


def test_scripts_of_the_image_are_python_that_runs() -> None:
    for name in ("healthcheck", "sbom"):
        script_of(f"deploy/image/{name}.py")


@pytest.mark.parametrize("script", ["tests/deploy/airgap/images", "tests/deploy/airgap/postgres-entrypoint"])
def test_helpers_are_shell_that_parses(script: str) -> None:
    done = subprocess.run(["bash", "-n", ROOT / script], capture_output=True, text=True, timeout=180, check=False)
    assert (done.returncode, done.stderr) == (0, "")
