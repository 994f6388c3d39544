"""Files of named SQL: what they may hold, and what is refused when they are read."""

import pytest

from roadbed.data.named_sql import Compiled, compile_statement, parse
from roadbed.kernel.errors import ConfigurationError


def test_a_statement_without_a_dialect_serves_both() -> None:
    expected = {
        "one": {
            "sqlite": Compiled("SELECT * FROM t WHERE a = ?1", ("a",)),
            "postgres": Compiled("SELECT * FROM t WHERE a = $1", ("a",)),
        }
    }
    assert expected == parse("-- name: one\nSELECT * FROM t WHERE a = :a\n")


BY_DIALECT = """\
-- words about the file

-- name: now
-- dialect: sqlite
SELECT unixepoch();

-- name: now
-- dialect: postgres
SELECT now();
"""


def test_a_statement_may_differ_by_dialect() -> None:
    found = {dialect: compiled.text for dialect, compiled in parse(BY_DIALECT)["now"].items()}
    assert found == {"sqlite": "SELECT unixepoch()", "postgres": "SELECT now()"}


def test_a_statement_may_be_there_for_one_dialect_only() -> None:
    assert list(parse("-- name: post\n-- dialect: postgres\nSELECT 1\n")["post"]) == ["postgres"]


def test_statements_keep_the_order_of_the_file() -> None:
    text = "-- name: b\nSELECT 1\n-- name: a\nSELECT 2\n-- name: c\nSELECT 3"
    assert list(parse(text)) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("sql", "text", "parameters"),
    [
        ("SELECT :a, :b, :a", "SELECT ?1, ?2, ?1", ("a", "b")),
        ("SELECT :b, :a", "SELECT ?1, ?2", ("b", "a")),
        ("SELECT :a::int", "SELECT ?1::int", ("a",)),
        ("SELECT a::text, b::timestamptz", "SELECT a::text, b::timestamptz", ()),
        ("SELECT ':a'", "SELECT ':a'", ()),
        ("SELECT 'it''s :a', :b", "SELECT 'it''s :a', ?1", ("b",)),
        ("SELECT E'\\':a', :b", "SELECT E'\\':a', ?1", ("b",)),
        ('SELECT ":a" FROM "x""y:b"', 'SELECT ":a" FROM "x""y:b"', ()),
        ("SELECT $$ :a ' $$, $t$ :b $$ $t$, :c", "SELECT $$ :a ' $$, $t$ :b $$ $t$, ?1", ("c",)),
        ("SELECT a[1:n], a[lo:hi]", "SELECT a[1:n], a[lo:hi]", ()),
        ("SELECT 1 -- :a, don't\n, :b", "SELECT 1 -- :a, don't\n, ?1", ("b",)),
        ("SELECT /* :a ' */ :b", "SELECT /* :a ' */ ?1", ("b",)),
        ("SELECT ':a' || :a", "SELECT ':a' || ?1", ("a",)),
        ("SELECT :snake_case2, :Upper", "SELECT ?1, ?2", ("snake_case2", "Upper")),
        ("VALUES (:a,:b)", "VALUES (?1,?2)", ("a", "b")),
        ("SELECT 1;", "SELECT 1", ()),
        ("SELECT ';'", "SELECT ';'", ()),
        ("  SELECT 1 ;\n-- the end\n", "SELECT 1 \n-- the end", ()),
        ("-- why\nSELECT 1", "-- why\nSELECT 1", ()),
    ],
)
def test_parameters_become_numbers(sql: str, text: str, parameters: tuple[str, ...]) -> None:
    compiled = compile_statement(sql, "?")
    assert (text, parameters) == (compiled.text, compiled.parameters)


def test_postgres_numbers_with_dollars() -> None:
    assert compile_statement("SELECT :a, :b, :a", "$").text == "SELECT $1, $2, $1"


@pytest.mark.parametrize(
    ("writes", "sql"),
    [
        (False, "SELECT 1"),
        (False, "  select 1"),
        (False, "-- INSERT INTO t\nSELECT 'DELETE FROM t'"),
        (False, "SELECT * FROM t FOR UPDATE"),
        (False, "SELECT * FROM t FOR NO KEY UPDATE"),
        (False, "WITH a AS (SELECT 1) SELECT * FROM a FOR UPDATE"),
        (False, "SELECT updated_at, replace(a, 'x', 'y') FROM t"),
        (False, "(SELECT 1) UNION (SELECT 2)"),
        (False, "VALUES (1)"),
        (True, "INSERT INTO t VALUES (1)"),
        (True, "insert or replace into t values (1)"),
        (True, "UPDATE t SET a = 1"),
        (True, "DELETE FROM t"),
        (True, "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a"),
        (True, "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a"),
        (True, "WITH a AS (SELECT 1 FOR UPDATE) UPDATE t SET a = 1"),
        (True, "CREATE TABLE t (a int)"),
    ],
)
def test_whether_a_statement_writes(writes: bool, sql: str) -> None:
    assert writes == compile_statement(sql, "?").writes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT 1", "q.sql:1: SQL before the first '-- name:'"),
        ("-- dialect: sqlite\nSELECT 1", "q.sql:1: '-- dialect:' stands right below its '-- name:'"),
        ("-- name: a\nSELECT 1\n-- dialect: sqlite", "q.sql:3: '-- dialect:' stands right below its '-- name:'"),
        (
            "-- name: a\n-- dialect: sqlite\n-- dialect: postgres\nSELECT 1",
            "q.sql:3: '-- dialect:' stands right below its '-- name:'",
        ),
        ("-- name: a\n-- dialect: mysql\nSELECT 1", "q.sql:2: 'mysql' is not one of sqlite, postgres"),
        ("-- name: a\n", "q.sql:1: 'a' has no SQL"),
        ("-- name: a\n-- only words\n", "q.sql:1: 'a' has no SQL"),
        ("-- name: a\n;\n", "q.sql:1: 'a' has no SQL"),
        ("-- name: a\nSELECT 1; SELECT 2", "q.sql:1: 'a' holds more than one statement"),
        ("-- name: a\nSELECT 1;;SELECT :b", "q.sql:1: 'a' holds more than one statement"),
        ("-- name: a\nSELECT 1\n\n-- name: a\nSELECT 2", "q.sql:4: 'a' is given twice for sqlite"),
        (
            "-- name: a\nSELECT 1\n-- name: a\n-- dialect: postgres\nSELECT 2",
            "q.sql:3: 'a' is given twice for postgres",
        ),
        (
            "-- name: a\n-- dialect: sqlite\nSELECT 1\n-- name: a\n-- dialect: sqlite\nSELECT 2",
            "q.sql:4: 'a' is given twice for sqlite",
        ),
        ("-- name: a\nSELECT 'x", "q.sql:1: 'a' opens ' and never closes it"),
        ('-- name: a\nSELECT "x', "q.sql:1: 'a' opens \" and never closes it"),
        ("-- name: a\nSELECT 1 /* x", "q.sql:1: 'a' opens /* and never closes it"),
        ("--name: a\nSELECT 1", "q.sql:1: a header reads '-- name: a_name' or '-- dialect: sqlite'"),
        ("-- Name: a\nSELECT 1", "q.sql:1: a header reads '-- name: a_name' or '-- dialect: sqlite'"),
        ("-- name: a b\nSELECT 1", "q.sql:1: a header reads '-- name: a_name' or '-- dialect: sqlite'"),
        ("-- name: A\nSELECT 1", "q.sql:1: 'A' is no name: use a-z, 0-9 and _"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(text, "q.sql")
    assert said == refused.value.detail
