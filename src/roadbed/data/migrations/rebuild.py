"""Change what SQLite cannot alter: copy a table into a new one, as https://www.sqlite.org/lang_altertable.html says.

Alembic's batch mode reflects the old table and loses what it does not reflect: CHECKs without a name, and triggers.
Here the new table is *declared*, whole, in the revision itself, and nothing is reflected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alembic import op
from sqlalchemy import Column, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from roadbed.data.migrations.operations import execute_raw
from roadbed.kernel.errors import SchemaMismatch

PREFIX = "rebuilt_"
"""What the name of the new table begins with until the old one is gone."""


def rebuild(table: Table, values: Mapping[str, str] | None = None, triggers: Sequence[str] = ()) -> None:
    """Replace a SQLite table by the one declared here, with its rows. Nothing but SQLite needs this.

    ``table`` is declared in the revision (``new_table(name, new_metadata(), …)``) with all its columns, constraints and
    indexes. ``values`` gives a SQL expression over the old columns for each column that the old table lacks or whose
    content changes; the others are copied by name. ``triggers`` are the ``CREATE TRIGGER`` statements of the new table.

    References to the table stay, by name; the migration as a whole ends with ``PRAGMA foreign_key_check``.

    Raises:
        SchemaMismatch: the old table has a trigger that is neither declared here nor was dropped before.
    """
    _name_what_it_refers_to(table)
    context = op.get_context()
    before = _triggers(table.name)
    for statement in (*statements(table, context.dialect, values or {}), *triggers):
        execute_raw(statement)
    lost = before - _triggers(table.name)
    if lost:
        raise SchemaMismatch(f"rebuilding {table.name} would lose its triggers: {', '.join(sorted(lost))}")


def statements(table: Table, dialect: Dialect, values: Mapping[str, str]) -> Iterator[str]:
    """Yield the SQL of a rebuild, without the triggers."""
    quote = dialect.identifier_preparer.quote
    name, new = quote(table.name), quote(PREFIX + table.name)
    # Compiled under its own name, so that its constraints have their names; only the head says the other one.
    declared = str(CreateTable(table).compile(dialect=dialect)).strip()
    yield declared.replace(f"CREATE TABLE {name} ", f"CREATE TABLE {new} ", 1)
    columns = ", ".join(quote(column.name) for column in table.columns)
    sources = ", ".join(values.get(column.name, quote(column.name)) for column in table.columns)
    yield f"INSERT INTO {new} ({columns}) SELECT {sources} FROM {name}"  # noqa: S608 - a revision's own words
    yield f"DROP TABLE {name}"
    # The old way of renaming leaves alone what others say about the name: references, triggers and views elsewhere. The
    # new way would refuse, because for this moment they name a table that is not there.
    yield "PRAGMA legacy_alter_table = ON"
    yield f"ALTER TABLE {new} RENAME TO {name}"
    yield "PRAGMA legacy_alter_table = OFF"
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        yield str(CreateIndex(index).compile(dialect=dialect)).strip()


def _name_what_it_refers_to(table: Table) -> None:
    """Let the catalogue know the tables that references name: SQLAlchemy writes none to unknown ones."""
    for key in table.foreign_keys:
        name, _, column = key.target_fullname.rpartition(".")
        if name not in table.metadata.tables:
            Table(name, table.metadata)
        if column not in table.metadata.tables[name].c:
            unknown: Column[Any] = Column(column)
            table.metadata.tables[name].append_column(unknown)


def _triggers(table: str) -> set[str]:
    if op.get_context().as_sql:
        return set()
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
    return set(op.get_bind().exec_driver_sql(query, (table,)).scalars())
