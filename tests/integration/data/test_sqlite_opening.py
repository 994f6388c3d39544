"""Opening a SQLite file, and losing it while it is open: said plainly, and nothing is acknowledged into the void."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from roadbed.data.database import Database
from roadbed.data.sqlite import SqliteOptions, open_sqlite
from roadbed.kernel.errors import ConfigurationError, OutcomeUnknown, Unavailable
from roadbed.kernel.events import Events
from tests.integration.data import things
from tests.integration.data.gates import in_writer
from tests.integration.data.stores import SqliteStore, new_sqlite
from tests.integration.data.things import Row
from tests.support.prepared import Prepared


async def open_and_close(path: Path, **options: float) -> None:
    database = await open_sqlite(SqliteOptions(str(path), **options), Events())  # type: ignore[arg-type]
    await database.close(5)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def put(database: Database, number: int) -> None:
    await database.execute(things.PUT, id=number, name=str(number), amount=1)


async def test_a_missing_file_is_made(tmp_path: Path) -> None:
    await open_and_close(tmp_path / "new.db")
    assert names_in(tmp_path) == ["new.db", "new.db.lock"]


async def test_a_file_keeps_its_rows_and_is_one_file_again_when_closed(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open()
    await put(database, 1)
    await database.close(5)
    again = await sqlite_store.open()
    assert await again.fetch_one(things.ONE, id=1) == Row(1, "1", 1)
    await again.close(5)
    assert names_in(sqlite_store.path.parent) == ["store.db", "store.db.lock"]


async def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is a directory, not a database file"):
        await open_and_close(tmp_path)


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="gone is not there: make the directory"):
        await open_and_close(tmp_path / "gone" / "a.db")


async def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="file is not there: make the directory"):
        await open_and_close(tmp_path / "file" / "a.db")


@pytest.mark.parametrize(
    "content", [b"this is no database, but a text of some length" * 40, b"SQLite format 3\0" + b"?" * 4096]
)
async def test_another_kind_of_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter.db"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"letter\.db is not a SQLite database, or it is damaged"):
        await open_and_close(path)
    assert path.read_bytes() == content


@pytest.fixture
def folder_of_root() -> Iterator[Path]:
    """A folder that an ordinary user may read and not write, for as long as the test runs as one."""
    folder = Path(tempfile.mkdtemp())
    user = os.geteuid()
    folder.chmod(0o555)
    if user == 0:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        os.seteuid(user)
        folder.chmod(0o755)
        shutil.rmtree(folder)


async def test_a_read_only_folder_is_named(folder_of_root: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written: this user needs write permission") as refused:
        await open_and_close(folder_of_root / "a.db")
    assert str(folder_of_root) in refused.value.detail


async def test_a_file_that_others_hold_may_come_free_later(sqlite_store: SqliteStore) -> None:
    other = apsw.Connection(str(sqlite_store.path))
    other.execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").fetchall()
    with pytest.raises(Unavailable, match="Another program held the database for too long"):
        await sqlite_store.open(None, busy_timeout=0.05)
    other.close()
    await open_and_close(sqlite_store.path)


async def test_settings_of_the_connections(sqlite: Database) -> None:
    def settings(run: things.Any) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "trusted_schema")
        return {name: run.connection.execute(f"PRAGMA {name}").get for name in names}

    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "trusted_schema": 0,
    }
    assert await in_writer(sqlite, settings) == expected


async def test_replacing_a_row_asks_the_triggers_of_an_append_only_table(sqlite: Database) -> None:
    """Without recursive triggers, INSERT OR REPLACE would delete a row that no statement may delete."""
    await in_writer(sqlite, lambda run: run.control("INSERT INTO log (id, line) VALUES (1, 'first')"))
    with pytest.raises(apsw.ConstraintError, match="log is append-only"):
        await in_writer(sqlite, lambda run: run.control("INSERT OR REPLACE INTO log (id, line) VALUES (1, 'other')"))


def move(store: SqliteStore, suffix: str, target: Path) -> None:
    Path(f"{store.path}{suffix}").rename(target)


@pytest.mark.parametrize("suffix", ["", "-wal"])
async def test_when_a_file_is_taken_away_no_write_is_acknowledged(
    sqlite: Database, sqlite_store: SqliteStore, tmp_path: Path, suffix: str
) -> None:
    """Naively, SQLite goes on writing into files that no longer have a name, and says that all is well."""
    await put(sqlite, 1)
    move(sqlite_store, suffix, tmp_path / "away")
    with pytest.raises(OutcomeUnknown, match="deleted or replaced: restart the service"):
        await put(sqlite, 2)
    for number in (3, 4):
        with pytest.raises(Unavailable, match="deleted or replaced: restart the service") as refused:
            await put(sqlite, number)
        assert type(refused.value) is Unavailable
    health = await sqlite.ping()
    assert (health.ok, "restart the service" in health.detail) == (False, True)


async def test_what_was_acknowledged_before_the_log_went_is_saved_at_the_close(
    sqlite_store: SqliteStore, tmp_path: Path
) -> None:
    database = await sqlite_store.open()
    await put(database, 1)
    move(sqlite_store, "-wal", tmp_path / "away")
    with pytest.raises(OutcomeUnknown):
        await put(database, 2)
    await database.close(5)
    assert sqlite_store.rows("SELECT id FROM thing WHERE id = 1") == ["1"]
    assert sqlite_store.rows("PRAGMA integrity_check") == ["ok"]


async def test_when_the_file_is_back_writes_go_on(sqlite: Database, sqlite_store: SqliteStore, tmp_path: Path) -> None:
    await put(sqlite, 1)
    move(sqlite_store, "", tmp_path / "away")
    with pytest.raises(OutcomeUnknown):
        await put(sqlite, 2)
    (tmp_path / "away").rename(sqlite_store.path)
    await put(sqlite, 3)
    assert sqlite_store.rows("SELECT id FROM thing") == ["1", "2", "3"]


async def test_another_file_in_its_place_is_not_written(
    sqlite: Database, sqlite_store: SqliteStore, prepared: Prepared
) -> None:
    await put(sqlite, 1)
    new_sqlite(prepared, sqlite_store.path.with_name("restored.db")).path.rename(sqlite_store.path)
    with pytest.raises(OutcomeUnknown, match="deleted or replaced"):
        await put(sqlite, 2)
