"""Write the revision that a difference asks for: one file for both engines.

What SQLite cannot alter is rebuilt there from the declared table, whole; PostgreSQL alters step by step: what goes,
names, columns, what comes. So no step meets a constraint that is not meant for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import CheckConstraint, Table, UniqueConstraint

from roadbed.data import columns
from roadbed.data.migrations.difference import Change, Difference, foreign_keys, rules
from roadbed.data.migrations.source import (
    INDENT,
    Node,
    call,
    column_source,
    default_sql,
    index_parts,
    layout,
    listed,
    quoted,
    sorted_constraints,
    table_parts,
    targets,
    text,
)
from roadbed.data.schema import SEARCH_OF, SEARCHED, guards, only_dialect

_SQLITE = 'if op.get_context().dialect.name == "sqlite":'
_GIVEN_BACK = "What it dropped or changed is in no schema: restore the backup that was made before it"

_HELPERS = {
    "roadbed.data.migrations.operations": ("execute_raw", "fill_search"),
    "roadbed.data.migrations.rebuild": ("rebuild",),
    "roadbed.data.schema": ("append_only_statements", "new_metadata", "new_table", "permanent_statements"),
    "roadbed.kernel.errors": ("SchemaMismatch",),
}
_TYPES = tuple(
    name for name, each in vars(columns).items() if isinstance(each, type) and issubclass(each, columns.ColumnType)
)


def revision_file(revision: str, before: str | None, branch: str, message: str, found: Difference) -> str:
    """Return the source of a revision that does what a difference asks for; nothing to do leaves a frame to fill in."""
    about = message.rstrip(".").replace("\\", "\\\\").replace('"""', "'''") + "."
    body = "".join(f"{INDENT}{line}\n" for line in _upgrade(found)) or f"{INDENT}raise NotImplementedError\n"
    down = "".join(f"{INDENT}{line}\n" for line in _downgrade(found))
    labels = f"({quoted(branch)},)" if before is None else "None"
    code = (
        f'\n\ndef upgrade() -> None:\n{INDENT}"""{about}"""\n{body}\n\n'
        f'def downgrade() -> None:\n{INDENT}"""Take it back."""\n{down}'
    )
    return (
        f'"""{about}"""\n\n{_imports(code)}\n'
        f"revision = {quoted(revision)}\ndown_revision = {quoted(before) if before else None}\n"
        f"branch_labels = {labels}\ndepends_on = None\n{code}"
    )


def upgrade_lines(found: Difference) -> list[str]:
    """Return the statements of ``upgrade`` and nothing else; ``imports_of`` says what they need."""
    return list(_upgrade(found))


def imports_of(code: str) -> str:
    """Return the imports of a piece of such source."""
    return _imports(code)


def _imports(code: str) -> str:
    lines = ["import sqlalchemy as sa\n"] if "sa." in code else []
    lines += ["from alembic import op\n"] if "op." in code else []
    wanted = {"roadbed.data.columns": _TYPES, **_HELPERS}
    ours = [
        f"from {module} import {', '.join(used)}\n"
        for module, names in wanted.items()
        if (used := sorted(name for name in names if re.search(rf"(?<![\w.]){name}\(", code)))
    ]
    return "".join(lines) + ("\n" if lines and ours else "") + "".join(ours)


def _upgrade(found: Difference) -> Iterator[str]:
    for table in found.new:
        yield from _lines(call("op.create_table", *table_parts(table, index_too=False), *layout(table)))
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            yield from _lines(_create_index(table, index))
        yield from _guards(table, guards(table))
    for change in found.changed:
        yield from _changed(change)
    for name in found.gone:
        yield f"op.drop_table({quoted(name)})"


