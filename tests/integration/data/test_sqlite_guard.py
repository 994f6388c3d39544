"""One SQLite library per process and file: the standard library's is refused our file, by whatever name it comes."""

import os
import sqlite3  # noqa: TID251  it is what must be refused
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from roadbed.data.database import Database
from roadbed.data.sqlite import SqliteOptions, open_sqlite
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.events import Events
from tests.integration.data.stores import SqliteStore

REFUSED = "is open through apsw in this process"


def as_symlink(path: Path) -> str:
    link = path.parent / "link.db"
    link.symlink_to(path)
    return str(link)


def as_hard_link(path: Path) -> str:
    link = path.parent / "hard.db"
    link.hardlink_to(path)
    return str(link)


NAMES: dict[str, Callable[[Path], object]] = {
    "absolute": str,
    "pathlib": lambda path: path,
    "bytes": os.fsencode,
    "relative": os.path.relpath,
    "roundabout": lambda path: f"{path.parent}/../{path.parent.name}/./{path.name}",
    "symbolic link": as_symlink,
    "hard link": as_hard_link,
}
URIS: dict[str, Callable[[Path], str]] = {
    "uri": lambda path: f"file:{path}",
    "uri with slashes": lambda path: f"file://{path}",
    "uri with host": lambda path: f"file://localhost{path}",
    "uri with query": lambda path: f"file:{path}?mode=ro&cache=shared",
    "uri with fragment": lambda path: f"file:{path}#part",
    "uri with escapes": lambda path: f"file:{str(path).replace('store', 's%74ore')}",
}


@pytest.mark.parametrize("name", NAMES)
async def test_our_file_is_refused_by_any_path(sqlite: Database, sqlite_store: SqliteStore, name: str) -> None:
    with pytest.raises(RuntimeError, match=REFUSED):
        sqlite3.connect(NAMES[name](sqlite_store.path))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", URIS)
async def test_our_file_is_refused_by_any_uri(sqlite: Database, sqlite_store: SqliteStore, name: str) -> None:
    with pytest.raises(RuntimeError, match=REFUSED):
        sqlite3.connect(URIS[name](sqlite_store.path), uri=True)


@pytest.mark.parametrize("name", [":memory:", "", "other.db", "file:other.db"])
async def test_other_files_pass(sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    connection = sqlite3.connect(name)
    assert connection.execute("SELECT 1").fetchone() == (1,)
    connection.close()


async def test_a_closed_file_passes(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open()
    await database.close(5)
    connection = sqlite3.connect(sqlite_store.path)
    assert connection.execute("SELECT count(*) FROM thing").fetchone() == (0,)
    connection.close()


async def test_a_file_that_is_open_twice_is_guarded_until_both_are_closed(sqlite_store: SqliteStore) -> None:
    first, second = await sqlite_store.open(), await sqlite_store.open()
    await first.close(5)
    with pytest.raises(RuntimeError, match=REFUSED):
        sqlite3.connect(sqlite_store.path)
    await second.close(5)
    sqlite3.connect(sqlite_store.path).close()


async def test_a_file_that_could_not_be_opened_is_not_guarded(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(ConfigurationError):
        await open_sqlite(SqliteOptions(str(path)), Events())
    sqlite3.connect(path).close()


NAIVE = """
import apsw, os, sqlite3, sys
ours = apsw.Connection(sys.argv[1])
ours.execute("PRAGMA synchronous = FULL")
def write(number):
    ours.execute("INSERT INTO thing (id, name, amount) VALUES (?, ?, 1)", (number, str(number)))
    print(number, flush=True)  # acknowledged
write(1)
other = sqlite3.connect(sys.argv[1])
other.execute("SELECT count(*) FROM thing").fetchone()
other.close()
for number in range(2, 50):
    write(number)
os._exit(9)  # as by kill -9
"""

OURS = """
import asyncio, os, sqlite3, sys
from roadbed.data.sqlite import SqliteOptions, open_sqlite
from roadbed.kernel.events import Events
from tests.integration.data import things
async def main():
    database = await open_sqlite(SqliteOptions(sys.argv[1]), Events())
    async def write(number):
        await database.execute(things.PUT, id=number, name=str(number), amount=1)
        print(number, flush=True)  # acknowledged
    await write(1)
    try:
        sqlite3.connect(sys.argv[1]).close()
    except RuntimeError:
        print("refused", flush=True)
    for number in range(2, 50):
        await write(number)
    os._exit(9)
asyncio.run(main())
"""


def run(program: str, store: SqliteStore) -> list[str]:
    """Run a program on the store until it dies; return what it printed."""
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}"}
    command = [sys.executable, "-c", program, str(store.path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180, check=False)
    assert done.returncode == 9, done.stderr
    return done.stdout.split()


def test_two_libraries_on_one_file_lose_acknowledged_rows(sqlite_store: SqliteStore) -> None:
    acknowledged = run(NAIVE, sqlite_store)
    kept = sqlite_store.rows("SELECT id FROM thing ORDER BY id")
    assert (len(acknowledged), len(kept) < len(acknowledged)) == (49, True)


def test_ours_refuses_the_second_library_and_keeps_every_row(sqlite_store: SqliteStore) -> None:
    acknowledged = run(OURS, sqlite_store)
    assert "refused" in acknowledged
    assert sqlite_store.rows("SELECT id FROM thing ORDER BY id") == [
        number for number in acknowledged if number != "refused"
    ]


ATTACHED = """
import asyncio, os, sqlite3, sys
from roadbed.data.sqlite import SqliteOptions, open_sqlite
from roadbed.kernel.events import Events
from tests.integration.data import things
async def main():
    database = await open_sqlite(SqliteOptions(sys.argv[1]), Events())
    await database.execute(things.PUT, id=1, name="1", amount=1)
    other = sqlite3.connect(":memory:")
    other.execute("ATTACH ? AS ours", (sys.argv[1],))
    other.execute("SELECT count(*) FROM ours.thing").fetchone()
    other.close()
    try:
        await database.execute(things.PUT, id=2, name="2", amount=1)
    except Exception as error:
        print(type(error).__name__, flush=True)
    os._exit(9)
asyncio.run(main())
"""


def test_what_the_guard_cannot_see_is_noticed_at_the_next_commit(sqlite_store: SqliteStore) -> None:
    """Python tells of no ATTACH. But the log is gone after it, and so no further row is acknowledged."""
    assert run(ATTACHED, sqlite_store) == ["OutcomeUnknown"]
    assert sqlite_store.rows("SELECT id FROM thing ORDER BY id") == ["1"]
