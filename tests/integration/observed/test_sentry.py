"""Errors of a real service arrive as issues: what is told of each, and what is not."""

import json
import os
import re
import signal
import urllib.request
from typing import Any

import pytest

import roadbed
from tests.integration.observed.conftest import ADDRESS, SECRETS, Start, ask
from tests.integration.observed.trouble import CONSTANT
from tests.support.ports import free_port
from tests.support.sentry import KEY, Receiver
from tests.support.service import Service
from tests.support.waiting import wait_until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TOP = {
    *("event_id", "timestamp", "level", "logger", "platform", "transaction", "exception", "tags", "release"),
    *("environment", "server_name", "sdk"),
}
FRAME = {"module", "function", "filename", "lineno", "in_app"}


def reported(receiver: Receiver, count: int = 1) -> list[dict[str, Any]]:
    wait_until(lambda: len(receiver.events) >= count, f"{count} reports")
    return receiver.events


def one(receiver: Receiver) -> dict[str, Any]:
    (event,) = reported(receiver)
    return event


def words(event: dict[str, Any]) -> list[tuple[str, str]]:
    """Return type and words of each error of a report, causes first."""
    return [(value["type"], value["value"]) for value in event["exception"]["values"]]


def test_an_error_names_its_request_and_nobody(start: Start, receiver: Receiver) -> None:
    service = start(ROADBED_SENTRY_DSN=receiver.dsn)
    trace = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    private = {"Cookie": "name=hush", "Authorization": "Bearer s3cret-token"}
    status, request_id = ask(service, "POST", "/trouble/words", {"email": ADDRESS}, **trace, **private)
    event = one(receiver)
    assert status == 500
    assert event["tags"] == {
        "request_id": request_id,
        "method": "POST",
        "route": "/trouble/words",
        "domain": "trouble",
        "trace_id": TRACE,
    }
    assert (event["release"], event["environment"], event["level"]) == (
        f"roadbed@{roadbed.__version__}",
        "development",
        "error",
    )
    assert event["server_name"]
    assert words(event) == [("KeyError", "(its words are in the log)"), ("ValueError", "(its words are in the log)")]


def test_nothing_of_the_caller_is_sent(start: Start, receiver: Receiver) -> None:
    service = start(ROADBED_SENTRY_DSN=receiver.dsn)
    private = {"Cookie": "name=hush", "Authorization": "Bearer s3cret-token", "User_Agent": "hush"}
    for path in ("/trouble/words", "/trouble/database"):
        assert ask(service, "POST", path, {"email": ADDRESS}, **private)[0] == 500
    reported(receiver, 2)
    sent = b"".join(receiver.raw).decode()
    assert [secret for secret in SECRETS if secret in sent] == []
    for event in receiver.events:
        assert event.keys() <= TOP | {"fingerprint"}
        frames = [frame for value in event["exception"]["values"] for frame in value["stacktrace"]["frames"]]
        assert {name for frame in frames for name in frame} == FRAME
        assert [frame for frame in frames if frame["filename"].startswith("/")] == []


def test_of_an_error_of_the_database_its_code_is_told(start: Start, receiver: Receiver, engine: str) -> None:
    service = start(ROADBED_SENTRY_DSN=receiver.dsn)
    ask(service, "POST", "/trouble/database", {"email": ADDRESS})
    told = {event["logger"]: words(event)[-1] for event in reported(receiver, 2)}
    wanted = {
        "postgres": ("InvalidTextRepresentationError", "SQLSTATE 22P02"),
        "sqlite": ("SQLError", "SQLite 1"),
    }[engine]
    assert told == {"roadbed.database": wanted, "roadbed.request": wanted}


def test_words_of_the_program_itself_are_told(start: Start, receiver: Receiver) -> None:
    ask(start(ROADBED_SENTRY_DSN=receiver.dsn), "GET", "/trouble/constant")
    event = one(receiver)
    assert words(event) == [("RuntimeError", CONSTANT)]
    last = event["exception"]["values"][0]["stacktrace"]["frames"][-1]
    assert (last["module"], last["function"], last["in_app"]) == (
        "tests.integration.observed.trouble",
        "constant",
        True,
    )


