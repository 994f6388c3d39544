"""Programs that hold a thread of the SQLite engine until a test lets it go."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from roadbed.data.database import Database, Program


def threads() -> list[str]:
    """Return the names of the engine's threads that live; the log has one too, which tests of logs leave behind."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(("roadbed-writer", "roadbed-reader-", "roadbed-lock"))]


class Gate:
    """Holds the writer (or a reader, with ``write=False``) in the middle of a job."""

    def __init__(self, database: Database, *, write: bool = True, then: Any = None) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        self._then = then
        self._flight = database.flight(Program("gate", write, self._hold, self._never))

    def _hold(self, run: Any, items: list[Any]) -> Sequence[Any]:
        self.entered.set()
        if not self.opened.wait(timeout=30):
            raise TimeoutError("nobody opened the gate")
        return items if self._then is None else self._then(run, items)

    async def _never(self, _connection: Any, _items: list[Any]) -> Sequence[Any]:
        raise AssertionError("a gate is for SQLite")

    async def close(self, item: Any = "through") -> "asyncio.Future[Any]":
        """Return once the thread is held; the future is done when the job is."""
        future = self._flight.join(item)
        await asyncio.to_thread(self.entered.wait, 30)
        return future

    def open(self) -> None:
        self.opened.set()


@asynccontextmanager
async def held_writer(database: Database) -> AsyncGenerator[None]:
    """Hold the writer for the block; what is submitted meanwhile shares the commits after it."""
    gate = Gate(database)
    future = await gate.close()
    try:
        yield
        # What the block has begun is to be in the queue before the writer goes on.
        for _ in range(5):
            await asyncio.sleep(0)
    finally:
        gate.open()
        await future


async def in_writer(database: Database, work: Any) -> Any:
    """Run ``work(run)`` in the writer thread, in a transaction of its own."""

    async def never(_connection: Any, _items: list[Any]) -> Sequence[Any]:
        raise AssertionError("for SQLite")

    return await database.flight(Program("probe", True, lambda run, _: [work(run)], never)).join(None)


async def count_commits(database: Database) -> list[int]:
    """Return a list that grows with every commit that writes something."""
    commits: list[int] = []

    def hook(_connection: Any, _name: str, pages: int) -> int:
        commits.append(pages)
        return 0

    await in_writer(database, lambda run: run.connection.set_wal_hook(hook))
    return commits
