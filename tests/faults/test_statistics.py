"""Figures while the database is away or overloaded: late, complete, and in nobody's way."""

import asyncio
import http.client
import json
from typing import Any

from tests.conftest import StartService
from tests.faults.journal import Journal
from tests.faults.load import Load, prepare
from tests.faults.metrics import samples, total
from tests.faults.test_overload import TINY
from tests.faults.writes import Mix
from tests.support.postgres import PostgresServer
from tests.support.waiting import eventually, wait_until

OFTEN = {"ROADBED_STATISTICS_EVERY": "0.3", "ROADBED_STATEMENT_TIMEOUT": "1", "ROADBED_REQUEST_TIMEOUT": "3"}


def get(port: int, path: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
    finally:
        connection.close()


def summed(port: int, name: str) -> int:
    return sum(point[name] for point in get(port, "/platform/statistics?points=1000")[1]["points"])


def failed_so_far(port: int) -> float:
    found = samples(port, "roadbed_http_requests_total")
    return sum(value for labels, value in found.items() if any(label.startswith("5") for label in labels))


def test_figures_wait_for_a_database_that_is_away(start_service: StartService, own_postgres: PostgresServer) -> None:
    service = start_service(database_url=own_postgres.create_database(), env=OFTEN)
    wait_until(lambda: get(service.port, "/platform")[1]["workers"], "figures are written")
    own_postgres.stop("fast")
    wait_until(lambda: total(service.port, "roadbed_statistics_skipped_total") >= 3, "figures are left out", 30)
    # The service answers for itself, and refuses what it cannot know.
    status, about = get(service.port, "/platform")
    assert (status, about["health"]["status"], about["workers"]) == (200, "failed", [])
    assert get(service.port, "/platform/settings")[0] == 200
    refused = [get(service.port, "/transactions")[0] for _ in range(5)]
    assert refused == [503] * 5
    own_postgres.start()
    wait_until(lambda: get(service.port, "/platform/statistics")[0] == 200, "the database is back", 30)
    wait_until(lambda: summed(service.port, "skipped") >= 3, "figures are written again", 30)
    # Whatever failed meanwhile was counted, and told of.
    wait_until(lambda: summed(service.port, "errors") == failed_so_far(service.port), "all failures are counted")
    errors = get(service.port, "/platform/errors?limit=1000")[1]
    routes = {error["route"] for error in errors}
    assert {"/transactions"} <= routes
    assert {error["type"] for error in errors if error["route"] == "/transactions"} == {
        "urn:roadbed:problem:unavailable"
    }
    wait_until(lambda: "Figures are written again" in service.logs(), "the end of it is told")
    log = service.logs()
    assert (log.count("Figures are not written for now"), log.count("Figures are written again")) == (1, 1)
    assert "A periodic job failed" not in log
    assert service.terminate() == 0


async def test_what_overload_turns_away_is_counted_when_there_is_room(
    start_service: StartService, engine_url: str
) -> None:
    service = start_service(database_url=engine_url, env={**TINY, "ROADBED_STATISTICS_EVERY": "0.2"})
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    async with Load([service.port], journal, mix, clients=64) as load:
        await load.refusals(["overloaded"], 100)
        await load.more(100)
    assert journal.lost == 0

    async def is_complete() -> bool:
        errors = await asyncio.to_thread(summed, service.port, "errors")
        return errors == await asyncio.to_thread(failed_so_far, service.port) >= 100

    complete: list[bool] = []

    async def look() -> None:
        while not complete:
            if await is_complete():
                complete.append(True)
            await asyncio.sleep(0.1)

    task = asyncio.create_task(look())
    await eventually(lambda: complete, "all that was turned away is counted", 20)
    await task
    kept = (await asyncio.to_thread(get, service.port, "/platform/errors?limit=1000"))[1]
    # Of each kind and tick some are told of: the table stays small.
    assert 1 <= len([error for error in kept if error["type"].endswith(":overloaded")]) <= 500
    assert service.terminate() == 0
