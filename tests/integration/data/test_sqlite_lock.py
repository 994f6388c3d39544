"""The lock between the writers of several processes: waited for in order, and for a bounded time."""

import asyncio
import fcntl
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from roadbed.data.sqlite.lock import WriteLock
from roadbed.kernel.errors import Unavailable
from tests.integration.data import things
from tests.integration.data.gates import threads
from tests.integration.data.stores import SqliteStore
from tests.support.waiting import eventually

HELD = "Another process held the write lock of the database for too long: nothing was written"
LONG = 60.0


@contextmanager
def held(database: Path) -> Generator[None]:
    """Hold the lock as another process would: by another opening of the file."""
    descriptor = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def is_free(database: Path) -> bool:
    descriptor = os.open(f"{database}.lock", os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


async def test_who_holds_it_for_too_long_makes_writes_fail_and_not_hang(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open(None, busy_timeout=0.5)
    with held(sqlite_store.path):
        for _ in range(2):
            with pytest.raises(Unavailable, match=HELD):
                await database.execute(things.PUT, id=1, name="a", amount=1)
        assert await database.fetch(things.ALL) == []
    assert await database.execute(things.PUT, id=1, name="a", amount=1) == 1
    await database.close(5)
    await eventually(lambda: threads() == [], "the threads to end")
    assert is_free(sqlite_store.path)


async def test_a_write_goes_on_as_soon_as_the_lock_is_free(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open(None, busy_timeout=LONG)
    with held(sqlite_store.path):
        writing = asyncio.ensure_future(database.execute(things.PUT, id=1, name="a", amount=1))
        done, _ = await asyncio.wait((writing,), timeout=0.05)
        assert not done
    assert await asyncio.wait_for(writing, LONG / 2) == 1
    await database.close(5)


async def test_an_opening_does_not_hang_on_it(sqlite_store: SqliteStore) -> None:
    with held(sqlite_store.path), pytest.raises(Unavailable, match=HELD):
        await sqlite_store.open(None, busy_timeout=0.5)
    await eventually(lambda: threads() == [], "the threads to end")


async def test_closing_breaks_the_wait_off(sqlite_store: SqliteStore) -> None:
    database = await sqlite_store.open(None, busy_timeout=LONG)
    with held(sqlite_store.path):
        writing = asyncio.ensure_future(database.execute(things.PUT, id=1, name="a", amount=1))
        await eventually(lambda: "roadbed-lock" in threads(), "the wait")
        await database.close(0)
        with pytest.raises(Unavailable, match="nothing was written"):
            await writing
        # The kernel calls nobody out of its queue: this one ends when its turn comes.
        await eventually(lambda: threads() == ["roadbed-lock"], "the others to end")
    await eventually(lambda: threads() == [], "the thread to end")
    assert is_free(sqlite_store.path)


async def test_a_symbolic_link_leads_to_the_same_lock_and_log(sqlite_store: SqliteStore) -> None:
    link = sqlite_store.path.with_name("link.db")
    link.symlink_to(sqlite_store.path)
    database = await SqliteStore(link).open(None, busy_timeout=0.5)
    assert await database.execute(things.PUT, id=1, name="a", amount=1) == 1
    assert database.gauges()["wal_bytes"] > 0
    with held(sqlite_store.path), pytest.raises(Unavailable, match=HELD):
        await database.execute(things.PUT, id=2, name="b", amount=1)
    await database.close(5)


def test_what_comes_when_nobody_wants_it_any_more_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    lock = WriteLock(str(path), 0.01)
    with held(path), pytest.raises(Unavailable), lock:
        raise AssertionError("two hold it")
    # Nobody asks again; all the same the next one is not kept waiting.
    with held(path):
        assert not is_free(path)
    with lock:
        assert not is_free(path)
    assert is_free(path)
    lock.close()


def test_many_writers_of_one_process_never_hold_it_together(tmp_path: Path) -> None:
    """Waits that end by their timeout and hand-overs meet at every possible moment."""
    path = str(tmp_path / "some.db")
    inside: list[int] = []
    most: list[int] = []

    def write(number: int) -> None:
        lock = WriteLock(path, 0.0005 * number)
        for _ in range(300):
            try:
                with lock:
                    inside.append(number)
                    most.append(len(inside))
                    inside.remove(number)
            except Unavailable:
                pass
        lock.close()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (set(most), inside) == ({1}, [])


def test_a_file_system_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(95, "Operation not supported")

    lock = WriteLock(str(tmp_path / "some.db"), 1.0)
    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(Unavailable, match="cannot be taken: nothing was written"), lock:
        raise AssertionError("nobody holds it")
    lock.close()
