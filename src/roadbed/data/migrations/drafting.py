"""Write the next revision of a domain: what its revisions make of an empty database, against what it declares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from sqlalchemy import Connection, MetaData

from roadbed.data import columns
from roadbed.data.migrations import engines
from roadbed.data.migrations.difference import Change, Difference, Wanted, difference
from roadbed.data.migrations.introspect import Schema, describe
from roadbed.data.migrations.locations import PLATFORM, known_revisions
from roadbed.data.migrations.protocol import Draft, Reply, Request
from roadbed.data.migrations.runner import catalogue_of, migrate, scratch
from roadbed.data.migrations.writing import revision_file
from roadbed.data.schema import only_dialect, scripts
from roadbed.kernel.errors import ConfigurationError


def draft(request: Request) -> Reply:
    """Return the source of the revision that ``request.draft`` asks for; an empty ``source`` if there is nothing to do.

    Raises:
        ConfigurationError: a person has to decide something; the detail names all of it.
    """
    wanted = request.draft
    if wanted is None:
        raise ConfigurationError("nobody said which revision to write")
    location = wanted.location
    revisions = known_revisions([location])[location.branch] if location.package else []
    before = revisions[-1] if revisions else None
    revision = f"{location.branch}_{_number(before):04}"
    if wanted.empty:
        nothing = Difference(new=[], gone=[], changed=[], problems=[])
        return Reply(
            sql=revision_file(revision, before, location.branch, wanted.message, nothing), revisions=[revision]
        )
    catalogue = catalogue_of(location)
    with TemporaryDirectory(prefix="roadbed-draft-") as folder:
        temporary = msgspec.structs.replace(
            request,
            url=f"sqlite:///{Path(folder) / 'draft.db'}",
            locations=[location] if revisions else [],
            installed=[],
        )
        found = engines.run(temporary, lambda connection: _compared(temporary, connection, catalogue, wanted))
    if found.problems:
        raise ConfigurationError(_together(location.branch, found.problems))
    if not found.any:
        return Reply()
    source = revision_file(revision, before, location.branch, wanted.message, found)
    return Reply(sql=source, revisions=[revision], differences=[*_losses(found), *_beyond(catalogue)])


def _number(before: str | None) -> int:
    """Return the number of the revision after this one."""
    if before is None:
        return 1
    digits = next((part for part in reversed(before.split("_")) if part.isdigit()), "")
    if not digits:
        raise ConfigurationError(f"the last revision {before!r} has no number: name the next one by hand")
    return int(digits) + 1


def _compared(request: Request, connection: Connection, catalogue: MetaData, wanted: Draft) -> Difference:
    kinds: dict[tuple[str, str], str] = {}
    token = columns.rendered.set(kinds)
    try:
        migrate(request, True, connection=connection)
    finally:
        columns.rendered.reset(token)
    platform = catalogue_of(PLATFORM)
    present, declared = describe(connection), scratch(connection, [platform, catalogue])
    ours = [_without(schema, platform) for schema in (present, declared)]
    tables = {table for schema in ours for table, _ in schema}
    return difference(ours[0], ours[1], catalogue, kinds, _wanted(wanted, tables))


def _without(schema: Schema, platform: MetaData) -> Schema:
    return {key: text for key, text in schema.items() if key[0] and key[0] not in platform.tables}


def _wanted(wanted: Draft, tables: set[str]) -> Wanted:
    """Read ``books.name=title`` and ``books.name``; a table may be called without its domain's name."""
    problems: list[str] = []

    def place(text: str) -> tuple[str, str]:
        table, _, column = text.partition(".")
        named = next((each for each in (table, f"{wanted.location.branch}_{table}") if each in tables), "")
        if not named or not column:
            problems.append(f"{text!r} names no column of a table of this domain, as in books.title")
        return named, column

    renames = {place(old): new.rpartition(".")[2] for old, _, new in (each.partition("=") for each in wanted.renames)}
    drops = frozenset(place(each) for each in wanted.drops)
    if problems:
        raise ConfigurationError(_together(wanted.location.branch, problems))
    return Wanted(renames, drops)


def _together(branch: str, problems: Sequence[str]) -> str:
    return f"no revision of {branch} was written: " + "; ".join(dict.fromkeys(problems))


def _losses(found: Difference) -> list[str]:
    """Return what the revision takes away for ever, in words."""
    lost = [f"drops {change.table.name}.{name} with its values" for change in found.changed for name in change.gone]
    return lost + [f"drops the table {name} with its rows" for name in found.gone] + _strict(found.changed)


def _strict(changes: Sequence[Change]) -> list[str]:
    found = [(change.table.name, sorted(change.gained.keys() - set(change.of_added()))) for change in changes]
    return [f"asks {table} anew ({', '.join(names)}): rows that do not fit stop it" for table, names in found if names]


def _beyond(catalogue: MetaData) -> list[str]:
    """Return what the comparison, made on SQLite, cannot see."""
    unseen = [
        str(each.name)
        for table in catalogue.tables.values()
        for each in (*table.constraints, *table.indexes)
        if only_dialect(each) == "postgresql"
    ]
    unseen += [path.name for path in scripts(catalogue, "postgresql")]
    return [f"was not compared, for only PostgreSQL has it: {', '.join(sorted(unseen))}"] if unseen else []
