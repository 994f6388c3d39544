"""Lost and invented money is found."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from bench.harness import books
from bench.harness.books import Entries
from bench.harness.contender import Books
from bench.harness.errors import NotTheSameWork

BEFORE = Entries(transactions=100, moved=500, held=500)
NAMES = Books(transactions="entry", accounts="account")


@pytest.mark.parametrize("grown", [1000, 1001, 1032])
def test_what_was_acknowledged_is_there_and_little_more(grown: int) -> None:
    books.check(BEFORE, Entries(100 + grown, 900, 900), acknowledged=1000, connections=32)


@pytest.mark.parametrize("grown", [0, 999, 1033, 2000])
def test_lost_and_invented_rows_are_refused(grown: int) -> None:
    with pytest.raises(NotTheSameWork, match=f"1000 creates were acknowledged, but {grown} rows were added"):
        books.check(BEFORE, Entries(100 + grown, 900, 900), acknowledged=1000, connections=32)


def test_balances_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(NotTheSameWork, match="the amounts sum to 900, the balances to 899"):
        books.check(BEFORE, Entries(101, 900, 899), acknowledged=1, connections=1)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "notes.db").write_bytes(b"no database at all")
    (tmp_path / "logs").mkdir()
    other = apsw.Connection(str(tmp_path / "logs" / "a.db"))
    other.execute("CREATE TABLE line (text)")
    connection = apsw.Connection(str(tmp_path / "z.db"))
    connection.execute(
        """
        PRAGMA journal_mode = wal;
        CREATE TABLE entry (amount);
        CREATE TABLE account (balance);
        INSERT INTO entry VALUES (7), (-2);
        INSERT INTO account VALUES (4), (1);
        """
    ).fetchall()
    yield tmp_path
    other.close()
    connection.close()


def test_the_file_with_the_table_is_found(folder: Path) -> None:
    assert books.database_file(folder, NAMES) == folder / "z.db"


def test_a_database_that_is_in_use_is_read(folder: Path) -> None:
    assert books.in_sqlite(folder, NAMES) == Entries(transactions=2, moved=5, held=5)


def test_a_folder_without_the_table_is_refused(folder: Path) -> None:
    with pytest.raises(NotTheSameWork, match="no SQLite file with a table missing"):
        books.database_file(folder, Books(transactions="missing"))


def test_an_empty_ledger_sums_to_nothing(folder: Path) -> None:
    connection = apsw.Connection(str(folder / "z.db"))
    connection.execute("DELETE FROM entry; DELETE FROM account")
    connection.close()

    assert books.in_sqlite(folder, NAMES) == Entries(0, 0, 0)


def test_readings_are_repeated_until_two_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "SETTLE_INTERVAL", 0.0)
    readings = iter([Entries(1, 0, 0), Entries(2, 0, 0), Entries(2, 0, 0), Entries(9, 0, 0)])

    assert books.settled(lambda: next(readings)) == Entries(2, 0, 0)


def test_a_server_that_never_settles_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "SETTLE_INTERVAL", 0.0)
    monkeypatch.setattr(books, "SETTLE_TIMEOUT", 0.02)
    count = iter(range(10**9))

    assert books.settled(lambda: Entries(next(count), 0, 0)).transactions > 0


def test_where_no_balances_are_kept_rows_are_counted(folder: Path) -> None:
    assert books.in_sqlite(folder, Books(transactions="entry", accounts="")) == Entries(2, 5, 5)
