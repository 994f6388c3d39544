"""Another program holds the write lock of the embedded database: the service says so, and goes on reading."""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import pytest

from tests.conftest import StartService
from tests.support.service import Service
from tests.support.waiting import PATIENCE, wait_until

LOCK_TIMEOUT = 0.4
COUNTED = b'roadbed_database_errors_total{dialect="sqlite",kind="busy"}'


def ask(service: Service, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE)) as connection:
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        reply = connection.getresponse()
        return reply.status, reply.read()


def told(service: Service) -> tuple[int, str, str]:
    status, body = ask(service, "GET", "/health/ready")
    report = json.loads(body)
    return status, report["status"], report["components"]["database"]["state"]


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """Hold SQLite's write lock from this process, which is not the service's."""
    with closing(apsw.Connection(str(path))) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_readiness_names_the_database_and_reads_go_on(
    start_service: StartService, tmp_path: Path, workers: str
) -> None:
    path = tmp_path / "items.db"
    env = {"ROADBED_DOMAINS": "items", "ROADBED_LOCK_TIMEOUT": str(LOCK_TIMEOUT)}
    service = start_service(database_url=f"sqlite:///{path}", arguments=["--workers", workers], env=env)
    assert told(service) == (200, "ready", "ok")
    with holding(path):
        wait_until(lambda: told(service) == (200, "degraded", "degraded"), "the lock is seen")
        status, body = ask(service, "POST", "/items", {"name": "one"})
        assert (status, json.loads(body)["type"]) == (503, "urn:roadbed:problem:unavailable")
        assert ask(service, "GET", "/items")[0] == 200
        report = json.loads(ask(service, "GET", "/health/ready")[1])
        assert report["components"]["database"]["detail"].startswith("another program has held the write lock for ")
        wait_until(lambda: COUNTED in ask(service, "GET", "/metrics")[1], "it is counted")
    wait_until(lambda: told(service) == (200, "ready", "ok"), "the end is seen")
    assert ask(service, "POST", "/items", {"name": "two"})[0] == 201
