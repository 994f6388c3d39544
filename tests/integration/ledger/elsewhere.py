"""Another process on the same PostgreSQL database, held still in the middle of its transaction."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from roadbed.data.idempotency import Idempotency
from roadbed.domains.ledger.post_postgres import post_on_postgres
from roadbed.domains.ledger.postings import Leg, Outcome, Posting
from roadbed.kernel.ids import new_id

R = TypeVar("R")

_BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"
_LOOKS = 1000


class Elsewhere:
    """Posts through the same function as the service, and commits only when told to."""

    def __init__(self, connection: Any, watcher: Any) -> None:
        self.connection = connection
        self._watcher = watcher
        self._transaction = connection.transaction()

    async def begin(self) -> None:
        await self._transaction.start()

    async def post(self, *postings: Posting) -> list[Outcome]:
        return list(await post_on_postgres(self.connection, list(postings)))

    async def commit(self) -> None:
        await self._transaction.commit()

    async def roll_back(self) -> None:
        await self._transaction.rollback()

    async def until_it_waits(self, asked: Coroutine[Any, Any, R]) -> "asyncio.Task[R]":
        """Start what is asked of the service; return once it waits for this transaction."""
        task = asyncio.create_task(asked)
        pid = self.connection.get_server_pid()
        for _ in range(_LOOKS):
            if await self._watcher.fetchval(_BLOCKED, pid):
                return task
            if task.done():
                raise AssertionError(f"it did not wait: {task}")
            await asyncio.sleep(0.005)
        raise AssertionError("it neither waits nor ends")


@asynccontextmanager
async def elsewhere_on(url: str) -> AsyncGenerator[Elsewhere]:
    """Connect, and begin a transaction; what was not committed in the end is gone."""
    connection, watcher = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        other = Elsewhere(connection, watcher)
        await other.begin()
        yield other
    finally:
        await connection.close()
        await watcher.close()


def entry(account_id: UUID, amount: int, chosen: UUID | None = None, key: Idempotency | None = None) -> Posting:
    """A posting of one leg."""
    return Posting((Leg(chosen or new_id(), account_id, amount),), None, chosen, key)


def transfer(source: UUID, target: UUID, amount: int, chosen: UUID | None = None) -> Posting:
    """A posting of two legs."""
    legs = (Leg(new_id(), source, -amount), Leg(new_id(), target, amount))
    return Posting(legs, chosen or new_id(), chosen)


def reversal(transaction_id: UUID, account_id: UUID, amount: int) -> Posting:
    """A posting that undoes a transaction of ``amount``."""
    return Posting((Leg(new_id(), account_id, -amount, transaction_id),))
