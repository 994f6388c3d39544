"""The list of what the image is made of."""

import json
from importlib.metadata import version
from pathlib import Path

from tests.deploy.loading import script_of
from tests.style.tree import ROOT

sbom = script_of("deploy/image/sbom.py")
LOCK = ROOT / "console" / "package-lock.json"

DPKG = """Package: base-files
Status: install ok installed
Version: 12.4+deb12u1
Description: files
 Version: none of it

Package: gone
Status: deinstall ok config-files
Version: 1
"""


def purls(components: list[dict[str, str]]) -> set[str]:
    return {each["purl"] for each in components}


def test_packages_of_python_are_those_that_are_installed() -> None:
    assert f"pkg:pypi/msgspec@{version('msgspec')}" in purls(list(sbom.of_python()))


def test_packages_of_the_console_are_those_that_its_pages_hold() -> None:
    names = {each["name"] for each in sbom.of_console(LOCK)}
    assert {"vue", "uplot", "@tanstack/vue-query"} <= names
    assert names & {"vite", "vitest", "typescript"} == set()


def test_a_scope_is_part_of_an_address() -> None:
    (purl,) = (each["purl"] for each in sbom.of_console(LOCK) if each["name"] == "@tanstack/vue-query")
    assert purl.startswith("pkg:npm/%40tanstack/vue-query@")


def test_packages_of_the_system_are_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "status").write_text(DPKG)
    assert purls(list(sbom.of_debian(tmp_path / "status"))) == {"pkg:deb/debian/base-files@12.4+deb12u1"}


def test_a_system_that_is_not_debian(tmp_path: Path) -> None:
    assert list(sbom.of_debian(tmp_path / "status")) == []


def test_the_document_is_the_same_for_the_same_parts() -> None:
    one, other = sbom.component("pypi", "a", "1", "MIT"), sbom.component("pypi", "b", "2")
    written = sbom.document([other, one, one])
    assert json.dumps(written) == json.dumps(sbom.document([one, other]))
    assert (written["bomFormat"], written["specVersion"]) == ("CycloneDX", "1.5")
    assert [each["name"] for each in written["components"]] == ["a", "b"]
    assert written["components"][0]["licenses"] == [{"license": {"name": "MIT"}}]
    assert "licenses" not in written["components"][1]
