"""Where revisions lie and how they follow each other, read from their source without running it.

Every domain is a branch of its own: its revisions are files ``<branch>_<number>[_<words>].py`` in one package, each
with the module-level constants ``revision`` and ``down_revision``. Importing Alembic to learn this would cost half a
second at every start; parsing the files takes milliseconds.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import msgspec

from roadbed.kernel.errors import ConfigurationError, SchemaMismatch

Kind = Literal["current", "behind", "ahead", "empty"]

UPGRADE = "roadbed migrate upgrade"
"""The command that mends a database that is behind."""


LONGEST_REVISION = 32
"""Characters in the name of a revision: Alembic's table has no room for more."""


_MARK = "@"
"""What stands in the mark of a branch without revisions, between its name and its fingerprint; no revision has it."""


FINGERPRINT = 8
"""Characters of a fingerprint."""


class Location(msgspec.Struct, frozen=True):
    """Where one branch lies: ``package`` is the import path of its revisions, ``metadata`` that of the function that
    returns its tables (``roadbed.domains.ledger.tables:metadata``), needed only to compare or to create afresh.

    A branch without a package has no revisions: ``fingerprint`` says what its declaration comes to.
    """

    branch: str
    package: str
    metadata: str = ""
    fingerprint: str = ""

    def directory(self) -> Path:
        """Return the folder of the package.

        Raises:
            ConfigurationError: there is no such package, or it is not a folder of files.
        """
        spec = _find_without_running(self.package)
        if spec is None or not spec.submodule_search_locations:
            raise ConfigurationError(f"domain {self.branch!r}: there is no package {self.package!r} of revisions")
        return Path(spec.submodule_search_locations[0])


def _find_without_running(package: str) -> ModuleSpec | None:
    """Find a package without running those that it lies in.

    ``importlib.util.find_spec`` imports them: for the revisions of a domain the whole domain, and with it the rooms
    that it stands on, which the migration child has no use for.
    """
    try:
        return _follow(package) or find_spec(package)
    except (ImportError, ValueError):  # ValueError: a module that lies above it was not made by an import.
        return None


def _follow(package: str) -> ModuleSpec | None:
    """Find a package by its path alone; None where that does not lead to it.

    A package may say where its parts lie when it is run, and a folder without ``__init__.py`` asks the one it lies in.
    """
    top, *rest = package.split(".")
    name, spec = top, find_spec(top)
    for part in rest:
        lie_in = _where_parts_lie(name, spec)
        if lie_in is None:
            return None
        name = f"{name}.{part}"
        try:
            spec = PathFinder.find_spec(name, lie_in)
        except KeyError:
            return None
    return spec


def _where_parts_lie(name: str, spec: ModuleSpec | None) -> Sequence[str] | None:
    """Return the folders of a package's parts; None where only running it would tell."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__path__", None)
    if spec is None or spec.submodule_search_locations is None:
        return None
    if spec.has_location and spec.origin is not None and b"__path__" in Path(spec.origin).read_bytes():
        return None
    return spec.submodule_search_locations


PLATFORM = Location("platform", "roadbed.data.migrations.versions", "roadbed.data.schema:metadata")
"""The platform's own branch: always there, always first."""


def mark(location: Location) -> str:
    """Return what is stored instead of revisions for a branch that has none."""
    return f"{_cut(location.branch)}{_MARK}{location.fingerprint}"


def marks_of(branch: str, stored: Iterable[str]) -> list[str]:
    """Return those of the stored that are marks of a branch."""
    return [each for each in stored if is_mark(each) and each.partition(_MARK)[0] == _cut(branch)]


def is_mark(stored: str) -> bool:
    """Tell whether something stored is the mark of a branch without revisions."""
    return _MARK in stored


def _cut(branch: str) -> str:
    return branch[: LONGEST_REVISION - len(_MARK) - FINGERPRINT]


