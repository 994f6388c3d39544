"""Every domain under kill -9 and restarts of PostgreSQL: what was told is there, once, and nothing else is.

The ledger has tests of its own (``test_kill.py``, ``test_postgres.py``), event streams too (``test_watching.py``).
"""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.conftest import StartService
from tests.faults import rows
from tests.faults.insisting import Breaks, Trial, client_of
from tests.faults.subjects import SUBJECTS
from tests.support.postgres import PostgresServer
from tests.support.redis import RedisServer
from tests.support.service import Service

ROUNDS = 20
ALL = list(SUBJECTS)
QUIET = {"ROADBED_ACCESS_LOG_SAMPLE": "0"}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """What is kept there outlives a kill of the service."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


async def kill(service: Service, url: str, names: Sequence[str], rounds: int) -> None:
    """Kill the service with all its workers in the midst of writes, and start it again."""

    async def breaks(trial: Trial, _number: int) -> None:
        async with trial.felt_by_all():
            await asyncio.to_thread(service.kill9)
        await asyncio.to_thread(service.start)

    await try_out(service, url, names, breaks, rounds)


async def restart(service: Service, server: PostgresServer, url: str, names: Sequence[str], rounds: int) -> None:
    """Stop PostgreSQL in the midst of writes, as in a crash and in order in turn, and start it again."""

    async def breaks(trial: Trial, number: int) -> None:
        async with trial.felt_by_all():
            await asyncio.to_thread(server.stop, "fast" if number % 2 else "immediate")
        await asyncio.to_thread(server.start)

    await try_out(service, url, names, breaks, rounds)


async def try_out(service: Service, url: str, names: Sequence[str], breaks: Breaks, rounds: int) -> None:
    """Let all domains be written to through that; nothing may be wrong then, and what would be wrong is found."""
    async with client_of(service.base_url) as http:
        trial = Trial(http, {name: SUBJECTS[name]() for name in names})
        await trial.run(breaks, rounds)
        assert await trial.verdict(url) == {name: [] for name in names}
        await the_verdict_finds_damage(trial, url)


async def the_verdict_finds_damage(trial: Trial, url: str) -> None:
    """Take from each table some of what was told: had it been lost, that would have been found."""
    for subject in trial.subjects.values():
        table, statement = subject.damage
        await rows.change(url, *rows.unguarded(url, table), statement)
    assert [name for name, findings in (await trial.verdict(url)).items() if not findings] == []


async def test_kill9(start_service: StartService, engine_url: str, redis: RedisServer) -> None:
    env = QUIET | {"ROADBED_REDIS_URL": redis.url}
    service = start_service(database_url=engine_url, env=env, arguments=["--workers", "2"])
    await kill(service, engine_url, ALL, 1)


@pytest.mark.soak
@pytest.mark.parametrize("names", [[name] for name in ALL] + [ALL], ids="+".join)
async def test_kill9_again_and_again(
    start_service: StartService, engine_url: str, redis: RedisServer, names: list[str]
) -> None:
    env = QUIET | {"ROADBED_REDIS_URL": redis.url}
    service = start_service(database_url=engine_url, env=env, arguments=["--workers", "2"])
    await kill(service, engine_url, names, ROUNDS)


async def test_a_restart_of_postgres(
    start_service: StartService, postgres_url: str, breakable_postgres: PostgresServer
) -> None:
    service = start_service(database_url=postgres_url, env=QUIET)
    await restart(service, breakable_postgres, postgres_url, ALL, 1)


@pytest.mark.soak
@pytest.mark.parametrize("names", [[name] for name in ALL] + [ALL], ids="+".join)
async def test_restarts_of_postgres_again_and_again(
    start_service: StartService, postgres_url: str, breakable_postgres: PostgresServer, names: list[str]
) -> None:
    service = start_service(database_url=postgres_url, env=QUIET, arguments=["--workers", "2"])
    await restart(service, breakable_postgres, postgres_url, names, ROUNDS)
