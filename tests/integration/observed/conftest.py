"""A service with a domain in which everything goes wrong, as a shipper of logs and a receiver of errors see it."""

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartService
from tests.support.sentry import Receiver, receiving
from tests.support.service import Service

ROOT = Path(__file__).parents[3]
DOMAIN = "tests.integration.observed.trouble:domain"
ADDRESS = "somebody@example.org"
SECRETS = (ADDRESS, "example.org", "s3cret-token", "name=hush", "127.0.0.1:", "hush")
"""What a request brings along that belongs to a person, or to the machine that asks."""

Start = Callable[..., Service]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def start(start_service: StartService, current_url: str) -> Start:
    """Start a service with the ledger and that domain, on each engine, that writes for machines."""

    def started(*arguments: str, **env: str) -> Service:
        domains = {"ROADBED_DOMAINS": f"ledger,{DOMAIN}", "PYTHONPATH": str(ROOT)}
        quiet = {"ROADBED_LOG_FORMAT": "json", "PYTHONWARNINGS": "default"}
        return start_service(database_url=current_url, arguments=arguments, env=domains | quiet | env)

    return started


def ask(service: Service, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
    """Send one request; return the status of the reply, and its request id."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    try:
        data = None if body is None else json.dumps(body)
        fields = {"Content-Type": "application/json"} if data else {}
        connection.request(method, path, data, fields | {name.replace("_", "-"): v for name, v in headers.items()})
        reply = connection.getresponse()
        reply.read()
        return reply.status, reply.headers["X-Request-Id"]
    finally:
        connection.close()
