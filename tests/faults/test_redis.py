"""Redis comes and goes: the service starts and goes on without it, and says so."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import StartService
from tests.support.redis import RedisServer
from tests.support.service import Service
from tests.support.waiting import wait_until


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.kill()


def components(service: Service) -> tuple[int, dict[str, str]]:
    """Return what the to-do list says of them."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request("GET", "/status")
    reply = connection.getresponse()
    told = json.loads(reply.read())
    connection.close()
    return reply.status, {name: component["state"] for name, component in told["components"].items()}


def told(service: Service) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request("GET", "/health/ready")
    reply = connection.getresponse()
    report = json.loads(reply.read())
    connection.close()
    return reply.status, report["status"], report["components"]["cache"]["state"]


def test_without_redis_the_service_is_degraded_and_goes_on(
    start_service: StartService, sqlite_url: str, redis: RedisServer
) -> None:
    service = start_service(database_url=sqlite_url, env={"ROADBED_REDIS_URL": redis.url})
    assert told(service) == (200, "degraded", "degraded")
    assert components(service) == (200, {"database": "ok", "schema": "ok", "cache": "degraded"})
    redis.start()
    wait_until(lambda: told(service) == (200, "ready", "ok"), "Redis is seen")
    with redis.frozen():
        wait_until(lambda: told(service) == (200, "degraded", "degraded"), "the freeze is seen")
    wait_until(lambda: told(service) == (200, "ready", "ok"), "Redis is seen again")
    redis.kill()
    wait_until(lambda: told(service) == (200, "degraded", "degraded"), "the end is seen")
    assert service.terminate() == 0
