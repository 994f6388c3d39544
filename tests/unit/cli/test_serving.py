"""`roadbed up` and `roadbed serve`: what they say at the start, what they refuse, how they end."""

import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from roadbed.cli import serving
from roadbed.kernel.errors import Unavailable
from roadbed.kernel.settings import Settings
from roadbed.runtime import server
from roadbed.runtime.listening import listen
from tests.conftest import StartService
from tests.support.ports import is_listening
from tests.support.programs import find_program
from tests.support.service import Service
from tests.support.waiting import wait_until
from tests.unit.cli.conftest import DOMAINS, REVISIONS, Command

PRODUCTION = {"ROADBED_ENVIRONMENT": "production", "ROADBED_OPEN_ACCESS": "true", "ROADBED_ALLOWED_HOSTS": "127.0.0.1"}

HEAD = b"POST /transactions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
BODY = b'{"account_id": "0198c0de-1111-7222-8333-444455556666", "amount": 5}'


def banner(settings: Settings, ran: list[str] | None = None) -> list[str]:
    with listen(settings) as sock:
        port = sock.getsockname()[1]
        return serving.banner(settings, sock, ran or []).replace(str(port), "PORT").splitlines()


def test_the_banner_says_where_everything_is(tmp_path: Path) -> None:
    lines = banner(Settings(port=0, data=tmp_path, domains=("ledger", "kv")))
    assert [re.sub(r"^Roadbed \S+,", "Roadbed V,", line) for line in lines] == [
        "Roadbed V, development: open to everyone on this machine, and to nobody else",
        "  API      http://127.0.0.1:PORT/",
        "  Console  http://127.0.0.1:PORT/console/",
        "  Docs     http://127.0.0.1:PORT/docs",
        f"  Data     {tmp_path}/roadbed.db (SQLite)",
        "  Domains  ledger, kv",
        "  Stop     Ctrl-C",
    ]


def test_the_banner_says_what_was_migrated(tmp_path: Path) -> None:
    assert "  Schema   migrated: a_0001, b_0002" in banner(Settings(port=0, data=tmp_path), ["a_0001", "b_0002"])


def test_the_banner_counts_workers(tmp_path: Path) -> None:
    assert "  Workers  3" in banner(Settings(port=0, data=tmp_path, workers=3))


def test_the_banner_shows_no_password() -> None:
    lines = banner(Settings(port=0, database_url="postgresql://user:hush@host/name"))
    assert lines[4] == "  Data     postgresql://user:***@host/name"


@pytest.mark.parametrize(
    "settings",
    [
        Settings(port=0, host="0.0.0.0", open_access=True),
        Settings(port=0, environment="production", open_access=True),
    ],
)
def test_the_banner_is_loud_about_open_access(settings: Settings) -> None:
    assert banner(settings)[0].endswith("OPEN TO EVERYONE WHO REACHES IT, no credentials are asked for (open_access)")


def test_a_busy_port_is_told_before_anything_is_touched(roadbed: Command, folder: Path) -> None:
    with listen(Settings(port=0)) as other:
        port = str(other.getsockname()[1])
        done = roadbed("up", "--port", port)
    words = f"port {port} on 127.0.0.1 is in use by another process. Stop that one, or choose another port with --port"
    assert (done, list(folder.iterdir())) == ((1, "", f"roadbed: {words}\n"), [])


