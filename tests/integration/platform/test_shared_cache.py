"""Clearing the cache where it lies in Redis: no process uses again what any of them has kept."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import StartService
from tests.support.redis import RedisServer
from tests.support.service import Service


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


def ask(service: Service, method: str, path: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    try:
        connection.request(method, path)
        reply = connection.getresponse()
        return reply.status, reply.getheader("cache-status") or "", reply.read()
    finally:
        connection.close()


def test_clearing_reaches_redis(start_service: StartService, current_url: str, redis: RedisServer) -> None:
    env = {"ROADBED_REDIS_URL": redis.url, "ROADBED_STATISTICS_EVERY": "0.3"}
    service = start_service(database_url=current_url, arguments=("--workers", "2"), env=env)
    before = [ask(service, "GET", "/items")[1] for _ in range(20)]
    shown = json.loads(ask(service, "GET", "/platform/cache")[2])
    cleared = ask(service, "DELETE", "/platform/cache")[0]
    after = [ask(service, "GET", "/items")[1] for _ in range(20)]
    assert (shown["backend"], shown["connected"], shown["ttl"], cleared) == ("redis", True, 3600, 204)
    assert ("fwd=uri-miss" in before[0], "hit" in before[-1]) == (True, True)
    # One of them makes it anew, and the other finds it in Redis or makes it too.
    assert ("fwd=uri-miss" in after[0], "hit" in after[-1]) == (True, True)
    assert service.terminate() == 0
