"""The SQL that is shown is the SQL that would run."""

import apsw
import pytest

from roadbed.data.migrations import parent
from roadbed.data.migrations.locations import Location
from roadbed.kernel.errors import SchemaMismatch
from tests.integration.migrations.branches import MAKE_NOTE, Branch
from tests.integration.migrations.reading import schema, stored_heads, tables
from tests.support.postgres import PostgresServer

HEADS = ("platform_0003", "ledger_0001")


def statements(sql: str) -> list[str]:
    """Return what begins a line, without comments: enough to see which tables are made."""
    return [line.partition(" (")[0] for line in sql.splitlines() if line.startswith("CREATE TABLE")]


@pytest.mark.parametrize("engine", ["sqlite"])
def test_on_sqlite_does_what_an_upgrade_does(
    migrated_url: str, tmp_path_factory: pytest.TempPathFactory, ledger: list[Location]
) -> None:
    path = tmp_path_factory.mktemp("by_hand") / "by_hand.db"
    connection = apsw.Connection(str(path))
    connection.execute(parent.sql_preview(f"sqlite:///{path}", (), ledger)).fetchall()
    connection.close()
    by_hand = f"sqlite:///{path}"
    assert (schema(by_hand), stored_heads(by_hand)) == (schema(migrated_url), stored_heads(migrated_url))


@pytest.mark.parametrize("engine", ["postgres"])
def test_on_postgres_does_what_an_upgrade_does(
    postgres_server: PostgresServer, migrated_url: str, ledger: list[Location]
) -> None:
    by_hand = postgres_server.create_database()
    postgres_server.sql(parent.sql_preview(by_hand, (), ledger), by_hand.rpartition("/")[2])
    assert (schema(by_hand), stored_heads(by_hand)) == (schema(migrated_url), stored_heads(migrated_url))


def test_touches_no_database(engine_url: str, ledger: list[Location]) -> None:
    if engine_url.startswith("sqlite"):
        parent.sql_preview(engine_url, (), ledger)
    else:
        parent.sql_preview("postgresql://nobody:secret@127.0.0.1:1/nowhere", (), ledger)
    assert tables(engine_url) == set()


@pytest.mark.parametrize(
    ("stored", "made"),
    [
        (
            (),
            [
                "CREATE TABLE alembic_version",
                "CREATE TABLE idempotency",
                "CREATE TABLE feed",
                "CREATE TABLE change",
                "CREATE TABLE statistic",
                *(
                    f"CREATE TABLE statistic_{part}"
                    for part in ("cache", "watch", "error", "storage", "duty", "figure")
                ),
                "CREATE TABLE ledger_account",
                "CREATE TABLE ledger_transaction",
            ],
        ),
        (("platform_0003",), ["CREATE TABLE ledger_account", "CREATE TABLE ledger_transaction"]),
        (
            ("platform_0001", "ledger_0001"),
            [
                "CREATE TABLE statistic",
                *(
                    f"CREATE TABLE statistic_{part}"
                    for part in ("cache", "watch", "error", "storage", "duty", "figure")
                ),
            ],
        ),
        (HEADS, []),
    ],
)
def test_begins_where_the_database_is(ledger: list[Location], stored: tuple[str, ...], made: list[str]) -> None:
    assert statements(parent.sql_preview("sqlite:///a.db", stored, ledger)) == made


def test_is_one_transaction(ledger: list[Location]) -> None:
    lines = parent.sql_preview("sqlite:///a.db", (), ledger).strip().splitlines()
    assert (lines[0], lines[-1]) == ("BEGIN;", "COMMIT;")


def test_of_a_database_that_is_ahead(ledger: list[Location]) -> None:
    with pytest.raises(SchemaMismatch, match="at zoo_0001; install the newer release"):
        parent.sql_preview("sqlite:///a.db", (*HEADS, "zoo_0001"), ledger)


def test_shows_a_rebuild(shop: Branch) -> None:
    make = """
    table = new_table("note", new_metadata(), sa.Column("note_id", Integer64(), primary_key=True))
    rebuild(table, {}, ["CREATE TRIGGER tr AFTER INSERT ON note BEGIN SELECT ':x'; END"])
    """
    shop.add(MAKE_NOTE)
    sql = parent.sql_preview("sqlite:///a.db", ("platform_0003", "shop_0001"), [shop.add(make)])
    lines = [line for line in sql.splitlines() if line and not line.startswith(("\t", " ", "-", ")"))]
    assert lines == [
        "BEGIN;",
        "CREATE TABLE rebuilt_note (",
        "INSERT INTO rebuilt_note (note_id) SELECT note_id FROM note;",
        "DROP TABLE note;",
        "PRAGMA legacy_alter_table = ON;",
        "ALTER TABLE rebuilt_note RENAME TO note;",
        "PRAGMA legacy_alter_table = OFF;",
        "CREATE TRIGGER tr AFTER INSERT ON note BEGIN SELECT ':x'; END;",
        "UPDATE alembic_version SET version_num='shop_0002' WHERE alembic_version.version_num = 'shop_0001';",
        "COMMIT;",
    ]
