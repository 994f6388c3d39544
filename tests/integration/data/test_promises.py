"""The promise, under everything at once: what was acknowledged is there, what was refused is not."""

import asyncio
import random
from contextlib import suppress
from typing import Any

import pytest

from roadbed.data.database import Database
from roadbed.kernel.errors import OutcomeUnknown, RoadbedError
from tests.integration.data import things
from tests.integration.data.gates import in_writer
from tests.integration.data.stores import PostgresStore, SqliteStore
from tests.integration.data.things import PUT_THINGS, Thing

ACKNOWLEDGED, REFUSED, OPEN = "acknowledged", "refused", "open"
CLIENTS, REQUESTS = 24, 40


class Ledger:
    """What each request was told; the id of a thing is the number of its request."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.random = random.Random(seed)
        self.told: dict[int, str] = {}
        self._flight = database.flight(PUT_THINGS, keys=lambda thing: [thing.name])
        self._next = 0

    def _number(self) -> int:
        self._next += 1
        return self._next

    async def _by_flight(self, number: int) -> None:
        # Some are refused: foreseen, by a CHECK, by a name that is taken.
        amount = self.random.choice([1, 1, 1, 1, 1001, -1])
        name = self.random.choice([str(number), str(number), "taken"])
        result = await self._flight.join(Thing(number, name, amount))
        assert result == number

    async def _by_statement(self, number: int) -> None:
        await self.database.execute(things.PUT, id=number, name=str(number), amount=self.random.choice([1, 1, -1]))

    async def _by_transaction(self, number: int) -> None:
        async with self.database.transaction() as run:
            await run.execute(things.PUT, id=number, name=str(number), amount=1)
            await asyncio.sleep(self.random.choice([0, 0, 0.001]))
            await run.execute(things.ADD, id=number, amount=self.random.choice([1, 1, 1, -5]))

    async def request(self) -> None:
        """Ask for one write, in one of all ways; some leave before they are answered."""
        number = self._number()
        self.told[number] = OPEN
        way = self.random.choice([self._by_flight, self._by_flight, self._by_statement, self._by_transaction])
        task = asyncio.ensure_future(way(number))
        if self.random.random() < 0.15:
            asyncio.get_running_loop().call_later(self.random.random() * 0.01, task.cancel)
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        if outcome is None:
            self.told[number] = ACKNOWLEDGED
        elif not isinstance(outcome, (OutcomeUnknown, asyncio.CancelledError)):
            self.told[number] = REFUSED

    async def client(self) -> None:
        for _ in range(REQUESTS):
            await self.request()

    async def check(self, calm: Database) -> None:
        """Compare what was told with what is stored."""
        rows = {row.id: row.amount for row in await calm.fetch(things.ALL) if row.id}
        told = {way: {number for number, said in self.told.items() if said == way} for way in (ACKNOWLEDGED, REFUSED)}
        assert told[ACKNOWLEDGED] - set(rows) == set()
        assert told[REFUSED] & set(rows) == set()
        # A transaction is whole: both of its statements, or none.
        assert set(rows.values()) <= {1, 2}
        assert min(len(told[ACKNOWLEDGED]), len(told[REFUSED])) > CLIENTS


async def harass(database: Database, fault: Any, seed: int, calm: Database | None = None) -> None:
    """Let clients write while ``fault`` happens again and again. Through ``calm`` nothing can befall a statement."""
    calm = calm or database
    await calm.execute(things.PUT, id=0, name="taken", amount=1)
    ledger = Ledger(database, seed)
    clients = asyncio.gather(*(ledger.client() for _ in range(CLIENTS)))
    while not clients.done():
        await fault(ledger.random)
        await asyncio.wait((clients,), timeout=0.01)
    await clients
    # The last fault may have left connections that are about to be found dead.
    await asyncio.gather(*(database.ping() for _ in range(10)))
    await ledger.check(calm)


async def no_fault(_random: random.Random) -> None:
    pass


@pytest.mark.parametrize("seed", range(2))
async def test_with_bad_requests_and_people_who_leave(database: Database, seed: int) -> None:
    await harass(database, no_fault, seed)


@pytest.mark.parametrize("seed", range(2))
async def test_on_a_disk_that_is_full_again_and_again(sqlite: Database, sqlite_store: SqliteStore, seed: int) -> None:
    async def fault(chance: random.Random) -> None:
        pages = chance.choice([1, 20, 60, 1_000_000])
        with suppress(RoadbedError):  # It may share its commit with one that meets the full disk.
            await in_writer(sqlite, lambda run: run.connection.execute(f"PRAGMA max_page_count = {pages}").get)

    await harass(sqlite, fault, seed)
    assert sqlite_store.rows("PRAGMA integrity_check") == ["ok"]


@pytest.mark.parametrize("seed", range(2))
async def test_with_statements_that_are_broken_off(sqlite_store: SqliteStore, seed: int) -> None:
    """An interrupt undoes the whole transaction, with whatever the others in it had done."""
    database, calm = await sqlite_store.open(None, statement_timeout=0.02), await sqlite_store.open()

    async def fault(_chance: random.Random) -> None:
        await asyncio.gather(in_writer(database, lambda run: run.fetch(things.LINGER)), return_exceptions=True)

    await harass(database, fault, seed, calm)
    await database.close(5)
    await calm.close(5)


@pytest.mark.parametrize("seed", range(2))
async def test_with_connections_that_are_lost(postgres: Database, postgres_store: PostgresStore, seed: int) -> None:
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND random() < 0.5"
    )

    async def fault(_chance: random.Random) -> None:
        await asyncio.to_thread(postgres_store.rows, kill)

    await harass(postgres, fault, seed)
