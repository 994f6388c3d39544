"""The image's health check says no for everything but a service that is ready."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.conftest import StartService
from tests.deploy.loading import script_of
from tests.style.tree import ROOT
from tests.support.ports import free_port

SCRIPT = "deploy/image/healthcheck.py"
problem = script_of(SCRIPT).problem


@contextmanager
def answering(status: int) -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = b"why"
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_ready() -> None:
    with answering(200) as (port, asked):
        assert problem(port) == ""
    assert asked == ["/health/ready"]


@pytest.mark.parametrize("status", [404, 500, 503])
def test_an_answer_that_is_not_ready(status: int) -> None:
    with answering(status) as (port, _):
        assert problem(port) == f"{status}: why"


def test_nobody_listens() -> None:
    assert problem(free_port()).startswith("no answer: ")


def run(port: int) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", ROOT / SCRIPT],
        env={"ROADBED_PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_real_service_as_the_engine_asks_it(start_service: StartService) -> None:
    service = start_service()
    assert run(service.port) == (0, "")
    service.terminate()
    code, said = run(service.port)
    assert code == 1
    assert said.startswith("no answer: ")
