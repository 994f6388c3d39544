"""Named statements: their values by name, their rows as structs, their mistakes named."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from roadbed.data.named_sql import parse
from roadbed.data.queries import Queries, Query
from roadbed.kernel.errors import ConfigurationError, Invalid

TEXT = """\
-- name: find
SELECT id, at FROM thing WHERE id = :id AND at < :before

-- name: put
-- dialect: sqlite
INSERT INTO thing (id, at) VALUES (:id, :at)

-- name: put
-- dialect: postgres
INSERT INTO thing (id) VALUES (:id)

-- name: total
SELECT count(*) AS number, sum(amount) AS total FROM thing

-- name: post
-- dialect: postgres
SELECT post(:items)
"""
ID = UUID(int=1)
AT = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


class Thing(msgspec.Struct):
    id: UUID
    at: datetime


class Total(msgspec.Struct):
    number: int
    total: int


@pytest.fixture
def queries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Queries:
    package = tmp_path / "a_domain_of_tests"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "queries.sql").write_text(TEXT)
    monkeypatch.syspath_prepend(str(tmp_path))
    return Queries("a_domain_of_tests")


def test_a_file_is_found_in_its_package(queries: Queries) -> None:
    assert queries.names == ("find", "put", "total", "post")


def test_values_take_the_order_of_the_statement(queries: Queries) -> None:
    find = queries.query("find", Thing)
    assert find.text("sqlite") == "SELECT id, at FROM thing WHERE id = ?1 AND at < ?2"
    assert find.sqlite_values({"before": AT, "id": ID}) == (ID.bytes, 1_000_000)
    assert find.postgres_values({"before": AT, "id": ID}) == [ID, AT]


def test_rows_become_the_struct(queries: Queries) -> None:
    find = queries.query("find", Thing)
    assert [Thing(ID, AT)] == find.sqlite_rows([(ID.bytes, 1_000_000)]) == find.postgres_rows([(ID, AT)])


def test_a_statement_without_a_struct_gives_tuples(queries: Queries) -> None:
    assert queries.statement("find").sqlite_rows([(1, 2)]) == [(1, 2)]


def test_a_dialect_may_do_without_a_parameter_of_the_other(queries: Queries) -> None:
    put = queries.statement("put")
    arguments = {"id": 1, "at": 2}
    assert (put.sqlite_values(arguments), put.postgres_values(arguments)) == ((1, 2), [1])


def test_sums_are_converted_on_postgres(queries: Queries) -> None:
    (found,) = queries.query("total", Total).postgres_rows([(2, Decimal(7))])
    assert type(found.total) is int


def test_it_says_whether_it_writes(queries: Queries) -> None:
    assert [queries.statement(name).writes for name in queries.names] == [False, True, False, False]


def test_a_missing_value_is_named(queries: Queries) -> None:
    with pytest.raises(TypeError, match="'find' needs a value for before"):
        queries.statement("find").sqlite_values({"id": ID})


def test_a_value_that_no_dialect_knows_is_named(queries: Queries) -> None:
    with pytest.raises(TypeError, match=r"'find' has no parameter befor$"):
        queries.statement("find").postgres_values({"id": ID, "before": AT, "befor": AT})


def test_a_value_that_cannot_be_stored_names_its_parameter(queries: Queries) -> None:
    with pytest.raises(Invalid, match="/id: must not contain the character NUL"):
        queries.statement("put").postgres_values({"id": "\0"})


def test_a_missing_dialect_is_named(queries: Queries) -> None:
    with pytest.raises(ConfigurationError, match="'post' has no variant for sqlite"):
        queries.statement("post").text("sqlite")


def test_a_missing_statement_is_named(queries: Queries) -> None:
    with pytest.raises(ConfigurationError, match=r"a_domain_of_tests/queries\.sql has no statement named 'fund'"):
        queries.query("fund", Thing)


@pytest.mark.parametrize("package", ["roadbed.kernel", "no_such_package"])
def test_a_missing_file_is_named(package: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{package}/queries.sql is missing"):
        Queries(package)


def test_a_query_can_be_made_of_parsed_text() -> None:
    query = Query("one", parse("-- name: one\nSELECT 1 WHERE :a")["one"], tuple)
    assert (query.name, query.row, query.sqlite_values({"a": True})) == ("one", tuple, (1,))
