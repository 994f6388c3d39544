"""The SQL of a resource, written once at start for both engines. Names are quoted: a field may be called ``order``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import msgspec

from roadbed.data.named_sql import Compiled, Dialect, compile_statement
from roadbed.data.queries import Query
from roadbed.resource.fields import Kind
from roadbed.resource.plan import Plan

SEARCH = "search_text"
"""The column that ``?q=`` looks through: the searched fields in lower case (Unicode's, which no engine agrees on)."""

ARRAYS: dict[Kind, str] = {
    "uuid": "uuid[]",
    "text": "text[]",
    "integer": "bigint[]",
    "real": "double precision[]",
    "flag": "boolean[]",
    "instant": "timestamptz[]",
    "json": "text[]",
    "digest": "bytea[]",
}

MOST_TOGETHER = 1000
"""Rows that go, or lose a reference, together with the one that is deleted. More of them forbid it."""


class Past(msgspec.Struct, frozen=True):
    """One entry of a row's history. ``before`` and ``after`` are JSON, as the row was shown."""

    version: int
    at: datetime
    actor: str
    action: str
    before: str | None
    after: str | None


class Total(msgspec.Struct, frozen=True):
    """A count of rows."""

    total: int


class Statements:
    """What a plan needs to read and write one row, and rows by a list of keys."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        columns = [*plan.columns, *([SEARCH] if plan.searched else [])]
        key, table, row = quoted(plan.key.name), quoted(plan.table), plan.shapes.row
        listed = names(plan.columns)
        by_key = f"WHERE {key} = :{plan.key.name}"
        sets = ", ".join(f"{quoted(name)} = :{name}" for name in columns if name != plan.key.name)
        given = ", ".join(f":{name}" for name in columns)
        self.insert = self._statement(
            "insert", f"INSERT INTO {table} ({names(columns)}) VALUES ({given}) ON CONFLICT DO NOTHING"
        )
        # Of rows that nothing can stand in the way of: what goes wrong then is an error.
        self.add = self._statement("add", f"INSERT INTO {table} ({names(columns)}) VALUES ({given})")
        self.update = self._statement("update", f"UPDATE {table} SET {sets} {by_key}")
        self.delete = self._statement("delete", f"DELETE FROM {table} {by_key}")
        read = f"SELECT {listed} FROM {table} {by_key}"
        self.read = self._query("read", row, read)
        # A change keeps the key, so rows that refer to it may come meanwhile; a delete waits for them.
        self.lock = self._query("lock", row, read, f"{read} FOR NO KEY UPDATE")
        self.lock_to_delete = self._query("lock_to_delete", row, read, f"{read} FOR UPDATE")
        self.lookup = self._query(
            "lookup",
            row,
            f"SELECT {listed} FROM {table} WHERE {key} IN carray(:keys)",
            f"SELECT {listed} FROM {table} WHERE {key} = ANY(:keys::{ARRAYS[plan.key.kind]})",
        )
        some = f"SELECT {listed} FROM {table} ORDER BY {key} LIMIT {MOST_TOGETHER + 1}"
        self.some = self._query("some", row, some, f"{some} FOR UPDATE")
        self.count = self._query("count", Total, f"SELECT count(*) FROM {table}")
        self.uniques = [(group, self._unique(group)) for group in plan.uniques()]
        self.parents = [(field.name, parent, self._parent(parent)) for field, parent in plan.parents]
        self.children = [(field, child, self._children(field.name, child)) for field, child in plan.referred]
        if plan.resource.history:
            self._history(plan)

    def _history(self, plan: Plan) -> None:
        table, key = quoted(history_table(plan)), quoted(plan.key.name)
        listed = names(Past.__struct_fields__)
        self.remember = self._statement(
            "remember",
            f"INSERT INTO {table} ({key}, {listed}) VALUES "
            f"(:{plan.key.name}, :version, :at, :actor, :action, :before, :after)",
        )
        by_key = f"SELECT {listed} FROM {table} WHERE {key} = :{plan.key.name}"
        self.past = self._query(
            "past", Past, f"{by_key} AND version < :before_version ORDER BY version DESC LIMIT :limit"
        )
        self.count_past = self._query(
            "count_past", Total, f"SELECT count(*) FROM {table} WHERE {key} = :{plan.key.name}"
        )
        self.at_version = self._query("at_version", Past, f"{by_key} AND version = :version")

    def _unique(self, group: Sequence[str]) -> Query[Total]:
        plan = self._plan
        same = " AND ".join(f"{quoted(name)} = :{name}" for name in group)
        key = f"{quoted(plan.key.name)} <> :roadbed_own_key"
        text = f"SELECT 1 AS total FROM {quoted(plan.table)} WHERE {same} AND {key} LIMIT 1"
        return self._query(f"unique_{'_'.join(group)}", Total, text)

    def _parent(self, parent: Plan) -> Query[Total]:
        text = f"SELECT 1 AS total FROM {quoted(parent.table)} WHERE {quoted(parent.key.name)} = :value"
        return self._query(f"parent_{parent.name}", Total, text, f"{text} FOR KEY SHARE")

    def _children(self, field: str, child: Plan) -> Query[Any]:
        text = (
            f"SELECT {names(child.columns)} FROM {quoted(child.table)} WHERE {quoted(field)} = :value "
            f"ORDER BY {quoted(child.key.name)} LIMIT {MOST_TOGETHER + 1}"
        )
        return self._query(f"children_{child.name}", child.shapes.row, text, f"{text} FOR UPDATE")

    def _statement(self, name: str, text: str, postgres: str | None = None) -> Query[Any]:
        return self._query(name, cast(Any, tuple), text, postgres)

    def _query(self, name: str, row: type[Any], text: str, postgres: str | None = None) -> Query[Any]:
        return query(f"{self._plan.table}_{name}", row, text, postgres)


def history_table(plan: Plan) -> str:
    """Return the name of the table that keeps a resource's history."""
    return f"{plan.table}_history"


def query(name: str, row: type[Any], text: str, postgres: str | None = None) -> Query[Any]:
    """Return a statement with ``:named`` parameters, for both engines or with words of its own for PostgreSQL."""
    variants: dict[Dialect, Compiled] = {
        "sqlite": compile_statement(text, "?"),
        "postgres": compile_statement(postgres or text, "$"),
    }
    return Query(name, variants, row)


def quoted(name: str) -> str:
    """Return an identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


def names(columns: Sequence[str]) -> str:
    """Return a list of columns."""
    return ", ".join(quoted(column) for column in columns)
