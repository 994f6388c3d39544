"""A migrated schema equals a fresh one; up, down and up again leads to the same; what differs is told."""

from pathlib import Path

import pytest

from roadbed.data.migrations import parent
from roadbed.data.migrations.locations import Location
from roadbed.kernel.errors import ConfigurationError, SchemaMismatch
from tests.integration.migrations.reading import query, run, schema, stored_heads, tables

HEADS = {"platform_0003", "ledger_0001"}
LEDGER_TABLES = {"ledger_account", "ledger_transaction"}
STATISTICS = {"statistic", *(f"statistic_{part}" for part in ("cache", "duty", "error", "figure", "storage", "watch"))}
TABLES = {"alembic_version", "change", "feed", "idempotency", *STATISTICS, *LEDGER_TABLES}


@pytest.fixture
def fresh_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A second empty database, on the same engine as ``engine_url``."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path / 'fresh.db'}"
    return request.getfixturevalue("postgres_server").create_database()


def test_an_empty_database_is_brought_up_to_date(engine_url: str, ledger: list[Location]) -> None:
    assert parent.upgrade(engine_url, ledger) == ["platform_0001", "platform_0002", "platform_0003", "ledger_0001"]
    assert (stored_heads(engine_url), tables(engine_url)) == (HEADS, TABLES)


def test_nothing_is_left_to_do_the_second_time(migrated_url: str, ledger: list[Location]) -> None:
    before = schema(migrated_url)
    assert parent.upgrade(migrated_url, ledger) == []
    assert schema(migrated_url) == before


def test_a_migrated_schema_equals_a_fresh_one(engine_url: str, fresh_url: str, ledger: list[Location]) -> None:
    parent.upgrade(engine_url, ledger)
    parent.create_fresh(fresh_url, ledger)
    assert schema(engine_url) == schema(fresh_url)
    assert parent.differences(engine_url, ledger) == []


def test_up_down_and_up_again(migrated_url: str, ledger: list[Location]) -> None:
    before = schema(migrated_url)
    assert parent.downgrade(migrated_url, ledger, "ledger", None) == ["ledger_0001"]
    assert (stored_heads(migrated_url), tables(migrated_url)) == ({"platform_0003"}, TABLES - LEDGER_TABLES)
    assert parent.upgrade(migrated_url, ledger) == ["ledger_0001"]
    assert schema(migrated_url) == before


def test_all_the_way_down_leaves_nothing(migrated_url: str, ledger: list[Location]) -> None:
    for branch in ("ledger", "platform"):
        parent.downgrade(migrated_url, ledger, branch, None)
    assert (stored_heads(migrated_url), schema(migrated_url)) == (set(), [])


def test_down_to_where_it_is_does_nothing(migrated_url: str, ledger: list[Location]) -> None:
    assert parent.downgrade(migrated_url, ledger, "ledger", "ledger_0001") == []


@pytest.mark.parametrize(("branch", "target"), [("ledger", "ledger_0009"), ("zoo", "zoo_0001")])
@pytest.mark.parametrize("engine", ["sqlite"])
def test_down_to_nowhere_is_refused(migrated_url: str, ledger: list[Location], branch: str, target: str) -> None:
    with pytest.raises(SchemaMismatch, match=f"branch '{branch}' has no revision '{target}'"):
        parent.downgrade(migrated_url, ledger, branch, target)


class TestSqliteFile:
    def test_is_made_for_its_owner_alone_in_wal_mode(self, tmp_path: Path, ledger: list[Location]) -> None:
        path = tmp_path / "new.db"
        parent.upgrade(f"sqlite:///{path}", ledger)
        mode = query(f"sqlite:///{path}", "PRAGMA journal_mode")
        assert (path.stat().st_mode & 0o777, mode) == (0o600, [("wal",)])

    def test_a_relative_path_is_ours(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ledger: list[Location]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        parent.upgrade("sqlite:///here.db", ledger)
        assert tables(f"sqlite:///{tmp_path / 'here.db'}") == TABLES

    @pytest.mark.parametrize("engine", ["sqlite"])
    def test_every_table_of_ours_is_strict(self, migrated_url: str) -> None:
        listed = query(migrated_url, "SELECT name, strict, wr FROM pragma_table_list WHERE name NOT LIKE 'sqlite_%'")
        assert set(listed) == {
            ("alembic_version", 0, 0),
            ("change", 1, 1),
            ("feed", 1, 1),
            ("idempotency", 1, 0),
            ("ledger_account", 1, 1),
            ("ledger_transaction", 1, 1),
            *((name, 1, 1) for name in STATISTICS),
        }


class TestDifferences:
    """What someone did by hand."""

    CHANGES = (
        "ALTER TABLE ledger_account ADD COLUMN nickname text",
        "CREATE INDEX by_hand ON ledger_account (balance)",
        "DROP INDEX ix_idempotency_expires_at",
    )

    @pytest.mark.parametrize("engine", ["sqlite"])
    def test_are_told_on_sqlite(self, migrated_url: str, ledger: list[Location]) -> None:
        run(migrated_url, *self.CHANGES, "DROP TRIGGER tr_ledger_transaction_no_delete", "CREATE TABLE theirs (a TEXT)")
        assert parent.differences(migrated_url, ledger) == [
            "idempotency: index columns of ix_idempotency_expires_at: missing",
            "idempotency: index ix_idempotency_expires_at: missing",
            "ledger_account: column nickname: not declared",
            "ledger_account: index by_hand: not declared",
            "ledger_account: index columns of by_hand: not declared",
            "ledger_transaction: trigger tr_ledger_transaction_no_delete: missing",
        ]

    @pytest.mark.parametrize("engine", ["postgres"])
    def test_are_told_on_postgres(self, migrated_url: str, ledger: list[Location]) -> None:
        run(
            migrated_url,
            *self.CHANGES,
            "ALTER TABLE ledger_account DROP CONSTRAINT ck_ledger_account_floor",
            'ALTER TABLE idempotency ALTER outcome TYPE text COLLATE "default"',
            "CREATE OR REPLACE FUNCTION roadbed_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
            "CREATE TABLE theirs (a text)",
        )
        found = parent.differences(migrated_url, ledger)
        assert found[0].startswith("function roadbed_refuse_change(): is ")
        assert found[1:] == [
            "idempotency: column outcome: is 'text NOT NULL', declared as 'text NOT NULL COLLATE C'",
            "idempotency: index ix_idempotency_expires_at: missing",
            "ledger_account: column nickname: not declared",
            "ledger_account: constraint ck_ledger_account_floor: missing",
            "ledger_account: index by_hand: not declared",
        ]

    def test_looking_changes_nothing(self, migrated_url: str, ledger: list[Location]) -> None:
        before = schema(migrated_url)
        parent.differences(migrated_url, ledger)
        assert schema(migrated_url) == before

    def test_a_file_that_is_not_there_stays_so(self, tmp_path: Path, ledger: list[Location]) -> None:
        path = tmp_path / "none.db"
        with pytest.raises(ConfigurationError, match="there is no database file"):
            parent.differences(f"sqlite:///{path}", ledger)
        assert not path.exists()

    def test_tables_must_be_declared_somewhere(self, sqlite_url: str) -> None:
        bare = Location("ledger", "roadbed.domains.ledger.migrations")
        with pytest.raises(ConfigurationError, match="domain 'ledger' does not say where its tables are declared"):
            parent.create_fresh(sqlite_url, [bare])
