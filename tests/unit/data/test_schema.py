"""How tables are declared, and the platform's own."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, MetaData, UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from roadbed.data.columns import Id, Integer64, Text
from roadbed.data.schema import (
    add_script,
    append_only_statements,
    belongs,
    metadata,
    new_metadata,
    new_table,
    only_on,
    permanent_statements,
    scripts,
)
from roadbed.data.statistic_columns import COUNTS, REALS, STATES
from roadbed.resource.checks import PLATFORM_TABLES

DIALECTS: dict[str, Any] = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}


def ddl(catalogue: MetaData, dialect: str) -> list[str]:
    """Return the DDL of all tables and their indexes, each on one line."""
    created = [CreateTable(table) for table in catalogue.sorted_tables]
    indexes = [CreateIndex(index) for table in catalogue.sorted_tables for index in table.indexes]
    return [" ".join(str(each.compile(dialect=DIALECTS[dialect])).split()) for each in (*created, *indexes)]


class TestConvention:
    def test_names_everything(self) -> None:
        catalogue = new_metadata()
        new_table("shop", catalogue, Column("shop_id", Id(), primary_key=True))
        sale = new_table(
            "sale",
            catalogue,
            Column("sale_id", Id(), primary_key=True),
            Column("shop_id", Id(), ForeignKey("shop.shop_id"), nullable=False),
            Column("number", Integer64(), nullable=False),
            CheckConstraint("number > 0", name="positive"),
            UniqueConstraint("shop_id", "number"),
        )
        Index(None, sale.c.number, sale.c.sale_id)
        named = {str(each.name) for each in (*sale.constraints, *sale.indexes)}
        assert named == {
            "pk_sale",
            "fk_sale_shop_id",
            "ck_sale_positive",
            "uq_sale_shop_id_number",
            "ix_sale_number_sale_id",
        }

    def test_tables_are_strict_on_sqlite(self) -> None:
        catalogue = new_metadata()
        new_table("note", catalogue, Column("body", Text(), nullable=False))
        assert ddl(catalogue, "sqlite") == [
            (
                "CREATE TABLE note ( body TEXT"
                " CONSTRAINT ck_note_body_no_nul CHECK (instr(body, char(0)) = 0) NOT NULL ) STRICT"
            )
        ]

    def test_a_table_may_go_without_rowid(self) -> None:
        catalogue = new_metadata()
        new_table("note", catalogue, Column("number", Integer64(), primary_key=True), rowid=False)
        assert ddl(catalogue, "sqlite") == [
            (
                "CREATE TABLE note ( number INTEGER NOT NULL, CONSTRAINT pk_note PRIMARY KEY (number) )"
                " WITHOUT ROWID, STRICT"
            )
        ]
        assert ddl(catalogue, "postgresql") == [
            "CREATE TABLE note ( number BIGINT NOT NULL, CONSTRAINT pk_note PRIMARY KEY (number) )"
        ]


class TestPlatform:
    def test_on_sqlite(self) -> None:
        made = [each for each in ddl(metadata(), "sqlite") if "statistic" not in each]
        assert made == [
            (
                "CREATE TABLE change ( feed TEXT CONSTRAINT ck_change_feed_no_nul CHECK (instr(feed, char(0)) = 0)"
                ' NOT NULL, number INTEGER NOT NULL, "key" TEXT'
                ' CONSTRAINT ck_change_key_no_nul CHECK (instr("key", char(0)) = 0) NOT NULL,'
                " kind TEXT CONSTRAINT ck_change_kind_no_nul CHECK (instr(kind, char(0)) = 0) NOT NULL,"
                " at INTEGER NOT NULL, body TEXT, CONSTRAINT pk_change PRIMARY KEY (feed, number) )"
                " WITHOUT ROWID, STRICT"
            ),
            (
                "CREATE TABLE feed ( name TEXT CONSTRAINT ck_feed_name_no_nul CHECK (instr(name, char(0)) = 0)"
                " NOT NULL, number INTEGER NOT NULL, CONSTRAINT pk_feed PRIMARY KEY (name) ) WITHOUT ROWID, STRICT"
            ),
            (
                'CREATE TABLE idempotency ( "key" BLOB CONSTRAINT ck_idempotency_key_length CHECK (length("key") = 16)'
                " NOT NULL, fingerprint BLOB"
                " CONSTRAINT ck_idempotency_fingerprint_length CHECK (length(fingerprint) = 16)"
                " NOT NULL, outcome TEXT NOT NULL, expires_at INTEGER NOT NULL,"
                ' CONSTRAINT pk_idempotency PRIMARY KEY ("key") ) STRICT'
            ),
            "CREATE INDEX ix_change_at ON change (at)",
            "CREATE INDEX ix_idempotency_expires_at ON idempotency (expires_at)",
        ]

    def test_on_postgres(self) -> None:
        made = [each for each in ddl(metadata(), "postgresql") if "statistic" not in each]
        assert made == [
            (
                'CREATE TABLE change ( feed TEXT COLLATE "C" NOT NULL, number BIGINT NOT NULL,'
                ' key TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" NOT NULL,'
                ' at TIMESTAMP WITH TIME ZONE NOT NULL, body TEXT COLLATE "C",'
                " CONSTRAINT pk_change PRIMARY KEY (feed, number) )"
            ),
            (
                'CREATE TABLE feed ( name TEXT COLLATE "C" NOT NULL, number BIGINT NOT NULL,'
                " CONSTRAINT pk_feed PRIMARY KEY (name) )"
            ),
            (
                "CREATE TABLE idempotency ( key BYTEA CONSTRAINT ck_idempotency_key_length CHECK (length(key) = 16)"
                " NOT NULL, fingerprint BYTEA"
                " CONSTRAINT ck_idempotency_fingerprint_length CHECK (length(fingerprint) = 16)"
                ' NOT NULL, outcome TEXT COLLATE "C" NOT NULL, expires_at TIMESTAMP WITH TIME ZONE NOT NULL,'
                " CONSTRAINT pk_idempotency PRIMARY KEY (key) )"
            ),
            "CREATE INDEX ix_change_at ON change (at)",
            "CREATE INDEX ix_idempotency_expires_at ON idempotency (expires_at)",
        ]


class TestStatistics:
    def test_every_number_has_a_column(self) -> None:
        names = [column.name for column in metadata().tables["statistic"].columns]
        assert names == ["at", "process", "node", "pid", "started_at", *REALS, *COUNTS, *STATES]

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_nothing_is_null_but_bytes_that_nobody_knows(self, dialect: str) -> None:
        tables = [table for name, table in metadata().tables.items() if name in PLATFORM_TABLES]
        found = {f"{table.name}.{column.name}" for table in tables for column in table.columns if column.nullable}
        assert found == {"change.body", "statistic_storage.bytes"}
        assert all(CreateTable(table).compile(dialect=DIALECTS[dialect]).string for table in tables)

    def test_the_tables_are_those_that_no_domain_may_have(self) -> None:
        assert metadata().tables.keys() | {"alembic_version"} == PLATFORM_TABLES

    def test_on_sqlite(self) -> None:
        made = [each for each in ddl(metadata(), "sqlite") if "TABLE statistic_" in each]
        assert [each.rpartition(")")[2].strip() for each in made] == ["WITHOUT ROWID, STRICT"] * 6
        assert made[2] == (
            "CREATE TABLE statistic_error ( id BLOB CONSTRAINT ck_statistic_error_id_length CHECK (length(id) = 16)"
            " NOT NULL, at INTEGER NOT NULL,"
            + "".join(
                f" {name} TEXT CONSTRAINT ck_statistic_error_{name}_no_nul CHECK (instr({name}, char(0)) = 0) NOT NULL,"
                for name in ("request_id", "method", "route")
            )
            + " status INTEGER NOT NULL,"
            + "".join(
                f" {name} TEXT CONSTRAINT ck_statistic_error_{name}_no_nul CHECK (instr({name}, char(0)) = 0) NOT NULL,"
                for name in ("problem", "title", "error", "node")
            )
            + " pid INTEGER NOT NULL, CONSTRAINT pk_statistic_error PRIMARY KEY (id) ) WITHOUT ROWID, STRICT"
        )

    def test_on_postgres(self) -> None:
        made = [each for each in ddl(metadata(), "postgresql") if "TABLE statistic_" in each]
        assert made[0] == (
            "CREATE TABLE statistic_cache ( at TIMESTAMP WITH TIME ZONE NOT NULL,"
            ' resource TEXT COLLATE "C" NOT NULL, hits BIGINT NOT NULL, misses BIGINT NOT NULL,'
            " CONSTRAINT pk_statistic_cache PRIMARY KEY (at, resource) )"
        )


class TestGuards:
    def test_append_only_on_sqlite(self) -> None:
        assert append_only_statements("entry", "sqlite") == [
            (
                "CREATE TRIGGER tr_entry_no_update BEFORE UPDATE ON entry "
                "BEGIN SELECT RAISE(ABORT, 'entry keeps its rows: UPDATE is refused'); END"
            ),
            (
                "CREATE TRIGGER tr_entry_no_delete BEFORE DELETE ON entry "
                "BEGIN SELECT RAISE(ABORT, 'entry keeps its rows: DELETE is refused'); END"
            ),
        ]

    def test_append_only_on_postgres(self) -> None:
        assert append_only_statements("entry", "postgresql") == [
            (
                "CREATE TRIGGER tr_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry "
                "FOR EACH STATEMENT EXECUTE FUNCTION roadbed_refuse_change()"
            )
        ]

    def test_permanent_on_sqlite(self) -> None:
        assert permanent_statements("entry", "entry_id", "sqlite") == [
            (
                "CREATE TRIGGER tr_entry_no_rekey BEFORE UPDATE OF entry_id ON entry "
                "BEGIN SELECT RAISE(ABORT, 'entry keeps its rows: UPDATE is refused'); END"
            ),
            (
                "CREATE TRIGGER tr_entry_no_delete BEFORE DELETE ON entry "
                "BEGIN SELECT RAISE(ABORT, 'entry keeps its rows: DELETE is refused'); END"
            ),
        ]

    def test_permanent_on_postgres(self) -> None:
        assert permanent_statements("entry", "entry_id", "postgresql") == [
            (
                "CREATE TRIGGER tr_entry_permanent BEFORE UPDATE OF entry_id OR DELETE OR TRUNCATE ON entry "
                "FOR EACH STATEMENT EXECUTE FUNCTION roadbed_refuse_change()"
            )
        ]


class TestOnlyOn:
    def declared(self) -> MetaData:
        catalogue = new_metadata()
        check = only_on("sqlite", CheckConstraint("number > 0", name="positive"))
        table = new_table("sale", catalogue, Column("number", Integer64()), check)
        only_on("postgresql", Index(None, table.c.number))
        return catalogue

    def test_is_made_there_alone(self) -> None:
        table = self.declared().tables["sale"]
        assert [CreateTable(table).compile(dialect=DIALECTS[name]).string.count("CHECK") for name in DIALECTS] == [1, 0]

    def test_belongs_there_alone(self) -> None:
        table = self.declared().tables["sale"]
        items: list[Any] = [table, *(each for each in table.constraints if each.name == "ck_sale_positive")]
        items += table.indexes
        assert [[belongs(item, name) for item in items] for name in DIALECTS] == [
            [True, True, False],
            [True, False, True],
        ]


class TestScripts:
    def test_a_schema_without_any(self) -> None:
        assert scripts(new_metadata(), "postgresql") == []

    @pytest.mark.parametrize(
        ("dialect", "expected"), [("postgresql", [Path("a.sql"), Path("c.sql")]), ("sqlite", [Path("b.sql")])]
    )
    def test_are_kept_by_dialect_in_order(self, dialect: str, expected: list[Path]) -> None:
        catalogue = new_metadata()
        for target, name in (("postgresql", "a.sql"), ("sqlite", "b.sql"), ("postgresql", "c.sql")):
            add_script(catalogue, target, Path(name))
        assert scripts(catalogue, dialect) == expected
