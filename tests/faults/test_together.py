"""Several processes on one database, migrations among them, and clocks that nobody can rely on."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from roadbed.kernel.settings import Settings
from tests.conftest import StartService
from tests.faults.clocks import ServerClock, ServiceClock
from tests.faults.invariants import broken
from tests.faults.journal import Journal
from tests.faults.load import Load, prepare, send_all
from tests.faults.rows import query
from tests.faults.verdict import verdict
from tests.faults.writes import Mix
from tests.support.programs import find_program
from tests.support.service import Service
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
GUEST = "ledger,tests.faults.guest:domain"
UNTROUBLED = {"balance-floor", "already-reversed"}


async def two_services(start_service: StartService, url: str, rounds: int) -> None:
    """Two services write to the same accounts; now and then one of them is killed."""
    services = [start_service(database_url=url) for _ in range(2)]
    ports = [service.port for service in services]
    journal, mix = Journal(), Mix()
    await prepare(ports[0], journal, mix)
    for number in range(rounds):
        unresolved = dict(journal.unknown)
        async with Load(ports, journal, mix) as load:
            for _ in range(3):
                await load.more(100)
                assert await broken(url) == []
        assert (journal.lost, journal.unknown, set(journal.refused) <= UNTROUBLED) == (0, unresolved, True)
        async with Load(ports, journal, mix) as load:
            await load.more(50)
            await asyncio.to_thread(services[number % 2].kill9)
            await load.more(100)
        await asyncio.to_thread(services[number % 2].start)
        assert await verdict(ports[1 - number % 2], url, journal) == []
        journal.lost = 0
    await same_write_on_both(ports, journal, mix)
    assert await verdict(ports[0], url, journal) == []


async def same_write_on_both(ports: list[int], journal: Journal, mix: Mix) -> None:
    """Send writes that may be repeated to both services at once: one does it, the other tells of it."""
    writes = [write for write in (mix.next() for _ in range(150)) if write.repeatable]
    await asyncio.gather(*(send_all(port, writes, journal) for port in ports))
    assert len([write for write in writes if write in journal.acknowledged]) >= 50


async def test_two_services_share_one_database(start_service: StartService, engine_url: str) -> None:
    await two_services(start_service, engine_url, 1)


@pytest.mark.soak
async def test_two_services_share_one_database_for_long(start_service: StartService, engine_url: str) -> None:
    await two_services(start_service, engine_url, 20)


async def test_two_that_start_at_once_on_a_new_database(tmp_path: Path, new_url: str) -> None:
    services = [Service(tmp_path / name, database_url=new_url) for name in ("one", "two")]
    try:
        await asyncio.gather(*(asyncio.to_thread(service.start) for service in services))
        journal, mix = Journal(), Mix()
        await prepare(services[0].port, journal, mix)
        async with Load([service.port for service in services], journal, mix) as load:
            await load.more(100)
        assert set(journal.refused) <= UNTROUBLED
        assert await verdict(services[1].port, new_url, journal) == []
        ((heads,),) = await query(new_url, "SELECT count(*) FROM alembic_version")
        assert heads == (1 + len(Settings().domains),)
    finally:
        for service in services:
            service.close()


async def test_a_migration_while_the_service_serves(start_service: StartService, engine_url: str) -> None:
    service = start_service(database_url=engine_url)
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    async with Load([service.port], journal, mix) as load:
        await load.more(200)
        ((before,),) = await query(engine_url, "SELECT count(*) FROM ledger_transaction")
        assert await asyncio.to_thread(migrate, engine_url, GUEST) == 0
        await load.more(200)
    assert (journal.lost, len(journal.unknown), set(journal.refused) <= UNTROUBLED) == (0, 0, True)
    assert await verdict(service.port, engine_url, journal) == []
    ((copied,),) = await query(engine_url, "SELECT count(*) FROM guest_copy")
    assert copied[0] >= before[0] >= 200


async def test_a_migration_that_has_nothing_to_do(start_service: StartService, sqlite_url: str) -> None:
    """It opens and closes the file all the same, with another SQLite library: from its own process that is harmless."""
    service = start_service(database_url=sqlite_url)
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    async with Load([service.port], journal, mix) as load:
        await load.more(100)
        assert await asyncio.to_thread(migrate, sqlite_url, ",".join(Settings().domains)) == 0
        await load.more(100)
        service.kill9()
    await asyncio.to_thread(service.start)
    assert set(journal.refused) <= UNTROUBLED
    assert await verdict(service.port, sqlite_url, journal) == []


def migrate(url: str, domains: str) -> int:
    """Run `roadbed migrate upgrade` as an operator does; return its exit code."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    command = [find_program("roadbed"), "migrate", "upgrade", "--domains", domains]
    environment = os.environ | {"ROADBED_DATABASE_URL": url, "PYTHONPATH": path}
    return subprocess.run(command, env=environment, timeout=PATIENCE, check=False).returncode


async def test_a_clock_that_goes_back(start_service: StartService, engine_url: str, tmp_path: Path) -> None:
    """Whatever the clock says, an account's history goes forward, over a restart too."""
    clock: ServiceClock | ServerClock = ServiceClock(tmp_path)
    if engine_url.startswith("postgresql:"):
        clock = ServerClock(engine_url)
        await clock.prepare()
    service = start_service(database_url=engine_url, command=clock.command)
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    async with Load([service.port], journal, mix) as load:
        for seconds in (0, 3600, 0, -3600, 60):
            await clock.set(seconds)
            await load.more(60)
    await clock.set(-7200)
    await asyncio.to_thread(service.kill9)
    await asyncio.to_thread(service.start)
    async with Load([service.port], journal, mix) as load:
        await load.more(60)
    assert (journal.lost, set(journal.refused) <= UNTROUBLED) == (0, True)
    assert await verdict(service.port, engine_url, journal) == []
    ((spread,),) = await query(engine_url, "SELECT max(created_at) - min(created_at) FROM ledger_transaction")
    assert int(getattr(spread[0], "total_seconds", lambda: spread[0] / 1e6)()) >= 3600
