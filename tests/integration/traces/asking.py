"""One request to a service, and how a service is told where to send its spans."""

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.support.service import Service

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TRACED = f"00-{TRACE}-{PARENT}-01"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def trace(self) -> str:
        """The trace that the reply names, or an empty text."""
        return self.headers.get("traceparent", "--").split("-")[1]

    def json(self) -> Any:
        return json.loads(self.body)


def ask(service: Service, call: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask one thing, such as ``GET /ping``; a body goes as JSON."""
    method, _, path = call.partition(" ")
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    try:
        content = None if body is None else json.dumps(body)
        given = ({} if body is None else {"Content-Type": "application/json"}) | dict(headers or {})
        connection.request(method, path, content, given)
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, fields, answer.read())
    finally:
        connection.close()


def variables(endpoint: str, sample: str = "1", **more: str) -> dict[str, str]:
    """Return the environment of a service that is traced."""
    named = {f"ROADBED_{name.upper()}": value for name, value in more.items()}
    return {"ROADBED_OTLP_ENDPOINT": endpoint, "ROADBED_TRACE_SAMPLE": sample, **named}
