"""An own Prometheus, an own Alertmanager and who hears its alerts: on free ports, in a folder of the test."""

import http.client
import json
import threading
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.support.ports import free_port, is_listening
from tests.support.process import ServerProcess
from tests.support.programs import find_program
from tests.support.waiting import PATIENCE


class Prometheus:
    """A server that scrapes and evaluates by ``settings``, which are those of its file."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.port = free_port()
        (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
        command = [
            find_program("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            # An alert that came before Alertmanager was found is told again soon.
            "--rules.alert.resend-delay=1s",
        ]
        self.process = ServerProcess(command, folder / "prometheus.log")

    def wait(self) -> None:
        """Wait until it answers."""
        self.process.wait_ready(self.is_up, PATIENCE)

    def ask(self, expression: str) -> list[Any]:
        """Return the series that an expression has now."""
        query = urllib.parse.urlencode({"query": expression})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", f"/api/v1/query?{query}")
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert answer["status"] == "success", f"{expression}: {answer}"
        return answer["data"]["result"]

    def is_up(self) -> bool:
        try:
            return len(self.ask("vector(1)")) == 1
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return False


class Alertmanager:
    """A server that sends alerts on by ``settings``, which are those of its file."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.port = free_port()
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(settings))
        command = [
            find_program("prometheus-alertmanager"),
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        ]
        self.process = ServerProcess(command, folder / "alertmanager.log")

    def wait(self) -> None:
        """Wait until it listens."""
        self.process.wait_ready(lambda: is_listening(self.port), PATIENCE)


class Receiver:
    """Hears what Alertmanager says: ``heard`` are alerts in the order in which they came."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.heard: list[dict[str, Any]] = []

    def of(self, name: str, status: str, since: int = 0) -> Sequence[dict[str, Any]]:
        """Return the alerts of a name that came as ``firing`` or ``resolved``, after so many others."""
        return [
            alert for alert in self.heard[since:] if (alert["labels"]["alertname"], alert["status"]) == (name, status)
        ]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen for the webhooks of Alertmanager."""
    receiver = Receiver(free_port())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.heard.extend(json.loads(body)["alerts"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name above
            """Say nothing: what was heard is in ``heard``."""

    server = ThreadingHTTPServer(("127.0.0.1", int(receiver.url.rstrip("/").rpartition(":")[2])), Handler)
    thread = threading.Thread(target=server.serve_forever, name="receiver")
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
