"""Whatever happens to a migration, the database is as it was before or as it should be after; and the words help."""

import fcntl
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from roadbed.data.migrations import parent
from roadbed.data.migrations.locations import Location, state
from roadbed.kernel.errors import ConfigurationError, RoadbedError, SchemaMismatch, Unavailable
from tests.integration.migrations.branches import DROP_NOTE, MAKE_NOTE, Branch
from tests.integration.migrations.reading import schema, stored_heads
from tests.support.postgres import PostgresServer
from tests.support.waiting import wait_until

CALL_AND_WAIT = """
(HERE / "started").write_text(str(os.getpid()))
time.sleep(60)
"""


def refused(kind: type[RoadbedError], work: Callable[[], Any]) -> str:
    with pytest.raises(RoadbedError) as caught:
        work()
    assert type(caught.value) is kind
    return caught.value.detail


class InBackground:
    """An upgrade in a thread; ``child`` is the process id that its revision wrote down."""

    def __init__(self, url: str, location: Location) -> None:
        self.outcome: Any = None
        self._started = location.directory() / "started"
        self._thread = threading.Thread(target=self._work, args=(url, location))
        self._thread.start()

    def _work(self, url: str, location: Location) -> None:
        try:
            self.outcome = parent.upgrade(url, [location])
        except RoadbedError as error:
            self.outcome = error

    def child(self) -> int:
        wait_until(lambda: self._started.exists() and self._started.read_text(), "the revision runs")
        return int(self._started.read_text())

    def join(self) -> Any:
        self._thread.join(60)
        return self.outcome


class TestAllOrNothing:
    def test_a_revision_that_fails_undoes_all_before_it(self, engine_url: str, shop: Branch) -> None:
        first = shop.add(MAKE_NOTE, DROP_NOTE)
        parent.upgrade(engine_url, [first])
        before = schema(engine_url)
        shop.add('op.create_table("other", sa.Column("x", Integer64()), sqlite_strict=True)')
        broken = shop.add("op.create_index(None, 'note', ['body'])\nraise ValueError('the data of 2019 is odd')")
        detail = refused(SchemaMismatch, lambda: parent.upgrade(engine_url, [broken]))
        assert detail == "revision shop_0003 failed, nothing was changed: ValueError: the data of 2019 is odd"
        assert (schema(engine_url), stored_heads(engine_url)) == (before, {"platform_0003", "shop_0001"})

    def test_a_statement_that_fails_says_what_the_database_said(
        self, engine: str, engine_url: str, shop: Branch
    ) -> None:
        location = shop.add('op.execute("INSERT INTO nowhere VALUES (1)")')
        detail = refused(SchemaMismatch, lambda: parent.upgrade(engine_url, [location]))
        words = {"sqlite": "no such table: nowhere", "postgres": 'relation "nowhere" does not exist'}
        assert (detail.startswith("revision shop_0001 failed"), words[engine] in detail) == (True, True)
        assert schema(engine_url) == []

    def test_a_child_that_is_killed_leaves_the_old_state(self, engine_url: str, shop: Branch) -> None:
        parent.upgrade(engine_url, [shop.add(MAKE_NOTE, DROP_NOTE)])
        before = schema(engine_url)
        work = InBackground(engine_url, shop.add(f"op.create_index(None, 'note', ['body'])\n{CALL_AND_WAIT}"))
        os.kill(work.child(), signal.SIGKILL)
        assert "killed by SIGKILL" in work.join().detail
        assert (schema(engine_url), stored_heads(engine_url)) == (before, {"platform_0003", "shop_0001"})

    def test_one_that_takes_too_long_is_stopped(self, engine_url: str, shop: Branch) -> None:
        location = shop.add(MAKE_NOTE + "time.sleep(60)")
        detail = refused(Unavailable, lambda: parent.upgrade(engine_url, [location], timeout=2, lock_timeout=1))
        assert detail.startswith("the migration took longer than 3 s and was stopped; a migration is done as a whole")
        assert schema(engine_url) == []

    def test_references_to_nothing_are_refused_on_sqlite(self, sqlite_url: str, shop: Branch) -> None:
        location = shop.add(
            """
            op.create_table("a", sa.Column("id", Id(), primary_key=True), sqlite_strict=True)
            op.create_table("b", sa.Column("a_id", Id(), sa.ForeignKey("a.id"), nullable=False), sqlite_strict=True)
            op.execute("INSERT INTO b VALUES (randomblob(16))")
            """
        )
        detail = refused(SchemaMismatch, lambda: parent.upgrade(sqlite_url, [location]))
        assert detail == "rows would refer to rows that do not exist: b (row 1) → a; nothing was changed"
        assert schema(sqlite_url) == []