def _downgrade(found: Difference) -> Iterator[str]:
    if found.gone or any(not change.in_place for change in found.changed) or not found.any:
        yield f"raise SchemaMismatch({quoted(_GIVEN_BACK)})"
        return
    for change in reversed(found.changed):
        for name in change.gained_indexes:
            yield f"op.drop_index(op.f({quoted(name)}), {quoted(change.table.name)})"
        for name in reversed(change.added):
            yield f"op.drop_column({quoted(change.table.name)}, {quoted(name)})"
    for table in reversed(found.new):
        yield f"op.drop_table({quoted(table.name)})"


def _changed(change: Change) -> Iterator[str]:
    if change.in_place:
        yield from _altered(change, 1)
        return
    yield _SQLITE
    rebuilt = call(
        "rebuild",
        call("new_table", *table_parts(change.table, index_too=True), *_rowid(change.table)),
        *_extras(change),
    )
    yield from (f"{INDENT}{line}" for line in _lines(rebuilt, 2))
    altered = list(_altered(change, 2))
    if altered:
        yield "else:"
        yield from (f"{INDENT}{line}" for line in altered)
    yield from _searching(change)


def _rowid(table: Table) -> list[str]:
    return [] if table.dialect_options["sqlite"]["with_rowid"] else ["rowid=False"]


def _extras(change: Change) -> Iterator[Node | str]:
    """Yield the further arguments of ``rebuild``: values of columns, and triggers."""
    table = change.table
    values = {name: default_sql(table.c[name], "sqlite") or "NULL" for name in change.added}
    values |= {new: f'"{old}"' for new, old in change.renamed.items()}
    for name in change.tightened:
        default = default_sql(table.c[name], "sqlite")
        if default is not None:
            values[name] = f'coalesce("{change.renamed.get(name, name)}", {default})'
    guarding = [_statements(table, guard, '"sqlite"') for guard in guards(table)]
    if values or guarding:
        yield Node("{", [f"{quoted(name)}: {quoted(value)}" for name, value in values.items()], "}")
    if guarding:
        yield guarding[0] if len(guarding) == 1 else Node("[", [f"*{each}" for each in guarding], "]")


def _statements(table: Table, guard: str, dialect: str) -> str:
    if guard == "append_only":
        return f"append_only_statements({quoted(table.name)}, {dialect})"
    return f"permanent_statements({quoted(table.name)}, {quoted(table.primary_key.columns[0].name)}, {dialect})"


def _guards(table: Table, wanted: list[str]) -> Iterator[str]:
    for guard in wanted:
        yield f"for statement in {_statements(table, guard, 'op.get_context().dialect.name')}:"
        yield f"{INDENT}execute_raw(statement)"


def _altered(change: Change, depth: int) -> Iterator[str]:
    """Yield what alters the table step by step."""
    table, name = change.table, quoted(change.table.name)
    yield from (f"op.drop_index(op.f({quoted(index)}), {name})" for index in change.lost_indexes)
    passing = tuple(f"ck_{table.name}_{old}_" for old in (*change.gone, *change.renamed.values()))
    for constraint, word in sorted(change.lost.items()):
        # SQLite knows rules that PostgreSQL does not need (text without NUL): there they cannot be dropped.
        perhaps = ", if_exists=True" if constraint.startswith(passing) and passing else ""
        yield f"op.drop_constraint(op.f({quoted(constraint)}), {name}, {quoted(_KIND[word])}{perhaps})"
    for new, old in change.renamed.items():
        yield f"op.alter_column({name}, {quoted(old)}, new_column_name={quoted(new)})"
    for column in change.added:
        yield from _added(table, column, depth)
    for column in change.retyped:
        yield f"op.alter_column({name}, {quoted(column)}, type_={table.c[column].type!r})"
    for column in change.tightened:
        default = default_sql(table.c[column], "postgresql")
        if default is not None:
            fill = f'UPDATE "{table.name}" SET "{column}" = {default} WHERE "{column}" IS NULL'  # noqa: S608 - a revision's own words
            yield f"execute_raw({quoted(fill)})"
    for column in (*change.tightened, *change.loosened):
        yield f"op.alter_column({name}, {quoted(column)}, nullable={column in change.loosened})"
    yield from (f"op.drop_column({name}, {quoted(column)})" for column in change.gone)
    yield from _gained(change, depth)
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        if str(index.name) in change.gained_indexes:
            yield from _lines(_create_index(table, index), depth)
    yield from _guards(table, change.gained_guards)


