"""A collector of traces: OTLP over HTTP, as a thread of the test. It keeps what it gets, and can misbehave."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.support.waiting import PATIENCE, wait_until


class Seen(msgspec.Struct, frozen=True):
    """A span, as it came in. Ids are hexadecimal, ``parent`` may be empty; ``status`` is OTLP's number."""

    trace: str
    id: str
    parent: str
    name: str
    kind: int
    began: int
    ended: int
    attributes: dict[str, Any]
    links: list[tuple[str, str]]
    notes: list[tuple[str, dict[str, Any]]]
    status: int
    state: str
    flags: int
    resource: dict[str, Any]

    @property
    def error(self) -> str:
        return str(self.attributes.get("error.type", ""))


def values(attributes: Any) -> dict[str, Any]:
    """Return attributes of OTLP as a dict."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def spans_of(body: bytes) -> list[Seen]:
    """Return the spans of an export request."""
    request = ExportTraceServiceRequest()
    request.ParseFromString(body)
    return [
        Seen(
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex(),
            span.name,
            span.kind,
            span.start_time_unix_nano,
            span.end_time_unix_nano,
            values(span.attributes),
            [(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
            [(event.name, values(event.attributes)) for event in span.events],
            span.status.code,
            span.trace_state,
            span.flags,
            values(group.resource.attributes),
        )
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


class OtlpCollector:
    """``status`` is what it answers; ``delay`` the seconds that it takes for that; ``refused`` how many spans it says
    that it did not take. ``headers`` are those of the last request, by lower-case names."""

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        self.requests = 0
        self.status = 200
        self.delay = 0.0
        self.refused = 0
        self.retry_after = ""
        self.headers: dict[str, str] = {}
        self.paths: set[str] = set()
        self.closing = threading.Event()
        self.endpoint = ""

    def take(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        """Keep a request; return the answer's body."""
        self.requests += 1
        self.paths.add(path)
        self.headers = headers
        if self.delay:
            self.closing.wait(self.delay)
        if self.status == 200:
            self.spans += spans_of(body)
        answer = ExportTraceServiceResponse()
        if self.refused:
            answer.partial_success.rejected_spans = self.refused
        return answer.SerializeToString()

    def named(self, name: str) -> list[Seen]:
        """Return the spans of one name so far."""
        return [span for span in self.spans if span.name == name]

    def wait_for(self, name: str, count: int = 1, within: float = PATIENCE) -> list[Seen]:
        """Wait until so many spans of a name have come in, and return them."""
        wait_until(lambda: len(self.named(name)) >= count, f"{count} spans {name!r}", within)
        return self.named(name)

    def trace(self, trace: str) -> dict[str, Seen]:
        """Return all spans of one trace so far, by their id."""
        return {span.id: span for span in self.spans if span.trace == trace}


@contextmanager
def running_collector() -> Iterator[OtlpCollector]:
    """Run a collector on a free port."""
    collector = OtlpCollector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = collector.take(self.path, headers, body)
            self.send_response(collector.status)
            if collector.retry_after:
                self.send_header("Retry-After", collector.retry_after)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base names it so
            """It keeps no log."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Who sends may be killed in the middle of it."""

    server = Server(("127.0.0.1", 0), Handler)
    collector.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield collector
    finally:
        collector.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
