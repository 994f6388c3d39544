"""Several processes on one file: all make progress, nothing is lost, nobody hears that the database is locked."""

import asyncio
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import apsw
import pytest

from roadbed.kernel.errors import Unavailable
from tests.integration.data import things
from tests.integration.data.stores import SqliteStore
from tests.integration.data.things import Row

ROOT = Path(__file__).parents[3]
TURNS = 150

# Both say "ready", wait for a line, then write TURNS times as fast as they can.
OURS = """
import asyncio, sys
from roadbed.data.named_sql import parse
from roadbed.data.queries import Query
from roadbed.data.sqlite import SqliteOptions, open_sqlite
from roadbed.kernel.events import Events
from tests.integration.data import things
LOG = Query("log", parse("-- name: log\\nINSERT INTO log (line) VALUES (:line)")["log"], tuple)
async def main(path, name, turns):
    database = await open_sqlite(SqliteOptions(path), Events())
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(turns):
        await asyncio.gather(database.execute(LOG, line=name), database.execute(things.ADD, id=1, amount=1))
    await database.close(5)
asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""
NAIVE = """
import apsw, sys
connection = apsw.Connection(sys.argv[1])
connection.set_busy_timeout(30000)
connection.execute("PRAGMA synchronous = FULL")
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[3])):
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO log (line) VALUES (?)", (sys.argv[2],))
    connection.execute("UPDATE thing SET amount = amount + 1 WHERE id = 1")
    connection.execute("COMMIT")
"""
HOLDER = """
import asyncio, sys
from roadbed.data.sqlite import SqliteOptions, open_sqlite
from roadbed.kernel.events import Events
from tests.integration.data import things
async def main(path):
    database = await open_sqlite(SqliteOptions(path, transaction_timeout=60.0), Events())
    async with database.transaction() as run:
        await run.execute(things.PUT, id=1, name="held", amount=1)
        print("ready", flush=True)
        await asyncio.Event().wait()
asyncio.run(main(sys.argv[1]))
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)


def race(program: str, store: SqliteStore, processes: int) -> list[str]:
    """Let processes write at the same time; return their names in the order in which they wrote."""
    store.rows("INSERT INTO thing (id, name, amount) VALUES (1, 'counter', 0)")
    running = [start(program, store.path, name, TURNS) for name in "abc"[:processes]]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in running:
        _, said = process.communicate(timeout=180)
        assert (process.returncode, said) == (0, "")
    return store.rows("SELECT line FROM log ORDER BY id")


def changes_of_hands(names: list[str]) -> int:
    return sum(one != other for one, other in pairwise(names))


@pytest.mark.parametrize("processes", [2, 3])
def test_no_update_is_lost_and_nobody_hears_of_locks(sqlite_store: SqliteStore, processes: int) -> None:
    names = race(OURS, sqlite_store, processes)
    assert {name: names.count(name) for name in names} == dict.fromkeys("abc"[:processes], TURNS)
    assert sqlite_store.rows("SELECT amount FROM thing") == [str(TURNS * processes)]
    assert sqlite_store.rows("PRAGMA integrity_check") == ["ok"]


def test_writers_take_turns_where_a_busy_timeout_lets_one_starve(sqlite_store: SqliteStore, tmp_path: Path) -> None:
    other = SqliteStore(tmp_path / "naive.db")
    sqlite_store.rows(f"VACUUM INTO '{other.path}'")
    other.rows("PRAGMA journal_mode = WAL")
    ours, naive = race(OURS, sqlite_store, 2), race(NAIVE, other, 2)
    # Two that wait for each other change hands all the time; one that polls loses nearly every race.
    assert changes_of_hands(ours) > 2 * changes_of_hands(naive)


def test_two_processes_may_make_the_same_new_file(tmp_path: Path) -> None:
    opens = OURS.replace("for _ in range(turns):", "for _ in range(0):")
    for number in range(2):
        running = [start(opens, tmp_path / f"{number}.db", name, 0) for name in "ab"]
        for process in running:
            _, said = process.communicate("\n", timeout=180)
            assert (process.returncode, said) == (0, "")


async def test_a_process_that_is_killed_gives_the_lock_back(sqlite_store: SqliteStore) -> None:
    holder = start(HOLDER, sqlite_store.path)
    assert holder.stdout is not None
    assert await asyncio.to_thread(holder.stdout.readline) == "ready\n"
    database = await asyncio.wait_for(_opened_after_kill(holder, sqlite_store), 30)
    assert await database.execute(things.PUT, id=1, name="mine", amount=1) == 1
    assert await database.fetch(things.ALL) == [Row(1, "mine", 1)]
    await database.close(5)


async def _opened_after_kill(holder: "subprocess.Popen[str]", store: SqliteStore) -> things.Any:
    opening = asyncio.ensure_future(store.open())
    # It waits for the other process, and no longer.
    done, _ = await asyncio.wait((opening,), timeout=0.2)
    assert not done
    holder.send_signal(signal.SIGKILL)
    await asyncio.to_thread(holder.communicate)
    return await opening


async def test_a_foreign_program_that_holds_the_file_makes_us_wait_and_give_up(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open(None, busy_timeout=0.5)
    foreign = apsw.Connection(str(sqlite_store.path))
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="Another program held the database for too long: nothing was written"):
        await database.execute(things.PUT, id=1, name="a", amount=1)
    assert await database.fetch(things.ALL) == []
    foreign.execute("ROLLBACK")
    assert await database.execute(things.PUT, id=1, name="a", amount=1) == 1
    foreign.close()
    await database.close(5)


async def test_two_engines_in_one_process_exclude_each_other(sqlite_store: SqliteStore) -> None:
    first, second = await sqlite_store.open(), await sqlite_store.open()
    await first.execute(things.PUT, id=1, name="counter", amount=0)

    async def count(database: things.Any) -> None:
        for _ in range(50):
            await database.execute(things.ADD, id=1, amount=1)

    await asyncio.gather(count(first), count(second))
    assert await first.fetch_one(things.ONE, id=1) == Row(1, "counter", 100)
    await first.close(5)
    await second.close(5)
