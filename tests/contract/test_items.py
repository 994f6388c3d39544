"""The cache of the list, in process and in Redis: fresh after any write in every worker, seen in logs and metrics."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import ENGINES
from tests.contract.conftest import Running, serving
from tests.contract.wire import Connection, Reply, head
from tests.support.waiting import wait_until

CONNECTIONS = 4
ROUNDS = 8

MISS = "roadbed; fwd=uri-miss; stored"
HIT = "roadbed; hit"
SHARED = "roadbed; hit; detail=shared"

BACKENDS = [(engine, cache) for engine in ENGINES for cache in ("memory", "redis")]


@pytest.fixture(scope="module", params=BACKENDS, ids=" ".join)
def workers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service of two worker processes, with and without Redis."""
    engine, cache = request.param
    env = {"ROADBED_REDIS_URL": request.getfixturevalue("redis_server").url} if cache == "redis" else {}
    with serving(engine, request, tmp_path_factory, {"arguments": ("--workers", "2"), "env": env}) as started:
        yield started


def ask(connection: Connection, running: Running, call: str, body: Any = None) -> Reply:
    """Ask one thing; the reply must be a success."""
    method, _, target = call.partition(" ")
    raw = b"" if body is None else json.dumps(body).encode()
    about = {"Content-Type": "application/json", "Content-Length": str(len(raw))} if raw else {}
    connection.send(head(method, target, {"Host": f"127.0.0.1:{running.port}", **about}) + raw)
    reply = connection.read_reply(method)
    assert reply.status < 300, reply.body
    return reply


def test_a_read_after_a_write_is_fresh_in_every_worker(workers: Running) -> None:
    """Each connection belongs to one process for its life; several of them reach all."""
    mark = str(uuid4())
    several = [Connection(workers.port) for _ in range(CONNECTIONS)]
    answers: set[str | None] = set()
    try:
        for number in range(ROUNDS):
            ask(several[number % CONNECTIONS], workers, "POST /items", {"name": f"{mark} {number}"})
            for connection in several * 2:
                reply = ask(connection, workers, f"GET /items?name.prefix={mark}&fields=name&limit=1")
                assert json.loads(reply.body) == [{"name": f"{mark} {number}"}]
                answers.add(reply.header("cache-status"))
    finally:
        for connection in several:
            connection.close()
    assert {HIT, MISS} <= answers <= {HIT, MISS, SHARED}


@pytest.mark.parametrize("workers", [(engine, "redis") for engine in ENGINES], indirect=True, ids=" ".join)
def test_what_one_worker_has_made_another_takes_from_redis(workers: Running) -> None:
    """Nobody waits until Redis has a reply: the other process may be too quick for it, once or twice."""

    def answers() -> list[str | None]:
        target = f"GET /items?name={uuid4()}"
        several = [Connection(workers.port) for _ in range(CONNECTIONS)]
        try:
            replies = [ask(connection, workers, target) for connection in several]
        finally:
            for connection in several:
                connection.close()
        assert {reply.body for reply in replies} == {b"[]"}
        return [reply.header("cache-status") for reply in replies]

    wait_until(lambda: SHARED in answers(), "a reply that another worker has made")


def status_of(service: Running) -> tuple[str, dict[str, str]]:
    with Connection(service.port) as connection:
        told = json.loads(ask(connection, service, "GET /status").body)
    return told["info"], {name: component["state"] for name, component in told["components"].items()}


def test_status_tells_of_every_component(running: Running) -> None:
    assert status_of(running) == ("pong", {"database": "ok", "schema": "ok"})


def test_status_tells_of_redis_where_it_is_set(with_redis: Running) -> None:
    assert status_of(with_redis) == ("pong", {"database": "ok", "schema": "ok", "cache": "ok"})


def test_a_hit_is_seen_in_logs_and_metrics(running: Running) -> None:
    target = f"/items?name={uuid4()}"
    with Connection(running.port) as connection:
        replies = [ask(connection, running, f"GET {target}") for _ in range(2)]
        told = ask(connection, running, "GET /metrics").body.decode()
    assert [reply.header("cache-status") for reply in replies] == [MISS, HIT]
    for result in ("hit", "miss"):
        line = rf'^roadbed_cache_requests_total{{resource="items",result="{result}"}} (\d+)'
        counted = re.search(line, told, re.MULTILINE)
        assert counted is not None
        assert int(counted[1]) >= 1
    ids = {reply.header("x-request-id") for reply in replies}

    def logged() -> list[str]:
        lines = [json.loads(line) for line in running.service.logs().splitlines() if line.startswith("{")]
        return [line["cache"] for line in lines if line.get("request_id") in ids and "cache" in line]

    # Lines are written some at a time.
    wait_until(lambda: logged() == ["miss", "hit"], "both in the log")
