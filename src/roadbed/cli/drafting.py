"""``roadbed migrate new``: write the next revision of a domain into its package."""

from __future__ import annotations

import re
import unicodedata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from roadbed.data.migrations import parent
from roadbed.data.migrations.locations import Location
from roadbed.data.migrations.protocol import Draft
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.settings import Settings
from roadbed.resource.domain import Domain
from roadbed.resource.registry import load_domains, location, package_for_revisions

LONGEST_WORDS = 40
"""Characters of the message that become part of a file's name."""


def write_and_tell(
    settings: Settings, name: str, message: str, *, empty: bool, renames: list[str], drops: list[str]
) -> None:
    """Write the revision and say where it is, and what it takes away; or say that there is nothing to do.

    Raises:
        ConfigurationError: the domain names no package, or a person has to decide something.
    """
    domain = find(settings, name)
    folder = revisions_folder(domain)
    draft = Draft(_location(domain, folder), one_line(message), empty, renames, drops)
    written = parent.draft(draft)
    if not written.source:
        print(f"Nothing to do: the revisions of {domain.name} make what it declares")
        return
    print(f"Wrote {write(folder, written.revision, draft.message, written.source)}")
    for remark in written.remarks:
        print(f"  it {remark}")
    print("Read it, then run `roadbed migrate upgrade` (or `roadbed up`)")


def find(settings: Settings, name: str) -> Domain[Any]:
    """Return a domain by its name or its import path."""
    if name in settings.domains or ":" in name:
        return load_domains([name])[0]
    enabled = (domain for domain in load_domains(settings.domains) if domain.name == name)
    return next(enabled, None) or load_domains([name])[0]


def one_line(message: str) -> str:
    """Return a message in one line.

    Raises:
        ConfigurationError: nothing is left of it.
    """
    line = " ".join(message.split())
    if not line:
        raise ConfigurationError("a revision needs a message: -m 'add a price'")
    return line


def write(folder: Path, revision: str, message: str, source: str) -> Path:
    """Write the file of a revision into a package, which is made if it is not there; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / "__init__.py"
    if not marker.exists():
        marker.write_text('"""The revisions of the schema, one after the other."""\n', encoding="utf-8")
    plain = unicodedata.normalize("NFKD", message).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain)[:LONGEST_WORDS].strip("_")
    path = folder / f"{'_'.join(filter(None, (revision, words)))}.py"
    with path.open("x", encoding="utf-8") as file:
        file.write(source)
    return path


def revisions_folder(domain: Domain[Any]) -> Path:
    """Return the folder of a domain's revisions, which need not be there yet.

    Raises:
        ConfigurationError: the domain names no package for them, or none that could be made.
    """
    if not domain.migrations:
        raise ConfigurationError(
            f"domain {domain.name!r} says nowhere where its revisions lie: give it "
            f'migrations="{package_for_revisions(domain)}", and the folder is made'
        )
    outer, _, last = domain.migrations.rpartition(".")
    # Beside the module where there is no outer package: that is where the domain was found.
    spec = find_spec(outer or domain.path.partition(":")[0].partition(".")[0])
    if spec is None or (outer and not spec.submodule_search_locations):
        raise ConfigurationError(f"domain {domain.name!r}: there is no package {outer!r} for {domain.migrations!r}")
    if outer and spec.submodule_search_locations:
        return Path(spec.submodule_search_locations[0]) / last
    home = Path(spec.origin or "").resolve().parent
    return (home.parent if spec.submodule_search_locations else home) / last


def _location(domain: Domain[Any], folder: Path) -> Location:
    whole = location(domain)
    return whole if folder.is_dir() else Location(whole.branch, "", whole.metadata)
