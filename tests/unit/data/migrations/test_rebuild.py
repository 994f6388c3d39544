"""The SQL of a rebuild. What it does to a database: see the integration tests."""

from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, Table
from sqlalchemy.dialects import sqlite

from roadbed.data.columns import Id, Integer64
from roadbed.data.migrations.rebuild import statements
from roadbed.data.schema import new_metadata, new_table


def declared(name: str) -> Table:
    parts: tuple[Any, ...] = (
        Column("sale_id", Id(), primary_key=True),
        Column("order", Integer64(), nullable=False),
        CheckConstraint('"order" > 0', name="positive"),
    )
    table = new_table(name, new_metadata(), *parts)
    Index(None, table.c.order)
    return table


def lines(name: str, values: dict[str, str]) -> list[str]:
    return [" ".join(each.split()) for each in statements(declared(name), sqlite.dialect(), values)]


def test_copies_into_a_new_table_whose_constraints_have_their_names() -> None:
    assert lines("sale", {}) == [
        (
            "CREATE TABLE rebuilt_sale ( sale_id BLOB CONSTRAINT ck_sale_sale_id_length CHECK (length(sale_id) = 16)"
            ' NOT NULL, "order" INTEGER NOT NULL, CONSTRAINT pk_sale PRIMARY KEY (sale_id),'
            ' CONSTRAINT ck_sale_positive CHECK ("order" > 0) ) STRICT'
        ),
        'INSERT INTO rebuilt_sale (sale_id, "order") SELECT sale_id, "order" FROM sale',
        "DROP TABLE sale",
        "PRAGMA legacy_alter_table = ON",
        "ALTER TABLE rebuilt_sale RENAME TO sale",
        "PRAGMA legacy_alter_table = OFF",
        'CREATE INDEX ix_sale_order ON sale ("order")',
    ]


def test_values_stand_in_for_columns() -> None:
    assert lines("sale", {"order": "number * 2"})[1] == (
        'INSERT INTO rebuilt_sale (sale_id, "order") SELECT sale_id, number * 2 FROM sale'
    )


def test_a_name_that_needs_quotes() -> None:
    head, *_, rename, _, index = lines("group", {})
    assert (head.partition("(")[0], rename, index) == (
        "CREATE TABLE rebuilt_group ",
        'ALTER TABLE rebuilt_group RENAME TO "group"',
        'CREATE INDEX ix_group_order ON "group" ("order")',
    )
