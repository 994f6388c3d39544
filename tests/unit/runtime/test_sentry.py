"""What is reported, how often, and that reporting harms nobody."""

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from roadbed.kernel.errors import ConfigurationError, Unavailable
from roadbed.kernel.events import (
    CacheFailed,
    DatabaseFailed,
    Events,
    FlightSplit,
    JobFailed,
    Notice,
    ReportDropped,
    RequestFailed,
    RequestShed,
)
from roadbed.kernel.settings import Settings
from roadbed.runtime.sentry import ALIKE, MANY, Bounds, Reporter, open_reporter, reporting_failures
from tests.support.sentry import Receiver, receiving

ERROR = ValueError("a@b.example")


class Client:
    """Stands in for the SDK's."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.closed: list[float] = []
        self.fails = False

    def capture_event(self, event: dict[str, Any]) -> None:
        if self.fails:
            raise RuntimeError("no")
        self.events.append(event)

    def close(self, timeout: float) -> None:
        self.closed.append(timeout)


class Reported:
    """Events, and what becomes of them."""

    def __init__(self) -> None:
        self.events, self.client, self.now = Events(), Client(), 0.0
        self.dropped: list[str] = []
        self.events.on(ReportDropped, lambda event: self.dropped.append(event.reason))
        self.reporter = Reporter(self.client, self.events, Bounds(clock=lambda: self.now))
        self.reporter.subscribe(self.events)

    def of(self, *events: object) -> list[dict[str, Any]]:
        for event in events:
            self.events.emit(event)
        return self.client.events


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.mark.parametrize(
    ("event", "logger", "title", "tags", "level"),
    [
        (
            RequestFailed("id", "GET", "/x", ERROR, "4bf9"),
            "roadbed.request",
            "GET /x",
            {"request_id": "id", "method": "GET", "route": "/x", "trace_id": "4bf9", "domain": "shop"},
            "error",
        ),
        (
            RequestFailed("id", "BREW", "", ERROR),
            "roadbed.request",
            "OTHER unmatched",
            {"request_id": "id", "method": "OTHER", "route": "unmatched"},
            "error",
        ),
        (
            DatabaseFailed("postgres", "connection", ERROR),
            "roadbed.database",
            "The database failed",
            {"dialect": "postgres", "kind": "connection"},
            "error",
        ),
        (JobFailed("sweep", ERROR), "roadbed.job", "job sweep", {"job": "sweep"}, "error"),
        (CacheFailed(ERROR), "roadbed.cache", "The cache in Redis failed", {}, "warning"),
        (
            Notice("error", "A worker died", {"process": 5, "exit_code": -9, "words": "a@b.example"}),
            "roadbed.notice",
            "A worker died",
            {"process": "5", "exit_code": "-9"},
            "error",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, RequestFailed | DatabaseFailed) else "",
)
def test_what_somebody_should_look_at(event: object, logger: str, title: str, tags: dict[str, str], level: str) -> None:
    reported = Reported()
    reported.reporter.domain_of = {"/x": "shop"}
    (made,) = reported.of(event)
    assert (made["logger"], made["transaction"], made["tags"], made["level"]) == (logger, title, tags, level)
    assert "a@b.example" not in str(made)


@pytest.mark.parametrize(
    "event",
    [
        RequestShed("writer"),
        FlightSplit("post", 12, ERROR),
        Notice("info", "Serving"),
        Notice("warning", "Careful"),
        DatabaseFailed("postgres", "lock", ERROR),
        DatabaseFailed("postgres", "contention", ERROR),
        DatabaseFailed("postgres", "stale", ERROR),
    ],
    ids=str,
)
def test_what_is_foreseen_is_not_reported(event: object) -> None:
    assert Reported().of(event) == []


def failure(route: str) -> RequestFailed:
    return RequestFailed("id", "GET", route, ERROR)


def test_a_burst_is_a_few_reports() -> None:
    reported = Reported()
    reported.of(*[failure("/x")] * 1_000)
    assert (len(reported.client.events), reported.dropped) == (ALIKE, ["alike"] * (1_000 - ALIKE))


def test_a_burst_of_one_kind_does_not_hide_another() -> None:
    reported = Reported()
    reported.of(*[failure("/x")] * 1_000, failure("/y"))
    assert reported.client.events[-1]["transaction"] == "GET /y"


def test_many_kinds_have_a_bound_together() -> None:
    reported = Reported()
    reported.of(*[failure(f"/{number}") for number in range(1_000)])
    assert (len(reported.client.events), set(reported.dropped)) == (MANY, {"many"})


def test_the_next_minute_begins_anew() -> None:
    reported = Reported()
    reported.of(*[failure("/x")] * 10)
    reported.now = 60.0
    reported.of(*[failure("/x")] * 10)
    assert len(reported.client.events) == 2 * ALIKE


def test_an_error_of_the_sdk_is_none_of_the_service() -> None:
    reported = Reported()
    reported.client.fails = True
    reported.of(failure("/x"))
    assert reported.dropped == ["broken"]


async def test_what_ends_a_life_is_reported() -> None:
    reported = Reported()
    with pytest.raises(Unavailable):
        async with reported.reporter:
            raise Unavailable("gone")
    assert (reported.client.events[0]["logger"], len(reported.client.closed)) == ("roadbed.start", 1)


async def test_a_life_that_ends_in_peace_is_not() -> None:
    reported = Reported()
    async with reported.reporter:
        reported.of()
    assert (reported.client.events, len(reported.client.closed)) == ([], 1)


def test_without_a_place_to_report_to_there_is_no_reporter() -> None:
    assert open_reporter(Settings(), Events()) is None


def test_without_the_extra_the_start_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'roadbed\[sentry\]'"):
        open_reporter(Settings(sentry_dsn="https://key@host/7"), Events())


def test_what_fails_before_serving_is_reported(receiver: Receiver) -> None:
    with pytest.raises(ConfigurationError), reporting_failures(Settings(sentry_dsn=receiver.dsn)):
        raise ConfigurationError("the port is taken")
    (event,) = receiver.events
    assert event["exception"]["values"][-1]["value"] == "the port is taken"


def test_an_interruption_is_not(receiver: Receiver) -> None:
    with pytest.raises(KeyboardInterrupt), reporting_failures(Settings(sentry_dsn=receiver.dsn)):
        raise KeyboardInterrupt
    assert receiver.asked == 0


def test_the_client_hooks_into_nothing(receiver: Receiver) -> None:
    before = sys.excepthook, warnings.showwarning
    import sentry_sdk

    reporter = open_reporter(Settings(sentry_dsn=receiver.dsn), Events())
    assert reporter is not None
    options = reporter._client.options
    assert (reporter._client.integrations, sentry_sdk.get_client().is_active()) == ({}, False)
    assert (
        options["include_local_variables"],
        options["max_request_body_size"],
        options["send_default_pii"] or False,
    ) == (
        False,
        "never",
        False,
    )
    assert (sys.excepthook, warnings.showwarning) == before
    reporter.close()


def test_what_nobody_chose_does_not_pass(receiver: Receiver) -> None:
    reporter = open_reporter(Settings(sentry_dsn=receiver.dsn), Events())
    assert reporter is not None
    reporter._client.capture_event({"message": "x", "user": {"email": "a@b.example"}, "request": {"url": "/hush"}})
    reporter.close()
    (event,) = receiver.events
    assert ({"user", "request"} & event.keys(), event["message"]) == (set(), "x")


def test_a_report_names_release_and_machine(receiver: Receiver) -> None:
    events = Events()
    reporter = open_reporter(Settings(sentry_dsn=receiver.dsn, environment="production"), events)
    assert reporter is not None
    events.emit(failure("/x"))
    reporter.close()
    (event,) = receiver.events
    assert (event["environment"], event["release"].startswith("roadbed@"), bool(event["server_name"])) == (
        "production",
        True,
        True,
    )
    assert receiver.authorized[0].startswith("/api/7/envelope/ Sentry ")


@pytest.mark.parametrize(("status", "reason"), [(429, "limited"), (413, "refused"), (500, "refused")])
def test_what_a_receiver_refuses_is_counted(receiver: Receiver, status: int, reason: str) -> None:
    receiver.status = status
    events, dropped = Events(), list[str]()
    events.on(ReportDropped, lambda event: dropped.append(event.reason))
    reporter = open_reporter(Settings(sentry_dsn=receiver.dsn), events)
    assert reporter is not None
    events.emit(failure("/x"))
    reporter.close()
    assert dropped == [reason]
