"""What else a traced service does: batches, Redis, event streams, and many requests at once."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import StartService
from tests.integration.traces.asking import TRACE, TRACED, ask, variables
from tests.support.otlp import OtlpCollector
from tests.support.redis import RedisServer
from tests.support.service import Service
from tests.support.waiting import wait_until

CLIENTS = 8
EACH = 25


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


def crowd(service: Service, count: int) -> None:
    """Write to one account from several connections at once."""
    account = str(uuid4())

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        for _ in range(count):
            body = json.dumps({"account_id": account, "amount": 1})
            connection.request("POST", "/transactions", body, {"Content-Type": "application/json"})
            assert connection.getresponse().read()
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_crowd_shares_flights_and_each_leads_to_its_own(
    current_url: str, start_service: StartService, collector: OtlpCollector
) -> None:
    service = start_service(database_url=current_url, env=variables(collector.endpoint))
    crowd(service, EACH)
    assert service.terminate() == 0
    requests = {(span.trace, span.id): span for span in collector.named("POST /transactions")}
    flights = {(span.trace, span.id): span for span in collector.named("flight ledger_post")}
    assert len(requests) == CLIENTS * EACH
    assert sum(flight.attributes["roadbed.flight.size"] for flight in flights.values()) == CLIENTS * EACH
    assert len(flights) < len(requests), "some were shared"
    for key, flight in flights.items():
        assert len(flight.links) == flight.attributes["roadbed.flight.size"]
        assert (flight.trace, flight.parent) == flight.links[0]
        # Whom it carried, it leads to; and they lead back.
        assert all(requests[link].links == [key] for link in flight.links)


def test_only_the_sampled_of_a_crowd_are_linked(start_service: StartService, collector: OtlpCollector) -> None:
    service = start_service(env=variables(collector.endpoint, sample="0.2"))
    crowd(service, EACH)
    assert service.terminate() == 0
    requests = {(span.trace, span.id) for span in collector.named("POST /transactions")}
    flights = collector.named("flight ledger_post")
    assert 0 < len(requests) < CLIENTS * EACH
    assert {link for flight in flights for link in flight.links} == requests
    assert {span.trace for span in collector.spans} == {trace for trace, _ in requests} | {
        span.trace for span in collector.named("GET /health/ready")
    }


def test_a_batch_is_one_transaction(current_url: str, start_service: StartService, collector: OtlpCollector) -> None:
    service = start_service(database_url=current_url, env=variables(collector.endpoint, sample="0"))
    entries = [{"method": "POST", "path": "/kv", "body": {"key": str(number), "value": number}} for number in range(3)]
    answer = ask(service, "POST /batch", {"operations": entries}, {"traceparent": TRACED})
    assert answer.status == 200
    (request,) = collector.wait_for("POST /batch")
    spans = collector.trace(TRACE).values()
    assert {span.parent for span in spans if span.id != request.id} == {request.id}
    assert len([span for span in spans if span.name == "COMMIT"]) == 1
    assert not [span for span in spans if span.name.startswith("flight kv")]


def test_redis_is_told(start_service: StartService, collector: OtlpCollector, redis: RedisServer) -> None:
    service = start_service(env=variables(collector.endpoint, redis_url=redis.url))
    ask(service, "GET /items")
    (span,) = collector.wait_for("GET")
    assert span.attributes == {"db.system.name": "redis", "db.operation.name": "GET"}
    (request,) = collector.wait_for("GET /items")
    assert (span.parent, span.trace) == (request.id, request.trace)


def test_a_watcher_is_no_part_of_what_others_write(start_service: StartService, collector: OtlpCollector) -> None:
    """What reads for all who watch begins with the first of them, and belongs to none."""
    service = start_service(env=variables(collector.endpoint, sample="0"))
    watching = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    watching.request("GET", "/kv?watch=true", headers={"traceparent": TRACED})
    stream = watching.getresponse()
    assert stream.status == 200
    for number in range(5):
        assert ask(service, "POST /kv", {"key": str(number), "value": number}).status == 201
    seen = b""
    while seen.count(b"event:") < 5:
        seen += stream.readline()
    watching.close()
    wait_until(lambda: collector.named("GET /kv"), "the watcher's span")
    assert service.terminate() == 0
    (request,) = collector.named("GET /kv")
    spans = collector.trace(TRACE).values()
    # All of it lies before the stream began.
    assert all(span.ended <= request.ended for span in spans)


def test_a_fault_of_the_client_is_no_error(start_service: StartService, collector: OtlpCollector) -> None:
    service = start_service(env=variables(collector.endpoint))
    answer = ask(service, "GET /transactions?limit=0")
    assert answer.status == 400
    (request,) = collector.wait_for("GET /transactions")
    assert (request.status, request.error, request.attributes["roadbed.problem"]) == (0, "", "invalid")
