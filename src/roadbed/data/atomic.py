"""Several writes, all or nothing, at most once per idempotency key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from roadbed.data.database import Database, Transaction
from roadbed.data.idempotency import Idempotency, once
from roadbed.data.joining import joined, tell
from roadbed.data.queries import Queries
from roadbed.data.races import until_through

_TURN = 0x726F6164626564
"""The number of the advisory lock of PostgreSQL that batches of all processes take."""

_take_turn = Queries("roadbed.data", "atomic.sql").statement("take_turn")


class Atomic:
    """Runs batches on a database, one at a time.

    Two that touch the same rows in another order would deadlock, and PostgreSQL looks for that only after a second:
    many at once would spend their time so. A flight takes its rows in one statement, in order; where one meets a
    batch all the same, the batch is tried again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()

    async def run(self, idempotency: Idempotency | None, work: Callable[[], Awaitable[str]]) -> tuple[str, bool]:
        """Run ``work`` with everything that it asks of the database in one transaction; return its outcome.

        The second value tells whether the outcome is that of an earlier call with the same key. ``work`` may run
        several times: it changes nothing but rows.

        Raises:
            KeyReused, Conflict: as ``idempotency.once``; and what ``work`` raises, which undoes everything.
        """

        later: list[Callable[[], None]] = []

        async def inside(run: Transaction) -> str:
            later.clear()
            if self._database.dialect == "postgres":
                await run.fetch(_take_turn, number=_TURN)
            with joined(run, later):
                return await work()

        def committed() -> None:
            # Whoever asked may have left while it was committed.
            for call in later:
                tell(call)

        # In this process they wait here, where they hold no connection.
        async with self._turn:
            return await until_through(lambda: once(self._database, idempotency, inside, committed))
