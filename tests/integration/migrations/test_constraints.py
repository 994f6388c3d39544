"""Both engines hold the same constraints, by themselves: whoever writes past our code is refused too."""

from typing import Any

import apsw
import asyncpg
import pytest

from roadbed.data.migrations import parent
from roadbed.resource.registry import load_domains, locations
from tests.integration.migrations.branches import Branch
from tests.integration.migrations.conftest import CopyOf
from tests.integration.migrations.reading import query, run

REFUSED = (apsw.ConstraintError, asyncpg.IntegrityConstraintViolationError, asyncpg.CharacterNotInRepertoireError)

MAKE_SAMPLE = """
op.create_table(
    "sample",
    sa.Column("id", Id()),
    sa.Column("number", Integer64()),
    sa.Column("size", Real()),
    sa.Column("name", Text(max_length=3, min_length=1)),
    sa.Column("digest", Digest(length=2)),
    sa.Column("raw", Bytes(max_length=2)),
    sa.Column("flag", Flag()),
    sqlite_strict=True,
)
"""

NOTATION = {"sqlite": ("x'{:032x}'", "{}"), "postgresql": ("lpad('{:x}', 32, '0')::uuid", "to_timestamp({})")}
"""How an id and a time are written as SQL, by the scheme of the URL."""


def literal(engine: str, value: Any) -> str:
    """Write a value as SQL."""
    if isinstance(value, bytes):
        return f"x'{value.hex()}'" if engine == "sqlite" else f"'\\x{value.hex()}'::bytea"
    if isinstance(value, float):
        return (
            f"'{value}'::float8"
            if engine == "postgres"
            else {"inf": "9e999", "-inf": "-9e999"}.get(str(value), str(value))
        )
    return repr(value)


@pytest.fixture
def url(engine: str, copy_of: CopyOf, shop: Branch) -> str:
    """A database with a table of all types."""
    return copy_of("table of all types", lambda url: parent.upgrade(url, [shop.add(MAKE_SAMPLE)]), engine)


class TestColumnTypes:
    def test_take_what_they_should(self, engine: str, url: str) -> None:
        for column, values in {
            "number": [0, -(2**63), 2**63 - 1],
            "size": [0.0, -1.7976931348623157e308, 1.7976931348623157e308, 5e-324],
            "name": ["a", "äöü", "😀😀😀"],
            "digest": [b"\x00\xff"],
            "raw": [b"", b"\x00\x00"],
        }.items():
            for value in values:
                run(url, f"INSERT INTO sample ({column}) VALUES ({literal(engine, value)})")
            stored = query(url, f"SELECT {column} FROM sample WHERE {column} IS NOT NULL")
            assert [row[0] for row in stored] == values

    def test_refuse_what_they_should(self, engine: str, url: str) -> None:
        taken: list[tuple[str, Any]] = []
        for column, value in [
            ("size", float("inf")),
            ("size", float("-inf")),
            ("name", ""),
            ("name", "abcd"),
            ("name", "😀😀😀😀"),
            ("digest", b""),
            ("digest", b"abc"),
            ("raw", b"abc"),
        ]:
            try:
                run(url, f"INSERT INTO sample ({column}) VALUES ({literal(engine, value)})")
            except REFUSED:
                continue
            taken.append((column, value))
        assert taken == []

    def test_refuse_nul_in_text(self, engine: str, url: str) -> None:
        mark, value = ("?", "a\0b") if engine == "sqlite" else ("$1", "a\0b")
        with pytest.raises(REFUSED):
            query(url, f"INSERT INTO sample (name) VALUES ({mark})", value)

    def test_count_code_points(self, engine: str, url: str) -> None:
        """A letter with a combining accent is two."""
        run(url, "INSERT INTO sample (name) VALUES ('e\u0301x')")
        with pytest.raises(REFUSED):
            run(url, "INSERT INTO sample (name) VALUES ('e\u0301e\u0301')")

    def test_sort_text_by_code_point(self, url: str) -> None:
        words = ["a", "Z", "é", "z", "B", "\uffee", "😀"]
        for word in words:
            run(url, f"INSERT INTO sample (name) VALUES ('{word}')")
        assert [row[0] for row in query(url, "SELECT name FROM sample ORDER BY name")] == sorted(words)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_sqlite_refuses_what_only_it_would_take(url: str) -> None:
    taken: list[str] = []
    for column, value in [("id", "x'00'"), ("flag", "2"), ("number", "'seven'"), ("number", "1.5"), ("name", "x'41'")]:
        try:
            run(url, f"INSERT INTO sample ({column}) VALUES ({value})")
        except apsw.ConstraintError:
            continue
        taken.append(f"{column} = {value}")
    assert taken == []


