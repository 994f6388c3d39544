"""Prints what an image is made of, as CycloneDX 1.5 JSON: Python's packages, the console's, and Debian's.

    python sbom.py PACKAGE-LOCK.JSON

Runs in the image, with the image's own Python: it says what is there, not what was asked for.
"""

import json
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from urllib.parse import quote

DPKG_STATUS = Path("/var/lib/dpkg/status")
BUILD_ONLY = {"dev", "devOptional", "optional", "peer"}
"""How npm's lock file marks what nothing needs that the pages themselves import."""

Component = dict[str, Any]


def component(kind: str, name: str, version: str, licence: str = "") -> Component:
    """Return one entry; ``kind`` is the type of its package URL: pypi, npm or deb/debian."""
    purl = f"pkg:{kind}/{quote(name)}@{quote(version, safe='.+-~')}"
    found: Component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    return found | ({"licenses": [{"license": {"name": licence}}]} if licence else {})


def of_python() -> Iterator[Component]:
    """Yield what is installed beside this Python."""
    for each in distributions():
        licence = each.metadata.get("License-Expression") or ""
        yield component("pypi", each.metadata["Name"].lower().replace("_", "-"), each.version, licence)


def of_console(lock: Path) -> Iterator[Component]:
    """Yield what the console's pages are built from; what only its build needs is not in the image."""
    for path, package in json.loads(lock.read_text(encoding="utf-8"))["packages"].items():
        if path and not BUILD_ONLY & package.keys():
            yield component("npm", path.rpartition("node_modules/")[2], package["version"], package.get("license", ""))


def of_debian(status: Path = DPKG_STATUS) -> Iterator[Component]:
    """Yield the packages of the system; none where it is not Debian's."""
    for paragraph in status.read_text(encoding="utf-8").split("\n\n") if status.exists() else ():
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            yield component("deb/debian", fields["Package"], fields["Version"])


def document(components: list[Component]) -> dict[str, Any]:
    """Return the whole, in an order that does not depend on the disk."""
    unique = {each["bom-ref"]: each for each in components}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": "roadbed"}},
        "components": [unique[name] for name in sorted(unique)],
    }


if __name__ == "__main__":
    print(json.dumps(document([*of_python(), *of_console(Path(sys.argv[1])), *of_debian()]), indent=1))
