"""A stream of bad requests beside good ones: each gets its refusal, and the good ones share their flights in peace."""

import asyncio
from uuid import uuid4

import pytest

from tests.conftest import StartService
from tests.faults.journal import Journal
from tests.faults.load import Load, prepare
from tests.faults.metrics import total
from tests.faults.verdict import verdict
from tests.faults.wire import JSON, Connection
from tests.faults.writes import Mix

Request = tuple[str, str, bytes | None, dict[str, str]]


def bad_requests(mix: Mix) -> list[tuple[int, Request]]:
    """Return requests that are wrong in every way that a client can be, each with the status that it deserves."""
    some, floored = uuid4(), mix.floored
    beyond = b'{"account_id": "%s", "amount": -90000000000}' % str(floored).encode()
    overflow = b'{"account_id": "%s", "amount": 9223372036854775807}' % str(mix.hot).encode()
    return [
        (400, ("POST", "/transactions", b"{", JSON)),
        (400, ("POST", "/transactions", b"[" * 20_000, JSON)),
        (400, ("POST", "/transactions", b'{"account_id": "nobody", "amount": 1}', JSON)),
        (400, ("POST", "/transactions", b'{"account_id": "%s", "amount": 1.5}' % str(some).encode(), JSON)),
        (400, ("POST", "/transfers", b'{"from": "%s", "to": "%s", "amount": 1}' % ((str(some).encode(),) * 2), JSON)),
        (400, ("GET", "/transactions?limit=many", None, {})),
        (404, ("GET", f"/transactions/{some}", None, {})),
        (404, ("GET", f"/accounts/{some}", None, {})),
        (404, ("GET", "/nothing", None, {})),
        (404, ("POST", f"/transactions/{some}/reversal", None, {})),
        (405, ("DELETE", "/transactions", None, {})),
        (405, ("PATCH", f"/accounts/{some}", b"{}", JSON)),
        (409, ("POST", "/transactions", beyond, JSON)),
        (409, ("POST", "/transactions", overflow, JSON)),
        (413, ("POST", "/transactions", b" " * 1_100_000, JSON)),
        (415, ("POST", "/transactions", b"amount=1", {"Content-Type": "text/plain"})),
    ]


class BadClients:
    """Clients that send bad requests until told to stop."""

    def __init__(self, port: int, mix: Mix) -> None:
        self.answered = 0
        self.wrong: list[str] = []
        self._port = port
        self._requests = bad_requests(mix)
        self.stopping = False

    async def run(self) -> None:
        async with Connection(self._port) as connection:
            while not self.stopping:
                for status, (method, path, body, headers) in self._requests:
                    reply = await connection.request(method, path, body, headers)
                    self.answered += 1
                    if reply.status != status or not reply.slug:
                        self.wrong.append(f"{method} {path}: {reply.status} {reply.body[:200]!r}, expected {status}")


async def bad_beside_good(start_service: StartService, url: str, rounds: int) -> None:
    service = start_service(database_url=url, env={"ROADBED_ACCESS_LOG_SAMPLE": "0"})
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    bad = BadClients(service.port, mix)
    async with Load([service.port], journal, mix) as load:
        clients = [asyncio.create_task(bad.run()) for _ in range(8)]
        for _ in range(rounds):
            await load.more(500)
        bad.stopping = True
        await asyncio.gather(*clients)
    assert bad.wrong == []
    assert bad.answered >= 8 * len(bad_requests(mix))
    # The mechanism by which bad clients would slow good ones: a flight that falls apart, or runs again.
    metrics = ("roadbed_flight_splits_total", "roadbed_flight_retries_total", "roadbed_database_errors_total")
    assert {name: total(service.port, name) for name in metrics} == dict.fromkeys(metrics, 0)
    assert (journal.lost, len(journal.unknown), set(journal.refused) <= {"balance-floor"}) == (0, 0, True)
    assert await verdict(service.port, url, journal) == []


async def test_bad_requests_disturb_no_good_one(start_service: StartService, engine_url: str) -> None:
    await bad_beside_good(start_service, engine_url, 1)


@pytest.mark.soak
async def test_a_long_stream_of_bad_requests_disturbs_no_good_one(start_service: StartService, engine_url: str) -> None:
    await bad_beside_good(start_service, engine_url, 20)