@pytest.mark.parametrize("engine", ["postgres"])
def test_postgres_refuses_nan(url: str) -> None:
    """SQLite has no NaN: it stores NULL."""
    with pytest.raises(asyncpg.CheckViolationError, match="ck_sample_size_finite"):
        run(url, "INSERT INTO sample (size) VALUES ('NaN')")


def fill(url: str) -> None:
    """Migrate an empty database and write one account with its first transaction."""
    parent.upgrade(url, locations(load_domains(["ledger"])))
    blob, time = NOTATION[url.partition(":")[0]]
    entry = f"{blob.format(2)}, {blob.format(1)}, 5, {time.format(1)}, 1, 5, NULL, NULL"
    run(
        url,
        f"INSERT INTO ledger_account VALUES ({blob.format(1)}, 5, 0, 1, 1, {time.format(1)})",
        f"INSERT INTO ledger_transaction VALUES ({entry})",
    )


@pytest.fixture
def ledger_url(engine: str, copy_of: CopyOf) -> str:
    """A ledger with one account and one transaction."""
    return copy_of("ledger with one transaction", fill, engine)


class TestLedger:
    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE ledger_transaction SET amount = 6",
            "UPDATE ledger_transaction SET amount = 6 WHERE amount = 7",
            "DELETE FROM ledger_transaction",
            "DELETE FROM ledger_account",
            "UPDATE ledger_account SET account_id = (SELECT transaction_id FROM ledger_transaction)",
            "UPDATE ledger_account SET balance = -1",
            "UPDATE ledger_account SET min_balance = 6",
            "UPDATE ledger_account SET sequence = 0",
            "UPDATE ledger_account SET version = 0",
            "UPDATE ledger_account SET balance = NULL",
            (
                "INSERT INTO ledger_transaction SELECT account_id, account_id, amount, created_at, 2, 5, NULL, NULL "
                "FROM ledger_transaction"
            ),
            (
                "INSERT INTO ledger_transaction SELECT transaction_id, account_id, 5, updated_at, 2, 5, NULL, NULL "
                "FROM ledger_transaction, (SELECT updated_at FROM ledger_account) a"
            ),
        ],
    )
    def test_refuses(self, engine: str, ledger_url: str, change: str) -> None:
        if engine == "sqlite" and change.endswith("= 7"):
            change = change.replace("= 7", "= 5")  # SQLite's triggers look at rows, PostgreSQL's at statements
        before = self.content(ledger_url)
        with pytest.raises(REFUSED):
            run(ledger_url, change)
        assert self.content(ledger_url) == before

    def content(self, url: str) -> list[tuple[Any, ...]]:
        return [*query(url, "SELECT * FROM ledger_account"), *query(url, "SELECT * FROM ledger_transaction")]

    def test_says_why_rows_stay(self, ledger_url: str) -> None:
        with pytest.raises(REFUSED, match="ledger_transaction keeps its rows: DELETE is refused"):
            run(ledger_url, "DELETE FROM ledger_transaction")

    def test_lets_accounts_change(self, ledger_url: str) -> None:
        run(ledger_url, "UPDATE ledger_account SET balance = 9, min_balance = NULL, sequence = 2, version = 2")
        assert query(ledger_url, "SELECT balance, min_balance, sequence, version FROM ledger_account") == [
            (9, None, 2, 2)
        ]

    def test_reverses_once(self, ledger_url: str) -> None:
        blob, time = NOTATION[ledger_url.partition(":")[0]]
        reversal = (
            "INSERT INTO ledger_transaction SELECT {id}, account_id, -5, {time}, {sequence}, 0, NULL, transaction_id "
            "FROM ledger_transaction WHERE sequence = 1"
        )
        run(ledger_url, reversal.format(id=blob.format(3), time=time.format(2), sequence=2))
        with pytest.raises(REFUSED):
            run(ledger_url, reversal.format(id=blob.format(4), time=time.format(3), sequence=3))

    @pytest.mark.parametrize("engine", ["postgres"])
    def test_truncate_is_refused(self, ledger_url: str) -> None:
        for table in ("ledger_transaction", "ledger_account"):
            with pytest.raises(asyncpg.RestrictViolationError, match=f"{table} keeps its rows: TRUNCATE is refused"):
                run(ledger_url, f"TRUNCATE {table}")

    @pytest.mark.parametrize("engine", ["sqlite"])
    def test_a_transaction_needs_its_account_on_sqlite(self, ledger_url: str) -> None:
        values = "zeroblob(16), zeroblob(16), 1, 1, 1, 1, NULL, NULL"
        with pytest.raises(apsw.ConstraintError, match="FOREIGN KEY"):
            run(ledger_url, f"INSERT INTO ledger_transaction VALUES ({values})")
