"""Declared tables as the source of a revision, laid out as the formatter would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec
from sqlalchemy import CheckConstraint, Column, Constraint, ForeignKeyConstraint, Index, Table, UniqueConstraint

from roadbed.data.columns import Flag, Instant
from roadbed.data.migrations.difference import foreign_keys
from roadbed.data.schema import only_dialect
from roadbed.kernel.clock import to_micros
from roadbed.kernel.errors import ConfigurationError

WIDTH = 120
INDENT = "    "


class Node(msgspec.Struct, frozen=True):
    """A call, a list or a dict: what opens it, its parts, what closes it."""

    head: str
    parts: Sequence[Node | str]
    end: str = ")"

    def flat(self) -> str:
        """Return it on one line."""
        return self.head + ", ".join(each if isinstance(each, str) else each.flat() for each in self.parts) + self.end


def call(name: str, *parts: Node | str) -> Node:
    """Return a call."""
    return Node(f"{name}(", parts)


def text(node: Node | str, indent: str, after: int = 0) -> str:
    """Return source that begins after ``indent``: on one line if it fits with ``after`` characters more, else its parts
    on a line of their own, else a part per line."""
    flat = node if isinstance(node, str) else node.flat()
    if isinstance(node, str) or not node.parts or len(indent) + len(flat) + after <= WIDTH:
        return flat
    inner = indent + INDENT
    together = flat[len(node.head) : -len(node.end)]
    if len(inner) + len(together) <= WIDTH:
        return f"{node.head}\n{inner}{together}\n{indent}{node.end}"
    lines = "".join(f"{inner}{text(part, inner, 1)},\n" for part in node.parts)
    return f"{node.head}\n{lines}{indent}{node.end}"


def table_parts(table: Table, *, index_too: bool) -> Iterator[Node | str]:
    """Yield the arguments that declare a table's columns and constraints (and its indexes)."""
    yield quoted(table.name)
    if index_too:
        yield "new_metadata()"
    for column in table.columns:
        yield column_source(column, references=True, autoincrement=not index_too)
    yield from _constraints(table)
    if index_too:
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            yield call("sa.Index", "None", *index_parts(index))


def layout(table: Table) -> list[str]:
    """Return the options that ``op.create_table`` needs, and ``new_table`` does not."""
    rowid = cast("bool", table.dialect_options["sqlite"]["with_rowid"])
    return ["sqlite_strict=True", *([] if rowid else ["sqlite_with_rowid=False"])]


def column_source(
    column: Column[Any], *, references: bool, autoincrement: bool = False, extra: Sequence[str] = ()
) -> Node:
    """Return the declaration of a column."""
    parts: list[Node | str] = [quoted(column.name), repr(column.type)]
    if references:
        parts += [
            call("sa.ForeignKey", quoted(key.target_fullname))
            for key in sorted(column.foreign_keys, key=lambda each: each.target_fullname)
            if key.constraint is not None and _inline(key.constraint)
        ]
    if column.primary_key:
        parts.append("primary_key=True")
        if autoincrement and "Integer" in type(column.type).__name__:
            parts.append("autoincrement=False")
    elif not column.nullable:
        parts.append("nullable=False")
    return call("sa.Column", *parts, *extra)


def _constraints(table: Table) -> Iterator[Node | str]:
    for check in sorted_constraints(table, CheckConstraint):
        condition = quoted(str(check.sqltext))
        yield _only(call("sa.CheckConstraint", condition, f"name={quoted(short_name(check, table))}"), check)
    for unique in sorted_constraints(table, UniqueConstraint):
        yield _only(call("sa.UniqueConstraint", *(quoted(column.name) for column in unique.columns)), unique)
    for key in foreign_keys(table):
        if not _inline(key):
            yield _only(call("sa.ForeignKeyConstraint", listed(key.column_keys), listed(targets(key))), key)


def sorted_constraints(table: Table, kind: type[Any]) -> list[Any]:
    """Return the constraints of a kind in the order of their names."""
    found = [each for each in table.constraints if isinstance(each, kind)]
    return sorted(found, key=lambda each: str(each.name))


def targets(key: ForeignKeyConstraint) -> list[str]:
    """Return what a reference points to, as ``table.column``."""
    return [element.target_fullname for element in key.elements]


def short_name(check: CheckConstraint, table: Table) -> str:
    """Return the name of a CHECK as it is declared: the convention puts the table before it."""
    return str(check.name).removeprefix(f"ck_{table.name}_")


def _inline(key: ForeignKeyConstraint) -> bool:
    return len(key.elements) == 1 and only_dialect(key) is None


def _only(node: Node, constraint: Constraint) -> Node | str:
    dialect = only_dialect(constraint)
    return node if dialect is None else f"{node.flat()}.ddl_if(dialect={quoted(dialect)})"


def index_parts(index: Index) -> list[str]:
    """Return the arguments of an index beside its name: columns and options.

    Raises:
        ConfigurationError: it is over an expression, which needs a person.
    """
    if not all(isinstance(each, Column) for each in index.expressions):
        raise ConfigurationError(f"the index {index.name} is over an expression: write the revision by hand (--empty)")
    parts = [quoted(cast("Column[Any]", each).name) for each in index.expressions]
    parts += ["unique=True"] if index.unique else []
    for dialect in ("sqlite", "postgresql"):
        where = index.dialect_options[dialect]["where"]
        parts += [] if where is None else [f"{dialect}_where=sa.text({quoted(str(where))})"]
    return parts


def listed(names: Sequence[str]) -> str:
    """Return a list of texts."""
    return f"[{', '.join(map(quoted, names))}]"


def quoted(value: str) -> str:
    """Return a text in the quotes that need fewer backslashes, double ones where it makes no difference."""
    plain = repr(value)
    if value.count('"') > value.count("'") or not value.isprintable() or "\\" in value:
        return plain
    return '"' + value.replace('"', '\\"') + '"'


def default_sql(column: Column[Any], dialect: str) -> str | None:
    """Return the value that rows get which were there before a column, as SQL, or None."""
    default = cast("Any", column.default)
    return None if default is None else literal(column.type, default.arg, dialect)


def literal(kind: Any, value: Any, dialect: str) -> str:
    """Return a value as SQL of a dialect."""
    if value is None:
        return "NULL"
    if isinstance(kind, Flag) or isinstance(value, bool):
        return str(int(value)) if dialect == "sqlite" else str(bool(value)).lower()
    if isinstance(kind, Instant) or isinstance(value, datetime):
        return str(to_micros(value)) if dialect == "sqlite" else f"'{value.isoformat()}'::timestamptz"
    if isinstance(value, UUID):
        return f"x'{value.hex}'" if dialect == "sqlite" else f"'{value}'::uuid"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'" if dialect == "sqlite" else f"'\\x{value.hex()}'::bytea"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"