class TestTwoAtOnce:
    def test_on_a_new_database_one_migrates_and_one_waits(self, engine_url: str, shop: Branch) -> None:
        location = shop.add(MAKE_NOTE + "time.sleep(0.5)")
        outcomes: list[list[str]] = []
        work = [
            threading.Thread(target=lambda: outcomes.append(parent.upgrade(engine_url, [location]))) for _ in range(3)
        ]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join(60)
        assert sorted(outcomes) == [[], [], ["platform_0001", "platform_0002", "platform_0003", "shop_0001"]]

    def test_who_cannot_wait_is_told(self, engine: str, engine_url: str, shop: Branch) -> None:
        location = shop.add(MAKE_NOTE + CALL_AND_WAIT)
        work = InBackground(engine_url, location)
        child = work.child()
        detail = refused(Unavailable, lambda: parent.upgrade(engine_url, [location], lock_timeout=0.2))
        os.kill(child, signal.SIGTERM)
        work.join()
        assert (
            detail
            == {
                "sqlite": "another process migrates this database or writes to it without a pause; try again",
                "postgres": "a lock was not free in time: another process migrates, or a table is in use; try again",
            }[engine]
        )

    def test_a_symbolic_link_leads_to_the_lock_of_its_file(self, tmp_path: Path, shop: Branch) -> None:
        link = tmp_path / "link.db"
        link.symlink_to(tmp_path / "some.db")
        location = shop.add(MAKE_NOTE)
        with (tmp_path / "some.db.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            refused(Unavailable, lambda: parent.upgrade(f"sqlite:///{link}", [location], lock_timeout=0.2))


class TestBehindAndAhead:
    def test_new_revisions_are_missing_then_done(self, engine_url: str, shop: Branch) -> None:
        parent.upgrade(engine_url, [shop.add(MAKE_NOTE)])
        newer = shop.add("op.create_index(None, 'note', ['body'])")
        assert state(tuple(stored_heads(engine_url)), [newer]).missing == ["shop_0002"]
        assert parent.upgrade(engine_url, [newer]) == ["shop_0002"]
        assert state(tuple(stored_heads(engine_url)), [newer]).kind == "current"

    def test_an_older_release_leaves_the_database_alone(self, engine_url: str, shop: Branch) -> None:
        older = shop.add(MAKE_NOTE)
        parent.upgrade(engine_url, [shop.add("op.create_index(None, 'note', ['body'])")])
        before = schema(engine_url)
        detail = refused(SchemaMismatch, lambda: parent.upgrade(engine_url, [older]))
        assert detail == (
            "the database was migrated by a newer release, or by a domain that is not installed here: it is at "
            "shop_0002; install the newer release (or the domain), or restore an older backup"
        )
        assert (schema(engine_url), stored_heads(engine_url)) == (before, {"platform_0003", "shop_0002"})

    def test_a_domain_that_was_switched_off_keeps_its_tables(
        self, engine_url: str, shop: Branch, ledger: list[Location]
    ) -> None:
        location = shop.add(MAKE_NOTE)
        parent.upgrade(engine_url, [location])
        assert parent.upgrade(engine_url, ledger, installed=[location]) == ["ledger_0001"]
        assert stored_heads(engine_url) == {"platform_0003", "ledger_0001", "shop_0001"}

    def test_switched_on_again_it_goes_on_where_it_was(self, engine_url: str, shop: Branch) -> None:
        location = shop.add(MAKE_NOTE)
        parent.upgrade(engine_url, [location])
        parent.upgrade(engine_url, [], installed=[location])
        assert parent.upgrade(engine_url, [shop.add("pass")]) == ["shop_0002"]


class TestSqliteTrouble:
    def test_no_folder(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path / 'none' / 'a.db'}"
        detail = refused(ConfigurationError, lambda: parent.upgrade(url, []))
        assert detail == f"there is no folder {tmp_path / 'none'} for the database file a.db"

    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "a.db").write_text("These are words, and more than a hundred bytes of them. " * 10)
        detail = refused(ConfigurationError, lambda: parent.upgrade(f"sqlite:///{tmp_path / 'a.db'}", []))
        assert detail == "the file is not a SQLite database, or it is damaged; restore a backup"

    def test_a_folder_where_the_file_should_be(self, tmp_path: Path) -> None:
        (tmp_path / "a.db").mkdir()
        detail = refused(ConfigurationError, lambda: parent.upgrade(f"sqlite:///{tmp_path / 'a.db'}", []))
        assert detail == "the database file cannot be written; check its permissions and those of its folder"

    def test_a_writer_that_never_pauses(self, sqlite_url: str) -> None:
        parent.upgrade(sqlite_url, [])
        writer = apsw.Connection(sqlite_url.removeprefix("sqlite:///"))
        writer.execute("BEGIN IMMEDIATE")
        try:
            detail = refused(Unavailable, lambda: parent.upgrade(sqlite_url, [], lock_timeout=0.2))
        finally:
            writer.close()
        assert detail == "the database file is in use by a long transaction; try again"


