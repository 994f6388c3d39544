"""Domains of one file, without revisions: in development their tables follow the declaration as long as it only adds.

What the database was brought to is noted beside the revisions, as ``<branch>@<fingerprint>``: so a start that
changed nothing needs no child, and a start that did is seen by every process that serves.
"""

from __future__ import annotations

from collections.abc import Iterator

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import (
    Connection,
    String,
    column,
    delete,
    insert,
    select,
    table,
)

from roadbed.data.migrations.difference import Change, Difference, difference
from roadbed.data.migrations.introspect import VERSION_TABLE, Schema, describe
from roadbed.data.migrations.introspect import compare as differences
from roadbed.data.migrations.locations import PLATFORM, Location, known_revisions, mark, marks_of
from roadbed.data.migrations.protocol import Request
from roadbed.data.migrations.runner import catalogue_of, scratch
from roadbed.data.migrations.writing import imports_of, upgrade_lines
from roadbed.data.schema import new_metadata
from roadbed.kernel.errors import SchemaMismatch

_STORED = table(VERSION_TABLE, column("version_num", String()))


def bring_up_to_date(request: Request, connection: Connection) -> list[str]:
    """Make what the enabled domains without revisions declare; return the marks that are new.

    Raises:
        SchemaMismatch: a change does more than add; the detail names it.
    """
    stored = _stored(connection)
    done: list[str] = []
    for location in request.locations:
        if location.package or mark(location) in stored:
            continue
        found = _compared(location, connection)
        problems = [*found.problems, *(each for change in found.changed for each in more_than_added(change))]
        if problems:
            raise SchemaMismatch(_refusal(location, problems))
        _run(found, connection)
        _note(connection, location.branch, mark(location))
        done.append(mark(location))
    return done


def adopt(request: Request, connection: Connection) -> list[str]:
    """Take a domain that had no revisions to its last one, if the database is just what they make of it.

    Raises:
        SchemaMismatch: it is not.
    """
    stored = _stored(connection)
    adopted: list[str] = []
    for location in request.locations:
        if not location.package or not marks_of(location.branch, stored):
            continue
        present, declared = _schemas(location, connection)
        other = differences(declared, present)
        if other:
            raise SchemaMismatch(
                f"{location.branch}: this database was made without revisions, and differs from what they make: "
                f"{'; '.join(other[:3])}. Go back to the declaration that it was made by and write the first revision "
                "from that, or begin anew with an empty database"
            )
        last = known_revisions([location])[location.branch][-1:]
        _note(connection, location.branch, *last)
        adopted += last
    return adopted


def more_than_added(change: Change) -> Iterator[str]:
    """Yield in words what a change does beside adding columns and indexes."""
    name = change.table.name
    for words, those in (
        ("goes", change.gone),
        ("may be null now", change.loosened),
        ("may not be null any more", change.tightened),
        ("has another type", change.retyped),
    ):
        yield from (f"{name}.{each} {words}" for each in those)
    yield from (f"{name}: {constraint} changes or goes" for constraint in change.lost)
    yield from (f"{name}: the index {index} changes or goes" for index in change.lost_indexes)
    allowed = set(change.of_added())
    yield from (f"{name}: {each} comes" for each in change.gained if each not in allowed and each not in change.lost)
    if change.layout:
        yield f"{name} is laid out in another way"


def _compared(location: Location, connection: Connection) -> Difference:
    present, declared = _schemas(location, connection)
    return difference(present, declared, catalogue_of(location))


def _schemas(location: Location, connection: Connection) -> tuple[Schema, Schema]:
    """Return what the database has of a domain's declared tables, and what is declared."""
    catalogue = catalogue_of(location)
    declared = scratch(connection, [catalogue_of(PLATFORM), catalogue])
    tables = set(catalogue.tables)
    present, wanted = (
        {key: text for key, text in schema.items() if key[0] in tables} for schema in (describe(connection), declared)
    )
    return present, wanted


def _run(found: Difference, connection: Connection) -> None:
    """Do it by the source that a revision would have: there is one way to change a table, and it is tested."""
    code = "\n".join(upgrade_lines(found))
    context = MigrationContext.configure(connection, opts={"target_metadata": new_metadata()})
    with Operations.context(context):
        exec(f"{imports_of(code)}\n{code}", {})  # noqa: S102 - written here, a line above


def _stored(connection: Connection) -> list[str]:
    if not connection.dialect.has_table(connection, VERSION_TABLE):
        return []
    return list(connection.execute(select(_STORED.c.version_num)).scalars())


def _note(connection: Connection, branch: str, *marks: str) -> None:
    old = marks_of(branch, _stored(connection))
    connection.execute(delete(_STORED).where(_STORED.c.version_num.in_(old)))
    for new in marks:
        connection.execute(insert(_STORED).values(version_num=new))


def _refusal(location: Location, problems: list[str]) -> str:
    return (
        f"{location.branch}: the declaration does more than add: {'; '.join(problems)}. Without revisions only new "
        "tables, columns that may be null or have a default, and indexes come by themselves. Go back to the former "
        'declaration, give the domain revisions (migrations="…", then '
        f"`roadbed migrate new {location.branch} -m …`), and change it then; or begin anew with an empty database"
    )
