"""Every line that any process of the service writes is one object of the published schema, whatever happens."""

import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from roadbed.runtime.log_lines import LONGEST
from tests.integration.observed.conftest import DOMAIN, ROOT, Start, ask
from tests.support.postgres import PostgresServer
from tests.support.programs import find_program
from tests.support.service import Service
from tests.support.waiting import wait_until

SCHEMA = json.loads((ROOT / "docs/reference/logs.schema.json").read_text(encoding="utf-8"))
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d{3}|\d{6})Z")


def lines_of(text: str) -> list[dict[str, Any]]:
    """Return all lines; fail on one that is not of the schema, or not written whole."""
    assert text.endswith("\n")
    validator = jsonschema.Draft202012Validator(SCHEMA)
    found: list[dict[str, Any]] = []
    for raw in text.split("\n")[:-1]:
        line = json.loads(raw)
        assert [error.message for error in validator.iter_errors(line)] == [], raw
        assert RFC_3339.fullmatch(line["time"])
        assert len(raw.encode()) <= LONGEST
        assert not re.search(r"[\x00-\x1f]", raw)
        found.append(line)
    return found


def events_of(text: str) -> set[str]:
    return {line["event"] for line in lines_of(text)}


def ended(service: Service) -> list[dict[str, Any]]:
    assert service.terminate() == 0
    return lines_of(service.logs())


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "line",
    [
        {"event": "Serving"},
        {"event": "request"},
        {"event": "x", "time": "", "level": "loud", "service": "", "env": "", "version": ""},
        {"event": "x", "time": "", "level": "info", "service": "", "env": "", "version": "", "process": "4711"},
        {"event": "x", "time": "", "level": "info", "service": "", "env": "", "version": "", "invented": 1},
    ],
    ids=" ".join,
)
def test_the_schema_refuses_what_is_not_a_line(line: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(line)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_life_of_a_service(start: Start, workers: str) -> None:
    service = start("--workers", workers, ROADBED_SERVICE_NAME="shop")
    entry = {"account_id": "0198c0de-1111-7222-8333-444455556666", "amount": 5}
    trace = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    asked = [
        ask(service, "POST", "/transactions", entry, **trace),
        ask(service, "GET", "/transactions"),
        ask(service, "POST", "/transactions", {}),
        ask(service, "GET", "/nowhere/%00%0A%F0%9F%9A%80/" + "x" * 2000),
        ask(service, "DELETE", "/ping"),
        ask(service, "GET", "/trouble/full"),
        ask(service, "GET", "/health/ready"),
    ]
    wait_until(lambda: '"event":"Up"' in service.logs(), "it is announced")
    told = ended(service)
    assert [status for status, _ in asked] == [201, 200, 400, 404, 405, 503, 200]
    requests = {line["request_id"]: line for line in told if line["event"] == "request"}
    assert [requests[request_id]["status"] for _, request_id in asked] == [status for status, _ in asked]
    assert requests[asked[0][1]]["trace_id"] == TRACE
    assert {line["event"] for line in told} >= {"Up", "Serving", "request", "Stopping", "Stopped"}
    assert {(line["service"], line["env"]) for line in told} == {("shop", "development")}
    assert sum(line["event"] == "Serving" for line in told) == int(workers)


def test_errors_are_fields(start: Start) -> None:
    service = start()
    _, request_id = ask(service, "POST", "/trouble/words", {"email": "somebody@example.org"})
    (line,) = [line for line in ended(service) if line.get("exception") and line.get("request_id") == request_id]
    assert (line["exception"]["type"], line["exception"]["message"]) == (
        "ValueError",
        "nobody has the address somebody@example.org",
    )
    assert line["exception"]["traceback"].splitlines()[0] == "Traceback (most recent call last):"
    assert (line["method"], line["route"]) == ("POST", "/trouble/words")


def test_a_line_that_would_be_too_long_is_cut(start: Start) -> None:
    service = start()
    _, request_id = ask(service, "GET", "/trouble/long")
    (line,) = [line for line in ended(service) if line.get("exception") and line["request_id"] == request_id]
    assert (line["truncated"], line["exception"]["type"]) == (True, "RuntimeError")
    assert line["exception"]["message"].startswith("é\né\n")


def test_what_python_and_libraries_say_is_lines_too(start: Start) -> None:
    service = start()
    assert ask(service, "GET", "/trouble/python")[0] == 200
    told = {line["event"]: line for line in ended(service)}
    bad = {event: line["level"] for event, line in told.items() if line["level"] != "info"}
    assert bad == {
        "this is\nold": "warning",
        "one line\nand another": "warning",
        "a level of its own": "warning",
        "it takes %d words": "error",
        "An unforeseen error ended a thread": "error",
        "An error could not be raised": "error",
        "lost\nin a callback": "error",
    }
    assert told["An unforeseen error ended a thread"]["exception"]["message"] == "alone\nin the dark"


def test_a_worker_that_dies(start: Start) -> None:
    service = start("--workers", "2")

    def processes() -> list[int]:
        return [int(process) for process in re.findall(r'"event":"Serving".*"process":(\d+)', service.logs())]

    wait_until(lambda: len(processes()) == 2, "two workers")
    os.kill(processes()[0], signal.SIGKILL)
    wait_until(lambda: len(processes()) == 3, "a third one")
    assert "A worker died; another one takes its place" in {line["event"] for line in ended(service)}


def test_a_database_that_goes_away(own_postgres: PostgresServer, start_service: Any) -> None:
    url = own_postgres.create_database()
    service: Service = start_service(database_url=url, env={"ROADBED_LOG_FORMAT": "json"})
    own_postgres.stop("immediate")
    statuses = {ask(service, "GET", "/transactions")[0] for _ in range(5)}
    own_postgres.start()
    told = {line["event"] for line in ended(service)}
    assert (statuses, "The database failed" in told) == ({503}, True)


def run(folder: Path, *arguments: str, **env: str) -> tuple[int, list[dict[str, Any]]]:
    """Run a command as a container does, in production; return its exit code and lines, of both streams."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
    production = {"ROADBED_ENVIRONMENT": "production", "ROADBED_OPEN_ACCESS": "true", "PYTHONPATH": str(ROOT)}
    production |= {"ROADBED_ALLOWED_HOSTS": "ledger.example.org"}
    done = subprocess.run(
        [find_program("roadbed"), *arguments],
        cwd=folder,
        env=plain | production | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, lines_of(done.stdout)


REFUSED = [
    (["up", "--workers", "0"], {}, 2, "0"),
    (["up"], {"ROADBED_BODY_LIMT": "1", "ROADBED_LOG_LEVEL": "loud"}, 2, "body_limt"),
    (["serve"], {"ROADBED_OPEN_ACCESS": ""}, 2, "access control"),
    (["serve", "--port", "0"], {}, 1, "the database is empty"),
    (["up", "--domains", "ledgr"], {}, 2, "did you mean ledger"),
    (["up"], {"ROADBED_SENTRY_DSN": "https://hush@host/word"}, 2, "https://key@host/project is expected"),
    (["migrate", "upgrade", "--data", "/dev/null/here"], {}, 2, "/dev/null/here"),
]


@pytest.mark.parametrize(("arguments", "env", "code", "words"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_is_refused_is_said_in_lines(
    tmp_path: Path, arguments: list[str], env: dict[str, str], code: int, words: str
) -> None:
    ended_with, told = run(tmp_path, *arguments, **env)
    assert (ended_with, told[-1]["event"], told[-1]["exit_code"]) == (code, "The command failed", code)
    assert words in str(told[-1].get("problems") or told[-1]["detail"]).lower().replace("roadbed_", "")
    assert ("hush" in str(told), {line["env"] for line in told}) == (False, {"production"})


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        code, told = run(tmp_path, "up", "--port", str(other.getsockname()[1]))
    assert (code, "is in use by another process" in told[-1]["detail"]) == (1, True)


def test_migrations_are_told(tmp_path: Path) -> None:
    first, second = (run(tmp_path, "migrate", "upgrade", "--domains", "ledger") for _ in range(2))
    assert (first[0], [line["event"] for line in first[1]]) == (0, ["Migrated"])
    assert first[1][0]["migrated"][0] == "platform_0001"
    assert (second[0], [line["event"] for line in second[1]]) == (0, ["The database is current"])


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_error_that_nobody_foresaw_ends_a_start(tmp_path: Path, workers: str) -> None:
    unmade = DOMAIN.replace(":domain", ":unmade")
    development = {"ROADBED_ENVIRONMENT": "development", "ROADBED_LOG_FORMAT": "json", "ROADBED_DOMAINS": unmade}
    code, told = run(tmp_path, "up", "--port", "0", "--workers", workers, **development)
    assert (code, any("can be made" in str(line) for line in told)) == (1, True)


def test_people_still_get_words(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
    command = [find_program("roadbed"), "serve", "--port", "0"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.startswith("roadbed: the database is empty")) == (1, "", True)
