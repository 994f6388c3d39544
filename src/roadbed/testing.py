"""For tests of a domain: a real service, started as a user starts it, in a folder of its own, on a port of its own.

It stands on the standard library alone and imports nothing of the service: what is tested is what is run.

::

    from roadbed.testing import serving

    def test_a_note() -> None:
        with serving("notes:domain") as service:
            reply = service.post("/notes", {"title": "first"})
            assert (reply.status, reply.body["title"]) == (201, "first")
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0
REPLY_TIMEOUT = 30.0
"""Seconds for a start (its migration included), for a stop, and for one reply."""

_ADDRESS = re.compile(r"^  API +http://[^/\s]+:(\d+)/$", re.MULTILINE)


class ServiceFailedError(RuntimeError):
    """The service did not start; the message is what it printed."""


@dataclass(frozen=True)
class Reply:
    """A reply: ``body`` is decoded JSON, or bytes where it is something else; names in ``fields`` are in lower case."""

    status: int
    fields: dict[str, str]
    body: Any


class Service:
    """A service that runs on ``port`` of the loopback interface."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def request(self, method: str, path: str, body: Any = None, fields: Mapping[str, str] | None = None) -> Reply:
        """Send one request on a connection of its own; a body that is given is sent as JSON."""
        content = None if body is None else json.dumps(body)
        types = {} if body is None else {"Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REPLY_TIMEOUT)
        try:
            connection.request(method, path, content, {**types, **(fields or {})})
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        found = {name.lower(): value for name, value in answer.getheaders()}
        decoded = json.loads(data) if data and "json" in found.get("content-type", "") else data
        return Reply(answer.status, found, decoded)

    def get(self, path: str, fields: Mapping[str, str] | None = None) -> Reply:
        """Read."""
        return self.request("GET", path, fields=fields)

    def post(self, path: str, body: Any, fields: Mapping[str, str] | None = None) -> Reply:
        """Create, or do."""
        return self.request("POST", path, body, fields)

    def put(self, path: str, body: Any, fields: Mapping[str, str] | None = None) -> Reply:
        """Set."""
        return self.request("PUT", path, body, fields)

    def patch(self, path: str, body: Any, fields: Mapping[str, str] | None = None) -> Reply:
        """Change."""
        return self.request("PATCH", path, body, fields)

    def delete(self, path: str, fields: Mapping[str, str] | None = None) -> Reply:
        """Delete."""
        return self.request("DELETE", path, fields=fields)


@contextmanager
def serving(
    *apps: str, folder: Path | None = None, database_url: str = "", **settings: str | float
) -> Generator[Service]:
    """Serve domains by import path until the block ends; the embedded database goes with it.

    ``folder`` is where the domains lie (the working directory unless given). ``database_url`` serves them on a
    PostgreSQL database instead, which is migrated and left as it is. ``settings`` are others of the table, by name.

    Raises:
        ServiceFailedError: it did not start; the message says why.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
    chosen = {f"ROADBED_{name.upper()}": str(value) for name, value in settings.items()}
    if database_url:
        chosen["ROADBED_DATABASE_URL"] = database_url
    with TemporaryDirectory(prefix="roadbed-test-") as place:
        command = [sys.executable, "-m", "roadbed", "up", "--port", "0", "--data", f"{place}/data"]
        for app in apps:
            command += ["--app", app]
        log = Path(place) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, env=inherited | chosen
            )
        try:
            yield Service(_port(process, log))
        finally:
            _end(process)


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Wait for the lines that a start prints when it serves; return the port that they name."""
    deadline = monotonic() + START_TIMEOUT
    while monotonic() < deadline:
        ended = process.poll() is not None
        printed = log.read_text(encoding="utf-8", errors="replace")
        if ended:
            raise ServiceFailedError(printed)
        if (found := _ADDRESS.search(printed)) is not None:
            return int(found[1])
        sleep(0.02)
    raise ServiceFailedError(f"not ready within {START_TIMEOUT} s: {log.read_text(encoding='utf-8', errors='replace')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
