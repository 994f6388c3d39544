"""How tables are declared: one naming convention, STRICT on SQLite, guards for rows; and the platform's own tables.

SQLAlchemy is imported with this module: only migrations and schema tests may import it, never a request path.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Column, Connection, Constraint, Index, MetaData, Table, event

from roadbed.data.columns import Digest, Id, Instant, Integer64, JsonText, Real, Text
from roadbed.data.statistic_columns import COUNTS, REALS, STATES

CONVENTION = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
"""Every constraint and index has a name, so that every migration can address it."""

REFUSE_CHANGE = """\
CREATE FUNCTION roadbed_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = TG_TABLE_NAME || ' keeps its rows: ' || TG_OP || ' is refused', ERRCODE = 'restrict_violation';
END
$$"""
"""PostgreSQL: what the triggers of append-only and permanent tables call."""

SEARCHED = "roadbed.searched"
"""``Column.info`` names under this key the columns whose texts, without case, make up a column for searching."""

SEARCH_OF = "search_of_"
"""What the name of the CHECK begins with that says what such a column was filled from."""

_SCRIPTS = "roadbed.scripts"
_ONLY_ON = "roadbed.only_on"
_GUARDS = "roadbed.guards"

C = TypeVar("C", bound=Constraint | Index)


def new_metadata() -> MetaData:
    """Return an empty catalogue with the naming convention."""
    return MetaData(naming_convention=CONVENTION)


def new_table(name: str, catalogue: MetaData, *parts: Any, rowid: bool = True) -> Table:
    """Declare a table: STRICT on SQLite, and ``WITHOUT ROWID`` there unless ``rowid``.

    No column counts by itself: ids come from the application. A revision says ``autoincrement=False`` at the column of
    an integer primary key.
    """
    for part in parts:
        if isinstance(part, Column):
            cast("Column[Any]", part).autoincrement = False
    return Table(name, catalogue, *parts, sqlite_strict=True, sqlite_with_rowid=rowid)


def only_on(dialect: str, constraint: C) -> C:
    """Declare a constraint or an index for one dialect alone (``sqlite``, ``postgresql``)."""
    constraint.info[_ONLY_ON] = dialect
    constraint.ddl_if(dialect=dialect)
    return constraint


def belongs(item: Any, dialect: str) -> bool:
    """Tell whether something declared is meant for this dialect. Alembic's autogenerate has to be told.

    Its ``include_object`` calls this: ``lambda item, *_: belongs(item, dialect)``.
    """
    return getattr(item, "info", {}).get(_ONLY_ON, dialect) == dialect


def only_dialect(item: Constraint | Index) -> str | None:
    """Return the one dialect for which something was declared by ``only_on``, or None for all."""
    return item.info.get(_ONLY_ON)


def append_only_statements(table: str, dialect: str) -> list[str]:
    """Return the DDL that makes a table refuse UPDATE and DELETE (and TRUNCATE, on PostgreSQL).

    It costs an INSERT nothing. SQLite's ``INSERT OR REPLACE`` deletes unseen by triggers unless
    ``PRAGMA recursive_triggers`` is on. On PostgreSQL the platform's first revision must have run.
    """
    if dialect == "postgresql":
        return [_postgres_guard(table, "append_only", "UPDATE OR DELETE OR TRUNCATE")]
    return [_sqlite_guard(table, "no_update", "UPDATE"), _sqlite_guard(table, "no_delete", "DELETE")]


def permanent_statements(table: str, key: str, dialect: str) -> list[str]:
    """Return the DDL that makes a table refuse to lose a row or to change its key; other columns may change.

    What refers to such rows by a write path of ours needs no foreign key to stay true.
    """
    if dialect == "postgresql":
        return [_postgres_guard(table, "permanent", f"UPDATE OF {key} OR DELETE OR TRUNCATE")]
    return [_sqlite_guard(table, "no_rekey", f"UPDATE OF {key}"), _sqlite_guard(table, "no_delete", "DELETE")]


def _postgres_guard(table: str, name: str, events: str) -> str:
    trigger = f"CREATE TRIGGER tr_{table}_{name} BEFORE {events} ON {table}"
    return f"{trigger} FOR EACH STATEMENT EXECUTE FUNCTION roadbed_refuse_change()"


def _sqlite_guard(table: str, name: str, event: str) -> str:
    refusal = f"{table} keeps its rows: {event.partition(' ')[0]} is refused"
    return f"CREATE TRIGGER tr_{table}_{name} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"


def append_only(table: Table) -> Table:
    """Make a fresh table append-only; a migration runs ``append_only_statements`` itself."""
    return _with(table, "append_only", append_only_statements)


def permanent(table: Table) -> Table:
    """Make the rows of a fresh table permanent; a migration runs ``permanent_statements`` itself."""
    key = table.primary_key.columns[0].name
    return _with(table, "permanent", lambda name, dialect: permanent_statements(name, key, dialect))


def guards(table: Table) -> list[str]:
    """Return what guards the rows of a declared table: ``append_only``, ``permanent``."""
    return table.info.get(_GUARDS, [])


def guard_triggers(table: str, guard: str, dialect: str) -> list[str]:
    """Return the names of the triggers that make a guard."""
    if dialect == "postgresql":
        return [f"tr_{table}_{guard}"]
    return [f"tr_{table}_{'no_update' if guard == 'append_only' else 'no_rekey'}", f"tr_{table}_no_delete"]


def _with(table: Table, guard: str, statements: Callable[[str, str], list[str]]) -> Table:
    table.info.setdefault(_GUARDS, []).append(guard)

    def create(target: Table, connection: Connection, **_: Any) -> None:
        for statement in statements(target.name, connection.dialect.name):
            connection.exec_driver_sql(statement)

    event.listen(table, "after_create", create)
    return table


def add_script(catalogue: MetaData, dialect: str, path: Path) -> None:
    """Declare that a fresh schema needs a file of SQL too (functions); a migration runs ``execute_file`` itself."""
    catalogue.info.setdefault(_SCRIPTS, []).append((dialect, path))


def scripts(catalogue: MetaData, dialect: str) -> list[Path]:
    """Return the files that complete a fresh schema on a dialect, in order."""
    return [path for wanted, path in catalogue.info.get(_SCRIPTS, []) if wanted == dialect]


def metadata() -> MetaData:
    """Return the platform's own tables.

    ``idempotency`` holds one row per ``Idempotency-Key`` that led to success: its key in its scope, the fingerprint of
    the request, the text from which the reply is made again, and when it may be forgotten. ``feed`` holds the last
    number of every feed, ``change`` what was written under each number of those that are watched, for a while. The
    tables that begin with ``statistic`` hold what the service knows of itself.
    """
    catalogue = new_metadata()
    table = new_table(
        "idempotency",
        catalogue,
        Column("key", Digest(length=16), primary_key=True),
        Column("fingerprint", Digest(length=16), nullable=False),
        Column("outcome", JsonText(), nullable=False),
        Column("expires_at", Instant(), nullable=False),
    )
    Index(None, table.c.expires_at)
    new_table(
        "feed",
        catalogue,
        Column("name", Text(), primary_key=True),
        Column("number", Integer64(), nullable=False),
        rowid=False,
    )
    change = new_table(
        "change",
        catalogue,
        Column("feed", Text(), primary_key=True),
        Column("number", Integer64(), primary_key=True),
        Column("key", Text(), nullable=False),
        Column("kind", Text(), nullable=False),
        Column("at", Instant(), nullable=False),
        Column("body", JsonText()),
        rowid=False,
    )
    # Old changes are swept by their time.
    Index(None, change.c.at)
    _add_statistics(catalogue)

    def refuse_change(_target: MetaData, connection: Connection, **_: Any) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(REFUSE_CHANGE)

    event.listen(catalogue, "before_create", refuse_change)
    return catalogue


def _add_statistics(catalogue: MetaData) -> None:
    """Declare what the service knows of itself.

    ``statistic`` has a row per process and tick (``at`` is where the tick began): plain numbers, so that the database
    sums them over processes and time. After a day a row per minute is left, under the process of all zeros. The others:
    questions to the cache by minute and feed, watchers by process and feed, the last failed requests, the size of every
    table, who does what one process alone is to do, until when, and what the last look at a domain's figures found.
    """
    numbers = [Column(name, Integer64(), nullable=False) for name in (*COUNTS, *STATES)]
    reals = [Column(name, Real(), nullable=False) for name in REALS]
    new_table(
        "statistic",
        catalogue,
        Column("at", Instant(), primary_key=True),
        Column("process", Id(), primary_key=True),
        Column("node", Text(max_length=255), nullable=False),
        Column("pid", Integer64(), nullable=False),
        Column("started_at", Instant(), nullable=False),
        *reals,
        *numbers,
        rowid=False,
    )
    _add_details(catalogue)
    _add_turns(catalogue)


def _add_details(catalogue: MetaData) -> None:
    new_table(
        "statistic_cache",
        catalogue,
        Column("at", Instant(), primary_key=True),
        Column("resource", Text(), primary_key=True),
        Column("hits", Integer64(), nullable=False),
        Column("misses", Integer64(), nullable=False),
        rowid=False,
    )
    new_table(
        "statistic_watch",
        catalogue,
        Column("process", Id(), primary_key=True),
        Column("feed", Text(), primary_key=True),
        Column("subscribers", Integer64(), nullable=False),
        Column("at", Instant(), nullable=False),
        rowid=False,
    )
    new_table(
        "statistic_error",
        catalogue,
        Column("id", Id(), primary_key=True),
        Column("at", Instant(), nullable=False),
        *(Column(name, Text(), nullable=False) for name in ("request_id", "method", "route")),
        Column("status", Integer64(), nullable=False),
        *(Column(name, Text(), nullable=False) for name in ("problem", "title", "error", "node")),
        Column("pid", Integer64(), nullable=False),
        rowid=False,
    )
    new_table(
        "statistic_storage",
        catalogue,
        Column("name", Text(), primary_key=True),
        Column("row_count", Integer64(), nullable=False),
        Column("kind", Text(), nullable=False),
        Column("bytes", Integer64()),
        Column("at", Instant(), nullable=False),
        rowid=False,
    )


def _add_turns(catalogue: MetaData) -> None:
    new_table(
        "statistic_duty",
        catalogue,
        Column("name", Text(), primary_key=True),
        Column("until", Instant(), nullable=False),
        rowid=False,
    )
    new_table(
        "statistic_figure",
        catalogue,
        Column("name", Text(), primary_key=True),
        Column("samples", JsonText(), nullable=False),
        Column("at", Instant(), nullable=False),
        Column("until", Instant(), nullable=False),
        rowid=False,
    )
