"""Servers as child processes: on their core, in a plain environment, gone when stopped."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.harness import processes
from bench.harness.errors import ContenderFailed, NotInstalled
from bench.harness.processes import Command, Memory, Server
from tests.support.waiting import wait_until

ROLLUP = """\
55d0c0000000-7ffd00000000 ---p 00000000 00:00 0    [rollup]
Rss:               12000 kB
Pss:                8000 kB
Shared_Clean:       4000 kB
"""

# Answers /ping, and has a child of its own, as servers with workers have.
SCRIPT = """
import http.server, os, subprocess, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, "secret" if "SECRET" in os.environ else "plain", os.environ["GIVEN"], flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def a_core() -> int:
    return min(os.sched_getaffinity(0))


def is_running(process: str) -> bool:
    """A killed orphan shows as a zombie until the first process of the machine has seen it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("SECRET", "of the caller's shell")
    port = processes.free_port()
    command = Command((sys.executable, "-c", SCRIPT, str(port)), {"GIVEN": "value"}, tmp_path)
    server = Server(command, port, tmp_path / "output.log", a_core())
    yield server
    server.stop()


def test_a_server_starts_is_seen_and_stops_with_its_children(server: Server) -> None:
    assert server.wait_until_up("/ping") > 0
    word, child, environment, given = server.log.read_text().split()[:4]
    assert (word, environment, given) == ("child", "plain", "value")
    assert os.sched_getaffinity(int(child)) == {a_core()}
    memory = server.memory()
    assert memory.resident >= memory.proportional > 0

    server.stop()

    assert not server.alive()
    wait_until(lambda: not is_running(child), "the server's child has ended")


def test_a_server_that_dies_shows_its_last_words(tmp_path: Path) -> None:
    command = Command((sys.executable, "-c", "print('no such table'); raise SystemExit(3)"))
    server = Server(command, processes.free_port(), tmp_path / "output.log", a_core())
    try:
        with pytest.raises(ContenderFailed, match=r"(?s)ended with 3.*no such table"):
            server.wait_until_up("/ping")
    finally:
        server.stop()


def test_a_step_that_fails_shows_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ContenderFailed, match=r"(?s)ended with 1.*bad migration"):
        processes.run(
            Command((sys.executable, "-c", "raise SystemExit('bad migration')")), tmp_path / "output.log", a_core()
        )


def test_sizes_are_read_in_bytes() -> None:
    assert processes.parse_memory(ROLLUP) == Memory(resident=12_000 * 1024, proportional=8_000 * 1024)


def test_a_process_that_has_gone_holds_nothing() -> None:
    assert processes.memory_of(2**22 + 1) == Memory(0, 0)


def test_a_missing_program_is_named_with_advice() -> None:
    with pytest.raises(NotInstalled, match="no-such-program is missing: apt-get it"):
        processes.program("no-such-program", "apt-get it")


def test_only_the_last_lines_of_a_log_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"\xff early\n" + b"".join(b"line %d\n" % number for number in range(100)))

    assert processes.tail(log).splitlines() == [f"line {number}" for number in range(85, 100)]