@pytest.mark.parametrize("command", ["up", "serve"])
@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        (["--host", "0.0.0.0"], {}, "host = 0.0.0.0: other machines could reach the service"),
        ([], {"ROADBED_ENVIRONMENT": "production"}, "this release has no access control yet"),
        (["--domains", "ledgr"], {}, "there is no domain 'ledgr'; did you mean ledger?"),
        (["--host", "192.0.2.1"], {"ROADBED_OPEN_ACCESS": "1"}, "this machine does not have that address"),
        (["--workers", "0"], {}, "--workers: '0': 1 to 256 is expected"),
    ],
)
def test_what_is_refused_leaves_no_trace(
    roadbed: Command, folder: Path, command: str, arguments: list[str], variables: dict[str, str], words: str
) -> None:
    done = roadbed(command, "--port", "0", *arguments, **variables)
    assert (done.code, done.out, words in done.err, list(folder.iterdir())) == (2, "", True, [])


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_refuses_a_database_that_is_behind(roadbed: Command, folder: Path, workers: str) -> None:
    done = roadbed("serve", "--port", "0", "--workers", workers)
    assert (done, list(folder.iterdir())) == (
        (
            1,
            "",
            f"roadbed: the database is empty: {', '.join(REVISIONS)} missing; run `roadbed migrate upgrade`\n",
        ),
        [],
    )


def test_up_refuses_a_place_that_cannot_be_written(roadbed: Command, folder: Path) -> None:
    (folder / "data").write_text("in the way")
    assert roadbed("up", "--port", "0") == (
        2,
        "",
        "roadbed: the data folder data cannot be made: File exists; choose another with --data\n",
    )


def test_up_refuses_a_file_that_is_no_database(roadbed: Command, migrated: Path) -> None:
    (migrated / "data" / "roadbed.db").write_bytes(b"this is not a database, but it is long enough to be read" * 100)
    done = roadbed("up", "--port", "0")
    assert (done.code, done.out, done.err.startswith("roadbed: "), done.err.count("\n")) == (2, "", True, 1)


