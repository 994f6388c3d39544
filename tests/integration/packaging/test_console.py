"""What is built from a copy of the sources: with a console where one was built there, and without it where none was."""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from tests.style.tree import ROOT, files
from tests.support.service import running_service

BUILT = {
    "console/dist/index.html": "<!doctype html><title>A console</title>",
    "console/dist/assets/index-C0ffee.js": "export {}",
    "console/dist/assets/index-C0ffee.js.br": "smaller",
    "console/package.json": "{}",
    "console/src/main.ts": "export {}",
    "console/node_modules/vue/index.js": "of others",
}
PAGES = {"roadbed/console/index.html", "roadbed/console/assets/index-C0ffee.js"}
PAGES |= {name + ".br" for name in PAGES if name.endswith(".js")}


def copy_of_sources(folder: Path) -> Path:
    """Copy what the package is built from, without the console."""
    for path in files():
        if path.parts[0] == "src" or len(path.parts) == 1:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
    return folder


def with_console(folder: Path) -> Path:
    for name, text in BUILT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def build(folder: Path, target: str) -> Path:
    """Build a wheel or a source distribution as pip does, without its isolation."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder / "out")]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    (made,) = (folder / "out").glob("*.whl" if target == "wheel" else "*.tar.gz")
    return made


def names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def with_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_console(copy_of_sources(tmp_path_factory.mktemp("built")))


@pytest.fixture(scope="module")
def wheel(with_build: Path) -> Path:
    return build(with_build, "wheel")


def test_a_wheel_brings_the_console_along(wheel: Path) -> None:
    found = names(wheel)
    assert {name for name in found if "console/" in name} == PAGES
    assert {"roadbed/app.py", "roadbed/http/pages/no-console.html"} <= found


def test_without_a_build_it_is_the_same_wheel_without_a_console(wheel: Path, tmp_path: Path) -> None:
    plain = names(build(copy_of_sources(tmp_path), "wheel"))
    assert plain == names(wheel) - PAGES


def test_a_source_distribution_has_the_sources_and_the_build(with_build: Path, tmp_path: Path) -> None:
    with tarfile.open(build(with_build, "sdist")) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    found = {str(path.relative_to(folder)) for path in (folder / "console").rglob("*") if path.is_file()}
    assert found == {name for name in BUILT if "node_modules" not in name}
    assert {name for name in names(build(folder, "wheel")) if "console/" in name} == PAGES


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Iterator[str]:
    """A service from the wheel alone: its folder goes before the clone that is installed here."""
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    command = [sys.executable, "-c", "from roadbed.cli.main import main; main()", "up"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    with running_service(tmp_path / "service", command=command, env=env) as service:
        yield service.base_url


def test_an_installed_wheel_serves_it(installed: str) -> None:
    with httpx.Client(base_url=installed, headers={"Accept": "text/html", "Accept-Encoding": "br"}) as client:
        root = client.get("/")
        page = client.get("/console/ledger")
        script = client.get("/console/assets/index-C0ffee.js")
        nothing = client.get("/console/assets/index-None.js")
    assert (root.status_code, root.headers["location"]) == (302, "/console/")
    assert (page.status_code, page.text) == (200, BUILT["console/dist/index.html"])
    assert script.headers["content-encoding"] == "br"
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert nothing.status_code == 404
