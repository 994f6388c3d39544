"""More than the queues hold: turned away at once with 503, and everything acknowledged is there; then all is normal."""

import asyncio

import pytest

from tests.conftest import StartService
from tests.faults.journal import Journal
from tests.faults.load import Load, prepare, send_all
from tests.faults.metrics import samples
from tests.faults.verdict import verdict
from tests.faults.writes import Mix

TINY = {"ROADBED_FLIGHT_QUEUE": "4", "ROADBED_FLIGHT_CAPACITY": "2", "ROADBED_ACCESS_LOG_SAMPLE": "0"}


async def overload(start_service: StartService, url: str, rounds: int, *arguments: str) -> None:
    service = start_service(database_url=url, env=TINY, arguments=arguments)
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    for _ in range(rounds):
        async with Load([service.port], journal, mix, clients=64) as load:
            await load.refusals(["overloaded"], 50)
            await load.more(100)
    assert (journal.lost, len(journal.unknown)) == (0, 0)
    assert {"overloaded"} <= set(journal.refused) <= {"overloaded", "balance-floor"}
    shed = samples(service.port, "roadbed_requests_shed_total")
    assert shed[("flight:ledger_post",)] >= 50
    quiet = [mix.next() for _ in range(50)]
    turned_away = journal.refused["overloaded"]
    await send_all(service.port, quiet, journal, clients=1)
    assert journal.refused["overloaded"] == turned_away
    assert await verdict(service.port, url, journal, clients=1) == []


async def test_what_the_queues_cannot_hold_is_turned_away(start_service: StartService, engine_url: str) -> None:
    await overload(start_service, engine_url, 1)


@pytest.mark.soak
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_overload_again_and_again(start_service: StartService, engine_url: str, workers: str) -> None:
    await asyncio.wait_for(overload(start_service, engine_url, 20, "--workers", workers), 300)
