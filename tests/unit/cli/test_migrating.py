"""`roadbed migrate`: what is missing, what would run, what ran; and nothing twice."""

from pathlib import Path

import apsw
import msgspec
import pytest

from roadbed.cli import migrating
from roadbed.kernel.settings import Settings
from tests.unit.cli.conftest import DOMAINS, Command

HEADS = ["platform_0003", "ledger_0001"]


def stored(folder: Path) -> set[str]:
    connection = apsw.Connection(str(folder / "data" / "roadbed.db"))
    try:
        return {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")}
    finally:
        connection.close()


def pretend(folder: Path, *revisions: str) -> None:
    """Make the database say that it is at these revisions."""
    connection = apsw.Connection(str(folder / "data" / "roadbed.db"))
    connection.execute("DELETE FROM alembic_version")
    connection.executemany("INSERT INTO alembic_version VALUES (?)", [(revision,) for revision in revisions])
    connection.close()


def test_status_of_nothing(roadbed: Command, folder: Path) -> None:
    done = roadbed("migrate", "status")
    assert (done.code, done.out.splitlines(), done.err) == (
        1,
        [
            "database  sqlite:///data/roadbed.db",
            "state     empty",
            "missing   platform_0001, platform_0002, platform_0003, ledger_0001",
            "mend      roadbed migrate upgrade",
        ],
        "",
    )


def test_looking_makes_no_file(roadbed: Command, folder: Path) -> None:
    roadbed("migrate", "status")
    roadbed("migrate", "sql")
    assert list(folder.iterdir()) == []


def test_upgrade_says_what_ran_and_ran_it(roadbed: Command, folder: Path) -> None:
    done = roadbed("migrate", "upgrade")
    assert (done, stored(folder)) == (
        (0, "Migrated sqlite:///data/roadbed.db: platform_0001, platform_0002, platform_0003, ledger_0001\n", ""),
        set(HEADS),
    )


def test_a_second_upgrade_does_nothing(roadbed: Command, migrated: Path) -> None:
    assert roadbed("migrate", "upgrade") == (0, "Nothing to do: the database is current\n", "")


def test_a_second_upgrade_starts_no_child(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> list[str]:
        raise AssertionError("a child was started")

    monkeypatch.setattr(migrating.parent, "upgrade", refuse)
    assert migrating.migrate_if_behind(Settings(domains=DOMAINS)) == []


def test_status_of_a_current_database(roadbed: Command, migrated: Path) -> None:
    done = roadbed("migrate", "status")
    assert (done.code, done.out.splitlines()[1]) == (0, "state     current")


def test_status_for_programs(roadbed: Command, migrated: Path) -> None:
    done = roadbed("migrate", "status", "--json")
    assert (done.code, msgspec.json.decode(done.out)) == (
        0,
        {
            "database": "sqlite:///data/roadbed.db",
            "state": "current",
            "stored": sorted(HEADS),
            "missing": [],
            "unknown": [],
        },
    )


def test_a_database_that_is_behind(roadbed: Command, migrated: Path) -> None:
    pretend(migrated, "platform_0003")
    done = roadbed("migrate", "status")
    assert (done.code, done.out.splitlines()[1:]) == (
        1,
        [
            "state     behind",
            "stored    platform_0003",
            "missing   ledger_0001",
            "mend      roadbed migrate upgrade",
        ],
    )


def test_a_database_that_is_ahead(roadbed: Command, migrated: Path) -> None:
    pretend(migrated, "platform_0003", "ledger_0001", "ledger_9999")
    done = roadbed("migrate", "status")
    assert (done.code, done.out.splitlines()[1:]) == (
        1,
        [
            "state     ahead",
            "stored    ledger_0001, ledger_9999, platform_0003",
            "unknown   ledger_9999",
            "mend      install the release (or the domain) that knows the unknown revisions",
        ],
    )


@pytest.mark.parametrize("command", ["upgrade", "sql"])
def test_a_database_that_is_ahead_is_left_alone(roadbed: Command, migrated: Path, command: str) -> None:
    pretend(migrated, "platform_0003", "ledger_0001", "ledger_9999")
    done = roadbed("migrate", command)
    assert (done.code, done.out, "it is at ledger_9999" in done.err) == (1, "", True)


def test_the_sql_is_that_of_an_upgrade(roadbed: Command, folder: Path) -> None:
    done = roadbed("migrate", "sql")
    assert (done.code, "CREATE TABLE ledger_account" in done.out, done.err) == (0, True, "")


def test_the_sql_for_postgresql_needs_a_database_only_to_ask_where_it_is(
    roadbed: Command, folder: Path, postgres_url: str
) -> None:
    done = roadbed("migrate", "sql", ROADBED_DATABASE_URL=postgres_url)
    assert (done.code, "CREATE TABLE ledger_account" in done.out, done.err) == (0, True, "")


def test_postgresql(roadbed: Command, folder: Path, postgres_url: str) -> None:
    codes = [
        roadbed("migrate", *command, ROADBED_DATABASE_URL=postgres_url).code
        for command in (["status"], ["upgrade"], ["status"], ["upgrade"])
    ]
    assert (codes, list(folder.iterdir())) == ([1, 0, 0, 0], [])


@pytest.mark.parametrize("command", ["status", "upgrade", "sql"])
def test_nobody_answers(roadbed: Command, command: str) -> None:
    done = roadbed(
        "migrate", command, ROADBED_DATABASE_URL="postgresql://u:hush@127.0.0.1:1/x", ROADBED_DATABASE_WAIT="0"
    )
    assert (done.code, done.out, "hush" in done.err, "does not answer" in done.err) == (1, "", False, True)


def test_a_place_that_cannot_be_written(roadbed: Command, folder: Path) -> None:
    (folder / "data").write_text("in the way")
    done = roadbed("migrate", "upgrade")
    assert done == (
        2,
        "",
        "roadbed: the data folder data cannot be made: File exists; choose another with --data\n",
    )


def test_another_place(roadbed: Command, folder: Path) -> None:
    roadbed("migrate", "upgrade", "--data", "elsewhere")
    assert [path.name for path in folder.iterdir()] == ["elsewhere"]
