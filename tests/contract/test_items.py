"""The cache of the list: fresh after any write in every worker process, and seen in logs and metrics."""

import json
import re
from typing import Any
from uuid import uuid4

from tests.contract.conftest import Running
from tests.contract.wire import Connection, Reply, head
from tests.support.waiting import wait_until

CONNECTIONS = 4
ROUNDS = 8


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
    assert {"roadbed; hit", "roadbed; fwd=uri-miss; stored"} <= answers


def test_a_hit_is_seen_in_logs_and_metrics(running: Running) -> None:
    target = f"/items?name={uuid4()}"
    with Connection(running.port) as connection:
        replies = [ask(connection, running, f"GET {target}") for _ in range(2)]
        told = ask(connection, running, "GET /metrics").body.decode()
    assert [reply.header("cache-status") for reply in replies] == ["roadbed; fwd=uri-miss; stored", "roadbed; hit"]
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