class State(msgspec.Struct, frozen=True):
    """How a database compares with this release.

    ``missing`` are revisions of the enabled branches that the database lacks, in the order in which they would run;
    ``unknown`` are stored ones that no installed branch has.
    """

    kind: Kind
    missing: list[str]
    unknown: list[str]

    def require_current(self) -> None:
        """Refuse to serve a database that does not fit.

        Raises:
            SchemaMismatch: it is behind, empty or ahead; the detail names the command that mends it.
        """
        if self.kind == "ahead":
            raise SchemaMismatch(
                f"the database was migrated by a newer release, or by a domain that is not installed here: it is at "
                f"{', '.join(self.unknown)}; install the newer release (or the domain), or restore an older backup"
            )
        if self.kind != "current":
            words = "is empty" if self.kind == "empty" else "is behind this release"
            raise SchemaMismatch(f"the database {words}: {', '.join(self.missing)} missing; run `{UPGRADE}`")


def with_platform(locations: Iterable[Location]) -> list[Location]:
    """Return the locations, the platform's first, each branch once."""
    found = {PLATFORM.branch: PLATFORM}
    for location in locations:
        found.setdefault(location.branch, location)
    return list(found.values())


def known_revisions(locations: Iterable[Location]) -> dict[str, list[str]]:
    """Return every branch's revisions, oldest first; the platform's branch comes first.

    Raises:
        ConfigurationError: a package is missing, or its revisions are not one line from first to last.
    """
    return {location.branch: list(_line(location)) for location in with_platform(locations)}


def heads(locations: Iterable[Location]) -> tuple[str, ...]:
    """Return the newest revision of every branch that has any."""
    return tuple(revisions[-1] for revisions in known_revisions(locations).values() if revisions)


def state(stored: Sequence[str], locations: Iterable[Location], installed: Iterable[Location] = ()) -> State:
    """Compare what a database says it is at with this release.

    ``locations`` are those of the enabled domains; ``installed`` those of others whose revisions may be stored
    without being strange: a domain that was switched off keeps its tables.
    """
    enabled = known_revisions(locations)
    every = {**known_revisions(installed), **enabled}
    known = {revision for revisions in every.values() for revision in revisions}
    unknown = sorted({each for each in stored if not is_mark(each)} - known)
    missing = [revision for revisions in enabled.values() for revision in _after(revisions, stored)]
    kind: Kind = "ahead" if unknown else "empty" if not stored else "behind" if missing else "current"
    return State(kind, missing, unknown)


def _after(revisions: list[str], stored: Sequence[str]) -> list[str]:
    """Return the revisions of one branch that come after the stored one."""
    reached = [index for index, revision in enumerate(revisions) if revision in stored]
    return revisions[reached[-1] + 1 :] if reached else list(revisions)


def _declared(location: Location) -> dict[str, str | None]:
    """Return revision → the one before it, of all files of a location."""
    found: dict[str, str | None] = {}
    for path in sorted(location.directory().glob("*.py")):
        constants = _constants(path)
        revision = constants.get("revision")
        if not isinstance(revision, str):
            continue
        before = constants.get("down_revision")
        if revision in found or not (before is None or isinstance(before, str)):
            raise ConfigurationError(f"{path}: revision {revision!r} is given twice or follows several others")
        if not revision.startswith(f"{location.branch}_") or len(revision) > LONGEST_REVISION:
            raise ConfigurationError(
                f"{path}: revision {revision!r} must begin with '{location.branch}_' (so that no two domains share a "
                f"name) and have {LONGEST_REVISION} characters at most"
            )
        found[revision] = before
    return found


def _constants(path: Path) -> dict[str, object]:
    """Return the module-level names of a file that are assigned plain constants."""
    try:
        body = ast.parse(path.read_bytes(), str(path)).body
    except SyntaxError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    found: dict[str, object] = {}
    for node in body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update({target.id: node.value.value for target in targets if isinstance(target, ast.Name)})
    return found


@cache
def _line(location: Location) -> tuple[str, ...]:
    """Return the revisions of a branch from first to last. Read once per process: health checks ask often."""
    if not location.package:
        return (mark(location),)
    branch, before = location.branch, _declared(location)
    after = {parent: revision for revision, parent in before.items()}
    line: list[str] = []
    while (revision := after.get(line[-1] if line else None)) is not None and revision not in line:
        line.append(revision)
    if len(line) != len(before):
        strays = ", ".join(sorted(set(before) - set(line)))
        raise ConfigurationError(f"the revisions of branch {branch!r} are not one line, first to last: see {strays}")
    return tuple(line)
