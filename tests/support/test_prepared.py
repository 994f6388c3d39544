"""What is prepared is made once, whoever asks; each who asks gets a copy of their own."""

import threading
from pathlib import Path

import apsw
import pytest

from tests.conftest import StartService
from tests.support.postgres import PostgresServer
from tests.support.prepared import Prepared


def file_of(url: str) -> str:
    return url.removeprefix("sqlite:///")


def make_one(url: str) -> None:
    """Make a table with one row, in a file with a log."""
    connection = apsw.Connection(file_of(url))
    connection.execute("PRAGMA journal_mode = WAL; CREATE TABLE one (n); INSERT INTO one VALUES (1)").fetchall()
    connection.close()


def rows(url: str) -> int:
    connection = apsw.Connection(file_of(url))
    try:
        return len(connection.execute("SELECT * FROM one").fetchall())
    finally:
        connection.close()


def test_a_schema_is_made_once_and_copies_are_apart(tmp_path: Path) -> None:
    made: list[str] = []

    def make(url: str) -> None:
        made.append(url)
        make_one(url)

    urls = [Prepared(tmp_path / "shared").schema("one", make, tmp_path / f"{number}.db") for number in range(3)]
    connection = apsw.Connection(file_of(urls[0]))
    connection.execute("INSERT INTO one VALUES (2)")
    connection.close()
    assert (len(made), [rows(url) for url in urls]) == (1, [2, 1, 1])


def test_who_asks_meanwhile_waits(tmp_path: Path) -> None:
    begun, going_on = threading.Event(), threading.Event()
    made: list[str] = []
    found: list[int] = []

    def make(url: str) -> None:
        made.append(url)
        begun.set()
        assert going_on.wait(60)
        make_one(url)

    def ask(name: str) -> None:
        found.append(rows(Prepared(tmp_path / "shared").schema("one", make, tmp_path / name)))

    threads = [threading.Thread(target=ask, args=[f"{number}.db"]) for number in range(3)]
    threads[0].start()
    assert begun.wait(60)
    for thread in threads[1:]:
        thread.start()
    going_on.set()
    for thread in threads:
        thread.join(60)
    assert (len(made), found) == (1, [1, 1, 1])


def test_what_failed_is_tried_anew(tmp_path: Path) -> None:
    def fail(url: str) -> None:
        make_one(url)
        raise ZeroDivisionError

    prepared = Prepared(tmp_path / "shared")
    with pytest.raises(ZeroDivisionError):
        prepared.schema("one", fail, tmp_path / "a.db")
    assert rows(prepared.schema("one", make_one, tmp_path / "b.db")) == 1


def test_what_was_left_open_is_refused(tmp_path: Path) -> None:
    """A part of it is in the log still, and would be missing in every copy."""
    connections: list[apsw.Connection] = []

    def make(url: str) -> None:
        connections.append(apsw.Connection(file_of(url)))
        connections[0].execute("PRAGMA journal_mode = WAL; CREATE TABLE one (n)").fetchall()

    with pytest.raises(RuntimeError, match=r"schema of one was left open: \['made.db-wal'\]"):
        Prepared(tmp_path / "shared").schema("one", make, tmp_path / "a.db")
    connections[0].close()


def test_on_a_server_it_is_a_database_of_that_server(prepared: Prepared, postgres_server: PostgresServer) -> None:
    made: list[str] = []

    def make(url: str) -> None:
        made.append(url)
        postgres_server.sql("CREATE TABLE one AS SELECT 1 AS n", url.rpartition("/")[2])

    urls = {prepared.schema("support-test one", make, postgres_server) for _ in range(2)}
    counts = [postgres_server.sql("SELECT count(*) FROM one", url.rpartition("/")[2]) for url in urls]
    assert (len(made), len(urls - set(made)), counts) == (1, 2, ["1", "1"])


def test_a_service_finds_a_current_database_or_makes_its_own(start_service: StartService) -> None:
    assert ["  Schema   migrated: " in start_service(new=new).logs() for new in (False, True)] == [False, True]


def test_a_service_finds_a_current_database_on_either_engine(start_service: StartService, current_url: str) -> None:
    service = start_service(database_url=current_url)
    assert (service.terminate(), "migrated: " in service.logs()) == (0, False)
