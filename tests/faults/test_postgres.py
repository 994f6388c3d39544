"""PostgreSQL restarts, stops, freezes and kills sessions under load: 503, bounded waits, recovery by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.conftest import StartService
from tests.faults import rows
from tests.faults.freezing import frozen
from tests.faults.health import Probes
from tests.faults.journal import Journal
from tests.faults.load import Load, prepare
from tests.faults.proxy import proxied
from tests.faults.verdict import verdict
from tests.faults.writes import Mix
from tests.support.postgres import PostgresServer, StopMode

AWAY = ("unavailable", "outcome-unknown", "deadline-exceeded")
LIMITS = {"ROADBED_STATEMENT_TIMEOUT": "1", "ROADBED_LOCK_TIMEOUT": "1", "ROADBED_REQUEST_TIMEOUT": "3"}
BACKENDS = "FROM pg_stat_activity WHERE application_name = 'roadbed' AND datname = '{}'"


class Scene:
    """A service on a server that will fail, with clients and probes."""

    def __init__(self, load: Load, probes: Probes, journal: Journal) -> None:
        self.load = load
        self.probes = probes
        self.journal = journal


@asynccontextmanager
async def scene(start_service: StartService, url: str, *arguments: str) -> AsyncIterator[Scene]:
    """Let something happen under load; afterwards everything must be right, and no client's connection have broken."""
    service = start_service(database_url=url, env=LIMITS, arguments=arguments)
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    async with Load([service.port], journal, mix) as load, Probes(service.port) as probes:
        await load.more(100)
        yield Scene(load, probes, journal)
        await load.more(100)
        await probes.readiness(200)
    assert await verdict(service.port, url, journal) == []
    assert (journal.lost, journal.unreachable) == (0, 0)
    assert set(probes.live) == {200}
    assert service.exit_code is None


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_is_survived(
    start_service: StartService, breakable_postgres: PostgresServer, postgres_url: str, mode: StopMode
) -> None:
    async with scene(start_service, postgres_url) as run:
        await asyncio.to_thread(breakable_postgres.stop, mode)
        await run.load.refusals(AWAY, 20)
        await run.probes.readiness(503)
        await asyncio.to_thread(breakable_postgres.start)


@pytest.mark.soak
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_many_restarts_are_survived(
    start_service: StartService, breakable_postgres: PostgresServer, postgres_url: str, workers: str
) -> None:
    async with scene(start_service, postgres_url, "--workers", workers) as run:
        for number, mode in enumerate(("fast", "immediate") * 10):
            await asyncio.to_thread(breakable_postgres.stop, mode)
            await run.load.refusals(AWAY, 5 + 20 * number)
            await asyncio.to_thread(breakable_postgres.start)
            await run.load.more(100)


@pytest.mark.soak
async def test_a_stop_of_several_seconds_is_survived(
    start_service: StartService, breakable_postgres: PostgresServer, postgres_url: str
) -> None:
    async with scene(start_service, postgres_url) as run:
        await asyncio.to_thread(breakable_postgres.stop, "fast")
        await run.load.refusals(AWAY, 2000)
        await run.probes.readiness(503)
        await asyncio.to_thread(breakable_postgres.start)


async def kill_backends(run: Scene, server: PostgresServer, url: str, rounds: int) -> None:
    statement = f"SELECT count(pg_terminate_backend(pid)) {BACKENDS.format(url.rpartition('/')[2])}"
    for _ in range(rounds):
        assert int(await asyncio.to_thread(server.sql, statement)) >= 1
        await run.load.more(50)


async def test_killed_backends_are_replaced(
    start_service: StartService, breakable_postgres: PostgresServer, postgres_url: str
) -> None:
    async with scene(start_service, postgres_url) as run:
        await kill_backends(run, breakable_postgres, postgres_url, 10)


@pytest.mark.soak
async def test_backends_killed_hundreds_of_times_are_replaced(
    start_service: StartService, breakable_postgres: PostgresServer, postgres_url: str
) -> None:
    async with scene(start_service, postgres_url, "--workers", "2") as run:
        await kill_backends(run, breakable_postgres, postgres_url, 200)


async def test_a_frozen_server_makes_nobody_wait_for_ever(
    start_service: StartService, breakable_postgres: PostgresServer, postgres_url: str
) -> None:
    async with scene(start_service, postgres_url) as run:
        with frozen(breakable_postgres):
            await run.load.refusals(AWAY, 10)
            await run.probes.readiness(503)


@pytest.mark.soak
async def test_a_server_that_freezes_again_and_again(
    start_service: StartService, breakable_postgres: PostgresServer, postgres_url: str
) -> None:
    async with scene(start_service, postgres_url) as run:
        for count in (1, 20, 100, 5, 50):
            with frozen(breakable_postgres):
                await run.load.refusals(AWAY, count)
            await run.load.more(100)


async def lose_replies(start_service: StartService, url: str, rounds: int) -> None:
    """The connection is lost at commit: what is written although nobody could say so is found again by a retry."""
    done = tries = 0
    async with proxied(url) as proxy:
        # The proxy lives in this event loop: the start, which waits, has to leave it free.
        service = await asyncio.to_thread(start_service, database_url=proxy.url, env=LIMITS)
        journal, mix = Journal(), Mix()
        await prepare(service.port, journal, mix)
        # What is lost may have been the reply to a read, or to a statement that was being prepared: then once more.
        while done < rounds and tries < 10 * rounds:
            tries += 1
            async with Load([service.port], journal, mix) as load:
                await load.more(30)
                await proxy.lose_replies(1 + tries % 3)
                await load.more(30)
            stored = {(row.account_id, row.amount) for row in await rows.entries(url)}
            done += len([write for write in journal.unknown if stored.intersection(write.legs)])
            assert set(journal.unknown.values()) <= {"outcome-unknown", "deadline-exceeded"}
            assert await verdict(service.port, url, journal) == []
        assert (journal.lost, journal.unreachable) == (0, 0)
        service.kill9()
    assert done >= rounds


async def test_a_reply_lost_at_commit_is_an_unknown_outcome(start_service: StartService, postgres_url: str) -> None:
    await lose_replies(start_service, postgres_url, 2)


@pytest.mark.soak
async def test_many_replies_lost_at_commit(start_service: StartService, postgres_url: str) -> None:
    await lose_replies(start_service, postgres_url, 40)
