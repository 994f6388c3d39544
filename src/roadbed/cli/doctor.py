"""``roadbed doctor``: all checks at once, each with how to mend what it found."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

from roadbed.app import describe
from roadbed.cli.migrating import demand_revisions, examine
from roadbed.cli.output import print_json, print_table
from roadbed.data.migrations.locations import State
from roadbed.kernel.errors import ConfigurationError, RoadbedError
from roadbed.kernel.settings import Settings
from roadbed.kernel.settings_values import mask
from roadbed.runtime.checkup import Finding, machine
from roadbed.runtime.storage import storage_problem

_MEND = {
    "sqlite": "restore a backup, or set another place with --data or database_url",
    "postgres": "see database_url, and whether PostgreSQL runs there",
}
_MARKS = {"ok": "ok", "warning": "WARNING", "failed": "FAILED"}


def examine_and_tell(settings: Settings, *, as_json: bool) -> int:
    """Run all checks and print the findings; return 1 if one failed, else 0."""
    findings = [*machine(settings), *service(settings)]
    if as_json:
        print_json(findings)
    else:
        print_table(
            ("check", "state", "finding"), ((found.name, _MARKS[found.state], _told(found)) for found in findings)
        )
    return 1 if any(found.state == "failed" for found in findings) else 0


def service(settings: Settings) -> Iterator[Finding]:
    """Check the domains, the database and its schema."""
    try:
        describe(settings)
        demand_revisions(settings)
    except ConfigurationError as error:
        yield Finding("domains", "failed", "; ".join(error.problems), "mend the declaration, or the setting domains")
        return
    yield Finding("domains", "ok", ", ".join(settings.domains))
    yield from database(settings)


def database(settings: Settings) -> Iterator[Finding]:
    """Check that the database answers, and how its schema compares with this release."""
    if settings.dialect == "sqlite":
        path = settings.sqlite_path
        if storage_problem(path):
            return  # told already, as the state of the data folder
        if not path.exists():
            yield Finding("database", "ok", f"{path} is not there yet; `roadbed up` makes it")
            return
    begin = perf_counter()
    try:
        stored, found = examine(settings)
    except RoadbedError as error:
        yield Finding("database", "failed", error.detail, _MEND[settings.dialect])
        return
    yield Finding("database", "ok", f"{mask(settings.url)} answered in {(perf_counter() - begin) * 1000:.0f} ms")
    yield schema(stored, found)


def schema(stored: tuple[str, ...], found: State) -> Finding:
    """Tell how the schema compares with this release. One that is behind is no fault: a start brings it forward."""
    if found.kind == "current":
        return Finding("schema", "ok", ", ".join(stored))
    if found.kind == "ahead":
        mend = "install the release (or the domain) that knows them, or restore an older backup"
        return Finding("schema", "failed", f"unknown here: {', '.join(found.unknown)}", mend)
    words = "empty" if found.kind == "empty" else "behind this release"
    mend = "`roadbed up` migrates by itself; before `roadbed serve` run `roadbed migrate upgrade`"
    return Finding("schema", "warning", f"{words}: {', '.join(found.missing)} missing", mend)


def _told(finding: Finding) -> str:
    return f"{finding.detail} → {finding.mend}" if finding.mend else finding.detail
