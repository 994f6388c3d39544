"""The DDL of the column types is frozen by their first release: this file holds it, letter by letter."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import apsw
import pytest
from sqlalchemy import Column, MetaData, Table, cast, literal_column, select
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import CreateTable

from roadbed.data.columns import (
    LONGEST_NAME,
    Bytes,
    ColumnType,
    Digest,
    Flag,
    Id,
    Instant,
    Integer64,
    JsonText,
    Real,
    Text,
    check_name,
)

DIALECTS: dict[str, Any] = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}
FINITE = "CONSTRAINT ck_t_x_finite CHECK (x BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308)"
NO_NUL = "CONSTRAINT ck_t_x_no_nul CHECK (instr(x, char(0)) = 0)"
LENGTHS = "CONSTRAINT ck_t_x_max_length CHECK (length(x) <= 10) CONSTRAINT ck_t_x_min_length CHECK (length(x) >= 2)"

DDL = [
    (Id(), "BLOB CONSTRAINT ck_t_x_length CHECK (length(x) = 16)", "UUID"),
    (Instant(), "INTEGER", "TIMESTAMP WITH TIME ZONE"),
    (Integer64(), "INTEGER", "BIGINT"),
    (Real(), f"REAL {FINITE}", f"DOUBLE PRECISION {FINITE}"),
    (Text(), f"TEXT {NO_NUL}", 'TEXT COLLATE "C"'),
    (Text(max_length=10, min_length=2), f"TEXT {NO_NUL} {LENGTHS}", f'TEXT COLLATE "C" {LENGTHS}'),
    (JsonText(), "TEXT", 'TEXT COLLATE "C"'),
    (Bytes(), "BLOB", "BYTEA"),
    (
        Bytes(max_length=9),
        "BLOB CONSTRAINT ck_t_x_max_length CHECK (length(x) <= 9)",
        "BYTEA CONSTRAINT ck_t_x_max_length CHECK (length(x) <= 9)",
    ),
    (
        Digest(),
        "BLOB CONSTRAINT ck_t_x_length CHECK (length(x) = 16)",
        "BYTEA CONSTRAINT ck_t_x_length CHECK (length(x) = 16)",
    ),
    (
        Digest(length=32),
        "BLOB CONSTRAINT ck_t_x_length CHECK (length(x) = 32)",
        "BYTEA CONSTRAINT ck_t_x_length CHECK (length(x) = 32)",
    ),
    (Flag(), "INTEGER CONSTRAINT ck_t_x_flag CHECK (x IN (0, 1))", "BOOLEAN"),
]


def table(kind: ColumnType[Any], **options: Any) -> Table:
    return Table("t", MetaData(), Column("x", kind, **options), sqlite_strict=True)


def definition(kind: ColumnType[Any], dialect: str, **options: Any) -> str:
    """Return the text of the only column of a table."""
    created = str(CreateTable(table(kind, **options)).compile(dialect=DIALECTS[dialect]))
    return created.splitlines()[2].strip().removeprefix("x ")


@pytest.mark.parametrize(("kind", "on_sqlite", "on_postgres"), DDL, ids=[repr(kind) for kind, _, _ in DDL])
class TestDefinition:
    def test_sqlite(self, kind: ColumnType[Any], on_sqlite: str, on_postgres: str) -> None:
        assert definition(kind, "sqlite") == on_sqlite

    def test_postgres(self, kind: ColumnType[Any], on_sqlite: str, on_postgres: str) -> None:
        assert definition(kind, "postgresql") == on_postgres

    def test_not_null_follows_the_checks(self, kind: ColumnType[Any], on_sqlite: str, on_postgres: str) -> None:
        assert definition(kind, "sqlite", nullable=False) == f"{on_sqlite} NOT NULL"

    def test_repr_makes_an_equal_type(self, kind: ColumnType[Any], on_sqlite: str, on_postgres: str) -> None:
        again = eval(repr(kind), globals())
        assert (definition(again, "sqlite"), definition(again, "postgresql")) == (on_sqlite, on_postgres)

    def test_a_cast_has_no_checks(self, kind: ColumnType[Any], on_sqlite: str, on_postgres: str) -> None:
        text = str(select(cast(literal_column("y"), kind)).compile(dialect=DIALECTS["postgresql"]))
        assert "CONSTRAINT" not in text

    def test_strict_sqlite_takes_the_type(self, kind: ColumnType[Any], on_sqlite: str, on_postgres: str) -> None:
        connection = apsw.Connection(":memory:")
        connection.execute(str(CreateTable(table(kind)).compile(dialect=DIALECTS["sqlite"])))
        assert connection.execute("SELECT strict FROM pragma_table_list WHERE name = 't'").get == 1


def test_a_reserved_name_is_quoted_in_its_check() -> None:
    created = Table("t", MetaData(), Column("order", Id()))
    assert '"order" BLOB CONSTRAINT ck_t_order_length CHECK (length("order") = 16)' in str(
        CreateTable(created).compile(dialect=DIALECTS["sqlite"])
    )


def test_a_column_that_is_added_brings_its_checks() -> None:
    compiler = DIALECTS["sqlite"].ddl_compiler(DIALECTS["sqlite"], None)
    column = table(Id()).c.x
    assert compiler.get_column_specification(column) == "x BLOB CONSTRAINT ck_t_x_length CHECK (length(x) = 16)"


def test_other_engines_are_refused_in_words() -> None:
    with pytest.raises(CompileError, match="know SQLite and PostgreSQL, not 'mysql'"):
        str(CreateTable(table(Id())).compile(dialect=mysql.dialect()))


class TestCheckName:
    def test_says_table_column_and_rule(self) -> None:
        assert check_name("voucher", "code", "max_length") == "ck_voucher_code_max_length"

    def test_a_long_one_is_cut_and_told_apart(self) -> None:
        names = [check_name("t" * 40, "c" * 40, rule) for rule in ("no_nul", "max_length")]
        assert [len(name) for name in names] == [LONGEST_NAME, LONGEST_NAME]
        assert len(set(names)) == 2

    def test_is_the_same_every_time(self) -> None:
        assert check_name("t" * 60, "c", "length") == f"ck_{'t' * 51}_85672c71"


SOME_ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
SOME_TIME = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MICROS = 1_772_366_400_123_456


class TestValues:
    @pytest.mark.parametrize(
        ("kind", "value", "stored"),
        [
            (Id(), SOME_ID, SOME_ID.bytes),
            (Id(), None, None),
            (Instant(), SOME_TIME, MICROS),
            (Instant(), SOME_TIME.astimezone(timezone(timedelta(hours=5, minutes=30))), MICROS),
            (Instant(), None, None),
        ],
    )
    def test_are_stored_by_sqlite_as(self, kind: ColumnType[Any], value: Any, stored: Any) -> None:
        assert kind.process_bind_param(value, DIALECTS["sqlite"]) == stored

    @pytest.mark.parametrize(
        ("kind", "stored", "value"),
        [(Id(), SOME_ID.bytes, SOME_ID), (Id(), None, None), (Instant(), MICROS, SOME_TIME), (Instant(), None, None)],
    )
    def test_come_back_from_sqlite(self, kind: ColumnType[Any], stored: Any, value: Any) -> None:
        assert kind.process_result_value(stored, DIALECTS["sqlite"]) == value

    @pytest.mark.parametrize(("kind", "value"), [(Id(), SOME_ID), (Instant(), SOME_TIME)])
    def test_go_to_postgres_as_they_are(self, kind: ColumnType[Any], value: Any) -> None:
        bound = kind.process_bind_param(value, DIALECTS["postgresql"])
        assert (bound, kind.process_result_value(value, DIALECTS["postgresql"])) == (value, value)