class TestPostgresTrouble:
    def test_no_such_database(self, postgres_server: PostgresServer) -> None:
        detail = refused(ConfigurationError, lambda: parent.upgrade(postgres_server.url("nowhere"), []))
        assert detail == "there is no such PostgreSQL database; create it (createdb) or mend the database URL"

    def test_no_server(self) -> None:
        detail = refused(Unavailable, lambda: parent.upgrade("postgresql://u:secret@127.0.0.1:1/d", []))
        assert ("cannot be reached" in detail, "secret" in detail) == (True, False)

    def test_a_url_that_cannot_be_read_is_not_repeated(self) -> None:
        detail = refused(ConfigurationError, lambda: parent.upgrade("postgresql://u:sec/ret@127.0.0.1/d", []))
        assert detail == "the PostgreSQL URL cannot be read; write special characters in user and password as %xx"

    def test_another_encoding(self, postgres_server: PostgresServer) -> None:
        postgres_server.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
        detail = refused(ConfigurationError, lambda: parent.upgrade(postgres_server.url("latin"), []))
        assert detail == "the database is encoded in LATIN1; Roadbed needs one made with ENCODING 'UTF8'"

    def test_a_role_that_may_not_create(self, postgres_server: PostgresServer, postgres_url: str) -> None:
        database = postgres_url.rpartition("/")[2]
        postgres_server.sql("CREATE ROLE visitor LOGIN")
        postgres_server.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database)
        detail = refused(ConfigurationError, lambda: parent.upgrade(postgres_url.replace("roadbed@", "visitor@"), []))
        assert detail == "the PostgreSQL user may not change the schema; grant it CREATE on the schema"

    def test_a_table_in_use_is_not_waited_for_as_long(self, postgres_url: str, shop: Branch) -> None:
        """Whoever comes after a waiting ALTER TABLE waits behind it: it gives up long before ``lock_timeout``."""
        location = shop.add("(HERE / 'seen').write_text(op.get_bind().exec_driver_sql('SHOW lock_timeout').scalar())")
        parent.upgrade(postgres_url, [location], lock_timeout=33)
        assert (location.directory() / "seen").read_text() == "10s"