def test_what_is_foreseen_is_no_error(start: Start, receiver: Receiver) -> None:
    service = start(ROADBED_SENTRY_DSN=receiver.dsn)
    asked = [
        ("GET", "/trouble/missing", None, 404),
        ("GET", "/trouble/full", None, 503),
        ("GET", "/nowhere", None, 404),
        ("PUT", "/ping", None, 405),
        ("POST", "/transactions", {"amount": "much"}, 400),
    ]
    assert [ask(service, method, path, body)[0] for method, path, body, _ in asked] == [each[-1] for each in asked]
    ask(service, "GET", "/trouble/constant")
    assert [event["transaction"] for event in reported(receiver)] == ["GET /trouble/constant"]


def test_a_burst_is_a_few_reports_and_a_count(start: Start, receiver: Receiver) -> None:
    service = start(ROADBED_SENTRY_DSN=receiver.dsn)
    for _ in range(40):
        ask(service, "GET", "/trouble/constant")
    reported(receiver, 5)
    text = fetch_metrics(service.port)
    dropped = re.search(r'^roadbed_reports_dropped_total\{reason="alike"\} (\d+)', text, re.MULTILINE)
    assert dropped is not None
    # The minute may turn meanwhile: then there are a few more of them.
    assert (len(receiver.events) + int(dropped[1]), len(receiver.events) <= 10) == (40, True)


def fetch_metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as reply:
        return reply.read().decode()


def test_a_receiver_that_is_away_harms_nothing(start: Start) -> None:
    service = start(ROADBED_SENTRY_DSN=f"http://{KEY}@127.0.0.1:{free_port()}/7")
    assert [ask(service, "GET", path)[0] for path in ("/trouble/constant", "/ping")] == [500, 200]
    wait_until(lambda: "Errors are not reported to Sentry" in service.logs(), "that is told")
    assert (service.terminate(), KEY in service.logs(), "Traceback" in service.logs().replace("\\n", "")) == (
        0,
        False,
        True,  # that of the error itself
    )
    told = [json.loads(line) for line in service.logs().splitlines()]
    assert {line["reason"] for line in told if line["event"] == "Errors are not reported to Sentry"} == {"network"}


def test_a_receiver_that_never_answers_holds_nobody_up(start: Start, receiver: Receiver) -> None:
    receiver.answering.clear()
    service = start(ROADBED_SENTRY_DSN=receiver.dsn)
    assert [ask(service, "GET", path)[0] for path in ("/trouble/constant", "/ping")] == [500, 200]
    wait_until(lambda: receiver.asked, "the report was begun")
    assert (ask(service, "GET", "/ping")[0], service.terminate()) == (200, 0)


def test_a_receiver_that_has_enough_is_left_alone(start: Start, receiver: Receiver) -> None:
    receiver.status = 429
    service = start(ROADBED_SENTRY_DSN=receiver.dsn)
    ask(service, "GET", "/trouble/constant")
    wait_until(lambda: receiver.asked == 1, "the first one was sent")
    wait_until(lambda: '"reason":"limited"' in service.logs(), "that is told")
    ask(service, "GET", "/trouble/long")
    assert (service.terminate(), receiver.asked) == (0, 1)


def test_a_stop_waits_for_what_is_under_way(start: Start, receiver: Receiver) -> None:
    service = start(ROADBED_SENTRY_DSN=receiver.dsn)
    ask(service, "GET", "/trouble/constant")
    assert (service.terminate(), receiver.titles()) == (0, ["GET /trouble/constant"])


def processes(service: Service) -> list[str]:
    return re.findall(r'"event":"Serving".*?"process":(\d+)', service.logs())


def test_every_worker_reports_and_a_dead_one_is_reported(start: Start, receiver: Receiver) -> None:
    service = start("--workers", "2", ROADBED_SENTRY_DSN=receiver.dsn)
    for _ in range(20):
        ask(service, "GET", "/trouble/constant")
    # Two processes have two bounds of five; which of them took how many is the system's choice.
    wait_until(lambda: len(receiver.events) >= 5, "reports")
    wait_until(lambda: len(processes(service)) == 2, "both tell who they are")
    process = processes(service)[0]
    os.kill(int(process), signal.SIGKILL)
    title = "A worker died; another one takes its place"
    wait_until(lambda: title in receiver.titles(), "the dead worker")
    (event,) = [event for event in receiver.events if event["transaction"] == title]
    assert (event["message"], event["tags"]["process"]) == (title, process)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_without_a_dsn_the_sdk_is_not_even_imported(start: Start) -> None:
    service = start(PYTHONPROFILEIMPORTTIME="1")
    assert (ask(service, "GET", "/trouble/constant")[0], "sentry_sdk" in service.logs()) == (500, False)
