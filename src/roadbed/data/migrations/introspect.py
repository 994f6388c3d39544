"""What a schema consists of, read back from the database: the base of every comparison.

Alembic's autogenerate sees no CHECK, trigger, function, collation or STRICT; this sees them all. The order of columns
is left out: a column that a migration added stands last, whatever is declared, and all our SQL names its columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import Connection

Schema = dict[tuple[str, str], str]
"""(table, or "" for what belongs to none; kind and name) → definition."""

VERSION_TABLE = "alembic_version"

_CONSTRAINT = re.compile(r"(?:CONSTRAINT\s+(\S+)\s+)?\b(CHECK|FOREIGN KEY|UNIQUE|PRIMARY KEY)\s*\(", re.IGNORECASE)

_POSTGRES = {
    "column": """
        SELECT c.relname, a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN
               'NOT NULL' END, 'COLLATE ' || o.collname, 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid),
               nullif(a.attgenerated, ''))
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
          LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
          LEFT JOIN pg_collation o ON o.oid = a.attcollation AND o.collname <> 'default'
         WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relnamespace = current_schema()::regnamespace""",
    "table": """
        SELECT relname, '', concat_ws(' ', relpersistence, reloptions) FROM pg_class
         WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace""",
    "constraint": """
        SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
          FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
         WHERE k.connamespace = current_schema()::regnamespace AND k.contype <> 'n'""",
    "index": """
        SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()""",
    "trigger": """
        SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
         WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace""",
    "function": """
        SELECT '', p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p
         WHERE p.prokind IN ('f', 'p') AND p.pronamespace = current_schema()::regnamespace AND NOT EXISTS (
               SELECT FROM pg_depend e WHERE e.objid = p.oid AND e.deptype = 'e')""",
}


def describe(connection: Connection) -> Schema:
    """Return everything in the database (PostgreSQL: in the current schema) but Alembic's own table."""
    rows = _sqlite(connection) if connection.dialect.name == "sqlite" else _postgres(connection)
    return {(table, f"{kind} {name}".strip()): text for table, kind, name, text in rows if table != VERSION_TABLE}


def compare(expected: Schema, actual: Schema) -> list[str]:
    """Return in words what is missing, unexpected or different. Tables that are not declared do not matter."""
    tables = {table for table, _ in expected}
    found: list[str] = []
    for key in sorted(expected.keys() | actual.keys()):
        table, what = key
        named = f"{table}: {what}" if table else what
        if key not in actual:
            found.append(f"{named}: missing")
        elif key not in expected:
            # A function is nobody's table's: those of others may lie beside ours.
            found.extend([f"{named}: not declared"] if table in tables - {""} else [])
        elif expected[key] != actual[key]:
            found.append(f"{named}: is {actual[key]!r}, declared as {expected[key]!r}")
    return found


def _postgres(connection: Connection) -> Iterator[tuple[str, str, str, str]]:
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    for kind, query in _POSTGRES.items():
        for table, name, text in connection.exec_driver_sql(query):
            yield table, kind, name.removeprefix(f"{schema}."), str(text).replace(f"{schema}.", "")


def _sqlite(connection: Connection) -> Iterator[tuple[str, str, str, str]]:
    listed = connection.exec_driver_sql("PRAGMA main.table_list").mappings().all()
    for table in [row for row in listed if row["type"] == "table" and not row["name"].startswith("sqlite_")]:
        name = table["name"]
        yield name, "table", "", f"strict={table['strict']} without_rowid={table['wr']}"
        for row in connection.exec_driver_sql(f'PRAGMA table_xinfo("{name}")').mappings():
            yield (
                name,
                "column",
                row["name"],
                " ".join(str(row[key]) for key in ("type", "notnull", "dflt_value", "pk")),
            )
        for row in connection.exec_driver_sql(f'PRAGMA foreign_key_list("{name}")').mappings():
            yield (
                name,
                "reference",
                row["from"],
                " ".join(str(row[key]) for key in ("table", "to", "on_update", "on_delete")),
            )
        yield from _sqlite_indexes(connection, name)
    master = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    for kind, name, table, sql in connection.exec_driver_sql(master).all():
        if kind == "table":
            for number, (constraint, text) in enumerate(constraints(sql)):
                yield table, "constraint", constraint or f"without a name ({number})", text
        else:
            yield table, kind, name, normal(sql)


def _sqlite_indexes(connection: Connection, table: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the columns of every index, those that keys made included."""
    for index in connection.exec_driver_sql(f'PRAGMA index_list("{table}")').mappings().all():
        columns = connection.exec_driver_sql(f'PRAGMA index_xinfo("{index["name"]}")').mappings().all()
        keys = [f"{row['name']} {row['coll']} {row['desc']}" for row in columns if row["key"]]
        # SQLite numbers the indexes of keys in the order of their declaration: only what they hold is compared.
        name = f"of key {', '.join(keys)}" if index["origin"] != "c" else f"columns of {index['name']}"
        yield table, "index", name, f"unique={index['unique']} {', '.join(keys)}"


def constraints(sql: str) -> Iterator[tuple[str, str]]:
    """Yield (name or "", text) of every CHECK and key in a ``CREATE TABLE``, wherever it stands in it."""
    position = 0
    while (match := _CONSTRAINT.search(sql, position)) is not None:
        position = _closing(sql, match.end())
        yield (match[1] or "").strip('"'), normal(sql[match.start(2) : position])


def _closing(sql: str, start: int) -> int:
    """Return the place after the parenthesis that closes the one before ``start``; text in quotes does not count."""
    depth, quote = 1, ""
    for place in range(start, len(sql)):
        letter = sql[place]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
            if not depth:
                return place + 1
    return len(sql)


def normal(sql: str) -> str:
    """Return SQL with single blanks."""
    return " ".join(sql.split())
