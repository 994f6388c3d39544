"""What a declaration becomes in SQL: tables on both engines, and statements with every name in quotes."""

import re
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from msgspec import Meta, Struct
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from roadbed.resource.compiled import compile_plans
from roadbed.resource.declaration import Resource
from roadbed.resource.markers import Computed, Indexed, Key, Reference, Unique
from roadbed.resource.plan import make_plans
from roadbed.resource.tables import tables

DIALECTS: dict[str, Any] = {"sqlite": sqlite.dialect(), "postgres": postgresql.dialect()}


class Color(Enum):
    RED = "it's red"
    BLUE = "blue"


class Shelf(Struct):
    code: Annotated[str, Key(), Meta(max_length=9)]


class Thing(Struct):
    id: UUID
    order: Annotated[str, Unique(), Meta(min_length=2, max_length=20)]
    shelf: Annotated[str, Reference("shelf", on_delete="cascade")]
    group: Annotated[int, Indexed(), Meta(ge=-5, lt=7)]
    weight: Annotated[float, Meta(gt=0.5)] | None = None
    color: Color = Color.RED
    kind: Literal["a", "b"] = "a"
    doc: dict[str, int] = {}
    shown: Annotated[str, Computed(lambda *_: "")] = ""


RESOURCES = [
    Resource(struct=Shelf, path="/shelves", name="shelf", order="code"),
    Resource(struct=Thing, path="/things", name="thing", history=True, unique=[("group", "kind")], search=["order"]),
]


def ddl(dialect: str) -> dict[str, str]:
    """Return the statements that make tables and indexes, by name, blanks made one."""
    found: dict[str, str] = {}
    for table in tables(make_plans("shop", RESOURCES)).tables.values():
        found[table.name] = str(CreateTable(table).compile(dialect=DIALECTS[dialect]))
        for index in table.indexes:
            found[str(index.name)] = str(CreateIndex(index).compile(dialect=DIALECTS[dialect]))
    return {name: re.sub(r"\s+", " ", text) for name, text in found.items()}


BOTH = [
    "PRIMARY KEY (id)",
    'CONSTRAINT ck_shop_thing_order_max_length CHECK (length("order") <= 20)',
    'CONSTRAINT ck_shop_thing_order_min_length CHECK (length("order") >= 2)',
    'CONSTRAINT ck_shop_thing_group_ge CHECK ("group" >= -5)',
    'CONSTRAINT ck_shop_thing_group_lt CHECK ("group" < 7)',
    'CONSTRAINT ck_shop_thing_weight_gt CHECK ("weight" > 0.5)',
    "CONSTRAINT ck_shop_thing_color_choices CHECK (\"color\" IN ('it''s red', 'blue'))",
    "CONSTRAINT ck_shop_thing_kind_choices CHECK (\"kind\" IN ('a', 'b'))",
    "CONSTRAINT fk_shop_thing_shelf FOREIGN KEY(shelf) REFERENCES shop_shelf (code)",
    'CONSTRAINT uq_shop_thing_order UNIQUE ("order")',
    'CONSTRAINT uq_shop_thing_group_kind UNIQUE ("group", kind)',
]
OWN = {
    "sqlite": [
        "id BLOB",
        "version INTEGER NOT NULL",
        "created_at INTEGER NOT NULL",
        "weight REAL CONSTRAINT",
        "STRICT",
    ],
    "postgres": [
        "id UUID NOT NULL",
        "version BIGINT NOT NULL",
        "updated_at TIMESTAMP WITH TIME ZONE NOT NULL",
        'doc TEXT COLLATE "C" NOT NULL',
        'search_text TEXT COLLATE "C" NOT NULL',
    ],
}


@pytest.mark.parametrize("dialect", list(DIALECTS))
def test_the_table_holds_what_the_declaration_says(dialect: str) -> None:
    text = ddl(dialect)["shop_thing"]
    assert [part for part in BOTH + OWN[dialect] if part not in text] == [], text
    assert "shown" not in text


@pytest.mark.parametrize("dialect", list(DIALECTS))
def test_indexes_serve_orders_references_and_what_is_marked(dialect: str) -> None:
    indexes = {name: text for name, text in ddl(dialect).items() if name.startswith("ix_")}
    assert indexes == {
        "ix_shop_thing_created_at_id": "CREATE INDEX ix_shop_thing_created_at_id ON shop_thing (created_at, id)",
        "ix_shop_thing_shelf_id": "CREATE INDEX ix_shop_thing_shelf_id ON shop_thing (shelf, id)",
    }


def test_a_history_has_a_row_per_version() -> None:
    assert set(ddl("sqlite")) == {
        *("shop_shelf", "shop_thing", "shop_thing_history", "ix_shop_thing_created_at_id", "ix_shop_thing_shelf_id")
    }
    assert "PRIMARY KEY (id, version)" in ddl("postgres")["shop_thing_history"]


def test_every_name_in_a_statement_is_quoted() -> None:
    units = compile_plans(make_plans("shop", RESOURCES))
    unit = units["thing"]
    queries = [unit.sql.insert, unit.sql.update, unit.sql.read, unit.sql.lock, unit.sql.lookup, unit.sql.some]
    queries += [query for _, query in unit.sql.uniques] + [query for _, _, query in units["shelf"].sql.children]
    for query in queries:
        for text in (query.text("sqlite"), query.text("postgres")):
            bare = re.sub(r'"[^"]*"', "", text)
            assert re.findall(r"\b(?:order|group|shelf|color|kind)\b(?! BY)", bare.replace("ORDER BY", "")) == [], text
