"""Drives an ASGI application with one request, and shows what it sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from roadbed.http.asgi import App, Message
from roadbed.http.edge import Edge
from roadbed.http.limits import HttpOptions
from roadbed.http.mounts import Mount
from roadbed.http.operations import Operations
from roadbed.kernel.events import Events, RequestFailed, RequestFinished

HOST = "service.test"
OPTIONS = HttpOptions(allowed_hosts=(HOST,))
Headers = Mapping[str, str] | Sequence[tuple[str, str]]


class Reply(msgspec.Struct):
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name.lower())

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.headers]

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def faults(self) -> dict[str, str]:
        return {fault["pointer"]: fault["detail"] for fault in self.json().get("errors", ())}


class Recorder:
    """Keeps the events of requests."""

    def __init__(self, events: Events) -> None:
        self.finished: list[RequestFinished] = []
        self.failed: list[RequestFailed] = []
        events.on(RequestFinished, self.finished.append)
        events.on(RequestFailed, self.failed.append)


def make_edge(
    operations: Operations[Any],
    service: Any = None,
    options: HttpOptions = OPTIONS,
    mounts: Mapping[str, Mount] | None = None,
) -> tuple[Edge, Recorder]:
    """Return an edge over one group of operations, and what records its events."""
    events = Events()
    recorder = Recorder(events)
    return Edge([(operations, service)], events, options, mounts), recorder


def scope_of(call: str, headers: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    """Return an ASGI scope for a call such as ``GET /notes?limit=1``. A Host is added where none is given."""
    method, _, target = call.partition(" ")
    path, _, query = target.partition("?")
    fields = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if not any(name == b"host" for name, _ in fields):
        fields.insert(0, (b"host", HOST.encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [field for field in fields if field[1] != b"-"],
        "client": ("192.0.2.7", 40000),
        "server": (HOST, 80),
    }


def messages_of(chunks: Sequence[bytes]) -> list[Message]:
    """Return a body in parts as ASGI messages."""
    last = len(chunks) - 1
    return [{"type": "http.request", "body": chunk, "more_body": index < last} for index, chunk in enumerate(chunks)]


async def drive(app: App, scope: dict[str, Any], incoming: Sequence[Message]) -> list[Message]:
    """Run an application on a scope and messages; after the last of them the client has left. Return what it sent."""
    waiting = list(incoming)
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def reply_of(sent: Sequence[Message]) -> Reply:
    """Put the messages of a reply together."""
    start, *rest = sent
    assert start["type"] == "http.response.start"
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
    return Reply(start["status"], headers, b"".join(message.get("body", b"") for message in rest))


async def ask(app: App, call: str, body: Any = None, headers: Headers = (), chunks: Sequence[bytes] = ()) -> Reply:
    """Ask one thing. A body of bytes goes as it is, any other as JSON with its media type; ``-`` leaves a field out."""
    fields = list(headers.items() if isinstance(headers, Mapping) else headers)
    given = {name.lower() for name, _ in fields}
    parts: list[bytes] = list(chunks)
    if body is not None:
        parts = [body if isinstance(body, bytes) else json.dumps(body).encode()]
        if "content-type" not in given:
            fields.append(("Content-Type", "application/json"))
    if "content-length" not in given and parts and not chunks:
        fields.append(("Content-Length", str(len(parts[0]))))
    elif chunks:
        fields.append(("Transfer-Encoding", "chunked"))
    return reply_of(await drive(app, scope_of(call, fields), messages_of(parts or [b""])))
