"""What the child can be asked for: each action of the protocol, on an open database."""

from __future__ import annotations

import io
from collections.abc import Callable

from sqlalchemy import Connection

from roadbed.data.migrations import automatic, drafting, engines
from roadbed.data.migrations.introspect import compare as difference
from roadbed.data.migrations.introspect import describe
from roadbed.data.migrations.protocol import Reply, Request, dialect_of
from roadbed.data.migrations.runner import create_all, declared, migrate, scratch, upgrades


def perform(request: Request) -> Reply:
    """Do what is asked.

    Raises:
        ConfigurationError, SchemaMismatch, Unavailable: as the functions of ``parent`` say.
    """
    return _ACTIONS[request.action](request)


def _upgrade(request: Request) -> Reply:
    def upgrade(connection: Connection) -> Reply:
        adopted = automatic.adopt(request, connection)
        ran = migrate(request, True, connection=connection)
        return Reply(revisions=[*adopted, *ran, *automatic.bring_up_to_date(request, connection)])

    return engines.run(request, upgrade)


def _downgrade(request: Request) -> Reply:
    return engines.run(request, lambda connection: Reply(revisions=migrate(request, False, connection=connection)))


def _preview(request: Request) -> Reply:
    upgrades(request, tuple(request.heads))  # Alembic would stumble over revisions that it does not know
    output = io.StringIO()
    dialect = "postgresql+asyncpg" if dialect_of(request.url) == "postgresql" else "sqlite"
    revisions = migrate(
        request, True, dialect_name=dialect, as_sql=True, output_buffer=output, starting_rev=tuple(request.heads)
    )
    return Reply(revisions=revisions, sql=output.getvalue())


def _create(request: Request) -> Reply:
    def create(connection: Connection) -> Reply:
        create_all(connection, declared(request))
        return Reply()

    return engines.run(request, create)


def _compare(request: Request) -> Reply:
    def compare(connection: Connection) -> Reply:
        actual = describe(connection)
        expected = scratch(connection, declared(request))
        return Reply(differences=difference(expected, actual))

    return engines.run(request, compare)


_ACTIONS: dict[str, Callable[[Request], Reply]] = {
    "upgrade": _upgrade,
    "downgrade": _downgrade,
    "preview": _preview,
    "create": _create,
    "compare": _compare,
    "draft": drafting.draft,
}