_KIND = {"CHECK": "check", "UNIQUE": "unique", "FOREIGN KEY": "foreignkey"}


def _added(table: Table, name: str, depth: int) -> Iterator[str]:
    column = table.c[name]
    default = default_sql(column, "postgresql")
    extra = [] if default is None else [f"server_default=sa.text({quoted(default)})"]
    declared = column_source(column, references=False, extra=extra)
    yield from _lines(call("op.add_column", quoted(table.name), declared), depth)
    if default is not None:
        # The rows have it now, and the service writes every column itself.
        yield f"op.alter_column({quoted(table.name)}, {quoted(name)}, server_default=None)"


def _gained(change: Change, depth: int) -> Iterator[str]:
    table, name = change.table, quoted(change.table.name)
    with_column = {rule for column in change.added for rule, _ in rules(table.c[column], "postgresql")}
    ruled = {rule: condition for column in table.columns for rule, condition in rules(column, "postgresql")}
    for rule in sorted(ruled.keys() & change.gained.keys() - with_column):
        yield from _lines(call("op.create_check_constraint", f"op.f({quoted(rule)})", name, quoted(ruled[rule])), depth)
    for constraint in _meant_for_postgres(change, sorted_constraints(table, CheckConstraint)):
        said = quoted(str(constraint.sqltext))
        yield from _lines(call("op.create_check_constraint", f"op.f({quoted(constraint.name)})", name, said), depth)
    for unique in _meant_for_postgres(change, sorted_constraints(table, UniqueConstraint)):
        keys = listed([column.name for column in unique.columns])
        yield from _lines(call("op.create_unique_constraint", f"op.f({quoted(unique.name)})", name, keys), depth)
    for key in _meant_for_postgres(change, foreign_keys(table)):
        points = [target.rpartition(".") for target in targets(key)]
        parts = (quoted(points[0][0]), listed(key.column_keys), listed([column for _, _, column in points]))
        yield from _lines(call("op.create_foreign_key", f"op.f({quoted(str(key.name))})", name, *parts), depth)


def _meant_for_postgres(change: Change, constraints: Any) -> list[Any]:
    return [
        each for each in constraints if str(each.name) in change.gained and only_dialect(each) in (None, "postgresql")
    ]


def _create_index(table: Table, index: Any) -> Node:
    name, *options = _split(index_parts(index))
    return call("op.create_index", "None", quoted(table.name), name, *options)


def _split(parts: list[str]) -> list[str]:
    """Return the columns of an index as one list, then its options."""
    names = [each for each in parts if each.startswith(('"', "'"))]
    return [f"[{', '.join(names)}]", *(each for each in parts if each not in names)]


def _searching(change: Change) -> Iterator[str]:
    for column in change.table.columns:
        searched: tuple[str, ...] = column.info.get(SEARCHED, ())
        if searched and (
            column.name in change.added
            or any(name.startswith(f"ck_{change.table.name}_{SEARCH_OF}") for name in change.gained)
        ):
            key = change.table.primary_key.columns[0].name
            parts = map(quoted, (change.table.name, key, column.name))
            yield f"fill_search({', '.join(parts)}, {listed(searched)})"


def _lines(node: Node, depth: int = 1) -> Iterator[str]:
    """Yield the lines of a statement that will stand at this depth; the first level of it comes with the function."""
    first, *rest = text(node, INDENT * depth).split("\n")
    yield first
    yield from (line.removeprefix(INDENT * depth) for line in rest)