def test_a_start_that_fails_is_told_in_words(roadbed: Command, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise Unavailable("the database has just gone")

    monkeypatch.setattr("roadbed.app.open_database", refuse)
    done = roadbed("up", "--port", "0", ROADBED_DATABASE_WAIT="0")
    assert (done.code, done.out, done.err.splitlines()[-1]) == (1, "", "roadbed: the database has just gone")


def test_ctrl_c_before_the_start_is_no_failure(
    roadbed: Command, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: Settings) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(serving, "migrate_if_behind", interrupt)
    monkeypatch.setattr(serving, "serve_after_migration", functools.partial(serving._serve, prepare=interrupt))
    assert roadbed("up", "--port", "0") == (0, "", "")


def test_up_serves_and_ends_in_peace(start_service: StartService) -> None:
    service = start_service(new=True)
    lines = service.logs().splitlines()
    assert (service.terminate(), [line.split()[0] for line in lines[:9]]) == (
        0,
        ["Roadbed", "API", "Console", "Docs", "Data", "Domains", "Schema", "Samples", "Stop"],
    )


def test_ctrl_c_ends_in_peace(start_service: StartService) -> None:
    service = start_service()
    assert (service.interrupt(), "Traceback" in service.logs()) == (0, False)


def test_a_second_start_finds_what_the_first_left(start_service: StartService) -> None:
    service = start_service(new=True)
    service.terminate()
    service.start()
    assert (service.logs().count("Schema"), service.terminate()) == (1, 0)


def test_serve_serves_what_is_migrated(start_service: StartService, current_database: Path, tmp_path: Path) -> None:
    shutil.copytree(current_database, tmp_path / "service-0" / "data")
    service = start_service(command=[find_program("roadbed"), "serve"], arguments=["--domains", ",".join(DOMAINS)])
    assert service.terminate() == 0


def test_workers_end_in_peace_too(start_service: StartService) -> None:
    service = start_service(arguments=["--workers", "2"])
    wait_until(lambda: "Stop" in service.logs(), "the banner")
    code = service.interrupt()
    assert (code, "Traceback" in service.logs(), is_listening(service.port)) == (0, False, False)


def in_flight(port: int) -> float:
    """Return how many requests are being answered, that for the metrics included."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as reply:
        (line,) = re.findall(r"^roadbed_http_requests_in_flight (.*)$", reply.read().decode(), re.MULTILINE)
    return float(line)


@pytest.mark.parametrize("arguments", [[], ["--workers", "2"]])
def test_what_is_in_flight_is_finished(start_service: StartService, arguments: list[str]) -> None:
    service = start_service(arguments=arguments)
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
        client.sendall(HEAD % len(BODY) + BODY[:20])
        wait_until(lambda: in_flight(service.port) >= 2, "the request is in flight")
        os.kill(service.pid, signal.SIGTERM)
        wait_until(lambda: not is_listening(service.port), "nobody is let in any more")
        client.sendall(BODY[20:])
        lines = client.recv(65536).lower().split(b"\r\n")
    assert (lines[0], b"connection: close" in lines, service.terminate()) == (b"http/1.1 201 created", True, 0)


def test_what_takes_too_long_is_given_up_with_503(start_service: StartService) -> None:
    service = start_service(env={"ROADBED_DRAIN_TIMEOUT": "0.2"})
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
        client.sendall(HEAD % len(BODY) + BODY[:20])
        wait_until(lambda: in_flight(service.port) >= 2, "the request is in flight")
        os.kill(service.pid, signal.SIGTERM)
        status = client.recv(65536).split(b"\r\n")[0]
    assert (status, service.terminate()) == (b"HTTP/1.1 503 Service Unavailable", 0)


def test_a_second_ctrl_c_forces_the_end(start_service: StartService) -> None:
    service = start_service(env={"ROADBED_DRAIN_TIMEOUT": "3600", "ROADBED_BODY_TIMEOUT": "3600"})
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
        client.sendall(HEAD % len(BODY) + BODY[:20])
        wait_until(lambda: in_flight(service.port) >= 2, "the request is in flight")
        os.kill(service.pid, signal.SIGINT)
        wait_until(lambda: not is_listening(service.port), "nobody is let in any more")
        assert service.interrupt() == server.FORCED


def workers_of(service: Service) -> set[str]:
    return set(re.findall(r'"process":(\d+)}', service.logs()))


def test_a_worker_that_dies_is_replaced(start_service: StartService) -> None:
    service = start_service(arguments=["--workers", "2"])
    wait_until(lambda: len(workers_of(service)) == 2, "two workers")
    before = workers_of(service)
    os.kill(int(before.pop()), signal.SIGKILL)
    wait_until(lambda: len(workers_of(service)) == 3, "a third worker")
    wait_until(service.is_ready, "ready")
    assert ("A worker died; another one takes its place" in service.logs(), service.terminate()) == (True, 0)


def test_workers_end_when_their_supervisor_is_killed(start_service: StartService) -> None:
    service = start_service(arguments=["--workers", "2"])
    wait_until(lambda: len(workers_of(service)) == 2, "two workers")
    os.kill(service.pid, signal.SIGKILL)
    wait_until(lambda: not is_listening(service.port), "the port is free")


def test_two_services_on_one_port(start_service: StartService, roadbed: Command) -> None:
    service = start_service()
    assert roadbed("up", "--port", str(service.port)).code == 1


def test_production_asks_for_its_own_hosts_only(start_service: StartService) -> None:
    service = start_service(env=PRODUCTION)
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
        client.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        reply = client.recv(65536)
    code = service.terminate()
    assert (reply.split(b"\r\n")[0], code, "OPEN ACCESS" in service.logs()) == (b"HTTP/1.1 403 Forbidden", 0, True)


def test_a_serving_process_is_slim(tmp_path: Path) -> None:
    code = (
        "import sys, roadbed.cli.main, roadbed.cli.serving, roadbed.app as app\n"
        "from roadbed.kernel.settings import Settings; from roadbed.runtime.logs import open_logs\n"
        "open_logs(Settings()).close(); app.describe(Settings()).document(); app.Metrics('1', 'sqlite').flush()\n"
        "heavy = ('alembic', 'sqlalchemy', 'rich', 'jinja2', 'sqlite3', 'asyncpg', 'tomllib')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
