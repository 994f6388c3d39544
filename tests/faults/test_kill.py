"""kill -9 under load: what was acknowledged is there, once; what was not may be tried again safely."""

import asyncio
import os
import signal

import pytest

from tests.conftest import StartService
from tests.faults.journal import Journal
from tests.faults.load import Load, prepare, send
from tests.faults.metrics import workers
from tests.faults.verdict import verdict
from tests.faults.wire import Connection
from tests.faults.writes import Mix
from tests.support.service import Service
from tests.support.waiting import wait_until

ROUNDS = {"sqlite": 3, "postgres": 2}


async def kill_in_mid_request(service: Service, load: Load) -> None:
    """Kill the service at any moment of its work. One request is certain to be without its reply then."""
    async with Connection(service.port) as connection:
        await connection.open()
        os.killpg(service.pid, signal.SIGSTOP)
        # It is on its way when the task first waits, and nobody can answer it any more.
        last = asyncio.create_task(send(connection, load.mix.next(), load.journal))
        await asyncio.sleep(0)
        await asyncio.to_thread(service.kill9)
        assert await last is None


async def kill_again_and_again(service: Service, url: str, rounds: int) -> None:
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    for number in range(rounds):
        async with Load([service.port], journal, mix) as load:
            await load.more(150 + 37 * (number % 5))
            await kill_in_mid_request(service, load)
            await load.until(lambda: journal.unreachable, "the port closed")
        await asyncio.to_thread(service.start)
        assert await verdict(service.port, url, journal) == []
        journal.unreachable = 0
    assert journal.lost >= rounds


async def test_kill9_loses_and_doubles_nothing(start_service: StartService, engine: str, engine_url: str) -> None:
    await kill_again_and_again(start_service(database_url=engine_url), engine_url, ROUNDS[engine])


@pytest.mark.soak
async def test_kill9_loses_and_doubles_nothing_in_fifty_rounds(start_service: StartService, engine_url: str) -> None:
    await kill_again_and_again(start_service(database_url=engine_url), engine_url, 50)


async def kill_workers(service: Service, url: str, rounds: int) -> None:
    """Kill one of two workers: the other serves on, the supervisor starts a new one."""
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    for _ in range(rounds):
        async with Load([service.port], journal, mix) as load:
            await load.more(100)
            before = await asyncio.to_thread(two_workers, service)
            os.kill(before[0], signal.SIGKILL)
            await load.more(100)
            after = await asyncio.to_thread(two_workers, service, before[0])
            assert before[1] in after
            await load.more(100)
        assert service.exit_code is None
        assert await verdict(service.port, url, journal) == []


def two_workers(service: Service, gone: int = 0) -> list[int]:
    """Wait until two workers run, none of which is the one that is gone; return their process ids."""

    def both() -> bool:
        running = workers(service.port)
        return len(running) == 2 and gone not in running

    wait_until(both, "two workers")
    return workers(service.port)


async def test_a_killed_worker_is_replaced_and_nothing_lost(start_service: StartService, engine_url: str) -> None:
    service = start_service(database_url=engine_url, arguments=["--workers", "2"])
    await kill_workers(service, engine_url, 1)


async def test_all_workers_killed_with_their_supervisor(start_service: StartService, sqlite_url: str) -> None:
    service = start_service(database_url=sqlite_url, arguments=["--workers", "2"])
    await kill_again_and_again(service, sqlite_url, 1)


@pytest.mark.soak
async def test_many_killed_workers_are_replaced(start_service: StartService, engine_url: str) -> None:
    service = start_service(database_url=engine_url, arguments=["--workers", "2"])
    await kill_workers(service, engine_url, 10)


@pytest.mark.soak
async def test_all_workers_killed_again_and_again(start_service: StartService, engine_url: str) -> None:
    service = start_service(database_url=engine_url, arguments=["--workers", "2"])
    await kill_again_and_again(service, engine_url, 10)
