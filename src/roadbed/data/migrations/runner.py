"""What the child does with an open database: Alembic, set up in code.

There is no ``alembic.ini`` and no ``env.py``: which revisions run is decided by ``locations.state``, the same function
that tells the serving process whether the database fits. Alembic runs them and keeps its version table.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any, cast

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine

from roadbed.data.migrations.introspect import Schema, describe
from roadbed.data.migrations.locations import Location, State, is_mark, known_revisions, state, with_platform
from roadbed.data.migrations.operations import run_script
from roadbed.data.migrations.protocol import Request
from roadbed.data.schema import new_metadata, scripts
from roadbed.kernel.errors import ConfigurationError, SchemaMismatch


def scratch(connection: Connection, catalogues: Sequence[MetaData]) -> Schema:
    """Make what is declared where it disturbs nobody, and describe it."""
    if connection.dialect.name == "sqlite":
        with create_engine("sqlite://").connect() as memory:
            create_all(memory, catalogues)
            return describe(memory)
    with connection.begin_nested() as savepoint:
        connection.exec_driver_sql("CREATE SCHEMA roadbed_declared")
        connection.exec_driver_sql("SET LOCAL search_path = roadbed_declared")
        create_all(connection, catalogues)
        found = describe(connection)
        savepoint.rollback()
    return found


def create_all(connection: Connection, catalogues: Sequence[MetaData]) -> None:
    """Make what is declared in an empty database."""
    for catalogue in catalogues:
        catalogue.create_all(connection, checkfirst=False)
        for path in scripts(catalogue, connection.dialect.name):
            run_script(connection, path.read_text(encoding="utf-8"))


def declared(request: Request) -> list[MetaData]:
    """Return the tables that the platform and the enabled domains declare.

    Raises:
        ConfigurationError: a location does not say where its tables are declared.
    """
    return [catalogue_of(location) for location in with_platform(request.locations)]


def catalogue_of(location: Location) -> MetaData:
    """Return the tables that a domain declares.

    Raises:
        ConfigurationError: the location does not say where.
    """
    module, _, name = location.metadata.partition(":")
    if not name:
        raise ConfigurationError(f"domain {location.branch!r} does not say where its tables are declared")
    return attrgetter(name)(import_module(module))()


def migrate(request: Request, up: bool, **options: Any) -> list[str]:
    """Run what the plan says; return the revisions in the order in which they ran."""
    every = [each for each in with_platform([*request.locations, *request.installed]) if each.package]
    script = ScriptDirectory(str(Path(__file__).parent), version_locations=[str(each.directory()) for each in every])
    ran: list[str] = []

    def steps(_: Any, context: MigrationContext) -> Iterator[MigrationStep]:
        stored = context.get_current_heads()
        make = MigrationStep.upgrade_from_script if up else MigrationStep.downgrade_from_script
        planned = upgrades(request, stored) if up else _downgrades(request, stored)
        for revision in (each for each in planned if not is_mark(each)):
            ran.append(revision)
            yield make(script.revision_map, script.get_revision(revision))

    with EnvironmentContext(Config(), script) as environment:
        environment.configure(
            target_metadata=new_metadata(),  # its naming convention names what revisions leave unnamed
            transactional_ddl=True,  # SQLite is able to, though Alembic does not expect it
            fn=cast(Any, steps),  # any iterable will do
            **options,
        )
        with environment.begin_transaction(), _naming(ran):
            environment.run_migrations()
    return ran


@contextmanager
def _naming(started: list[str]) -> Generator[None]:
    """Note on any error which revision was at work: the one that was started last."""
    try:
        yield
    except Exception as error:
        if started:
            error.add_note(f"revision {started[-1]}")
        raise


def upgrades(request: Request, stored: tuple[str, ...]) -> list[str]:
    """Return the revisions that would run, in order.

    Raises:
        SchemaMismatch: the database is ahead of this release.
    """
    found: State = state(stored, request.locations, request.installed)
    if found.kind == "ahead":
        found.require_current()
    return found.missing


def _downgrades(request: Request, stored: tuple[str, ...]) -> list[str]:
    revisions = known_revisions(request.locations).get(request.branch, [])
    if request.target is not None and request.target not in revisions:
        raise SchemaMismatch(f"branch {request.branch!r} has no revision {request.target!r}")
    reached = [index for index, revision in enumerate(revisions) if revision in stored]
    kept = revisions.index(request.target) + 1 if request.target is not None else 0
    return revisions[kept : reached[-1] + 1][::-1] if reached else []
