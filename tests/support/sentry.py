"""A receiver of envelopes, as Sentry is one: https://develop.sentry.dev/sdk/data-model/envelopes/."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "0123456789abcdef0123456789abcdef"


class Receiver:
    """Keeps what it was sent. ``status`` is what it answers; while ``answering`` is clear it lets clients wait."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.status = 200
        self.answering = threading.Event()
        self.answering.set()
        self.asked = 0
        self.authorized: list[str] = []
        self.raw: list[bytes] = []

    @property
    def dsn(self) -> str:
        return f"http://{KEY}@127.0.0.1:{self.port}/7"

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of all envelopes so far, in the order of their arrival."""
        return [event for raw in list(self.raw) for event in events_of(raw)]

    def titles(self) -> list[str]:
        return [str(event.get("transaction")) for event in self.events]


def events_of(envelope: bytes) -> list[dict[str, Any]]:
    """Return the events of one envelope: lines of headers, each followed by a payload of one line."""
    lines = envelope.split(b"\n")
    return [
        json.loads(payload)
        for header, payload in zip(lines[1::2], lines[2::2], strict=False)
        if header and json.loads(header)["type"] == "event"
    ]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.asked += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            receiver.answering.wait(60)
            receiver.authorized.append(f"{self.path} {self.headers['X-Sentry-Auth']}")
            receiver.raw.append(body)
            self.send_response(receiver.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so by its base
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.answering.set()
            server.shutdown()
            thread.join()
