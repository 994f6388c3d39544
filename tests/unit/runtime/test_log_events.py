"""What the log says of events: each kind in its words, frequent ones throttled and counted."""

from typing import Any

import msgspec
import pytest

from roadbed.kernel.events import (
    CacheFailed,
    DatabaseFailed,
    Events,
    FlightRetried,
    FlightSplit,
    JobFailed,
    Notice,
    ReportDropped,
    RequestFailed,
    RequestFinished,
    RequestShed,
)
from roadbed.kernel.settings import Settings
from roadbed.runtime.log_events import PER_SECOND, EventLines, Throttle, log_events
from roadbed.runtime.log_lines import Origin
from roadbed.runtime.log_output import LogOutput
from roadbed.runtime.logs import Logs

ORIGIN = Origin("shop", "production", "1.2.3")
Line = tuple[str, str, dict[str, Any]]


class Recorder:
    """Stands in for a logger."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def log(self, level: int, event: str, **fields: Any) -> None:
        self.lines.append(({20: "info", 30: "warning", 40: "error"}[level], event, fields))

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append(("info", event, fields))

    def warning(self, event: str, **fields: Any) -> None:
        self.lines.append(("warning", event, fields))

    def error(self, event: str, **fields: Any) -> None:
        self.lines.append(("error", event, fields))


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Recorded:
    """Events whose lines are kept."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.events, self.recorder = Events(), Recorder()
        self.access: list[bytes] = []
        self.output = LogOutput(self.access.append, interval=3600)
        log_events(
            self.events,
            Logs(self.recorder, self.output, ORIGIN, console=False, colours=False),  # type: ignore[arg-type]
            settings or Settings(),
        )

    def lines(self, *events: object) -> list[Line]:
        for event in events:
            self.events.emit(event)
        return self.recorder.lines


ERROR = ConnectionError("it is gone\nHINT: look for it")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Notice("info", "Hello", {"a": 1}), ("info", "Hello", {"a": 1})),
        (Notice("warning", "Careful"), ("warning", "Careful", {})),
        (Notice("error", "Alas"), ("error", "Alas", {})),
        (
            RequestFailed("id", "GET", "/x", ERROR),
            (
                "error",
                "A request met an unforeseen error",
                {"request_id": "id", "method": "GET", "route": "/x", "exc_info": ERROR},
            ),
        ),
        (
            RequestFailed("id", "GET", "/x", ERROR, "4bf9"),
            (
                "error",
                "A request met an unforeseen error",
                {"request_id": "id", "method": "GET", "route": "/x", "exc_info": ERROR, "trace_id": "4bf9"},
            ),
        ),
        (
            DatabaseFailed("postgres", "connection", ERROR),
            (
                "error",
                "The database failed",
                {"dialect": "postgres", "kind": "connection", "error": "ConnectionError: it is gone"},
            ),
        ),
        (
            FlightSplit("post", 12, ERROR),
            ("warning", "A flight was split", {"flight": "post", "size": 12, "exc_info": ERROR}),
        ),
        (FlightRetried("post", "40001"), ("info", "A flight ran again", {"flight": "post", "code": "40001"})),
        (
            CacheFailed(ERROR),
            ("warning", "The cache in Redis failed", {"error": "ConnectionError: it is gone"}),
        ),
        (
            JobFailed("sweep", ERROR),
            ("warning", "A periodic job failed", {"job": "sweep", "error": "ConnectionError: it is gone"}),
        ),
        (ReportDropped("network"), ("warning", "Errors are not reported to Sentry", {"reason": "network"})),
        (RequestShed("writer"), ("warning", "A full queue turns requests away", {"queue": "writer"})),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_event_in_words(event: object, line: Line) -> None:
    assert Recorded().lines(event) == [line]


@pytest.mark.parametrize("reason", ["alike", "many"])
def test_what_is_held_back_by_design_is_no_line(reason: str) -> None:
    assert Recorded().lines(ReportDropped(reason)) == []


def test_a_request_is_an_access_line() -> None:
    recorded = Recorded()
    recorded.events.emit(RequestFinished("id", "GET", "/x", "/x", 200, 0.001, "", 0, ""))
    recorded.output.flush()
    assert msgspec.json.decode(recorded.access[0])["request_id"] == "id"


@pytest.mark.parametrize(
    ("settings", "statuses"),
    [
        (Settings(), [200, 503]),
        (Settings(access_log_sample=0.0), [503]),
        (Settings(log_level="warning"), [503]),
        (Settings(log_level="error"), [503]),
    ],
)
def test_settings_choose_access_lines(settings: Settings, statuses: list[int]) -> None:
    recorded = Recorded(settings)
    for status in (200, 503):
        recorded.events.emit(RequestFinished("id", "GET", "/x", "/x", status, 0.001, "", 0, ""))
    recorded.output.flush()
    lines = b"".join(recorded.access).splitlines()
    assert [msgspec.json.decode(line)["status"] for line in lines] == statuses


@pytest.mark.parametrize(
    "event",
    [
        DatabaseFailed("sqlite", "io", ERROR),
        FlightSplit("a", 1, ERROR),
        FlightRetried("a", "1"),
        RequestShed("a"),
        JobFailed("a", ERROR),
        ReportDropped("network"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_flood_is_a_few_lines(event: object) -> None:
    recorder, clock = Recorder(), Clock()
    lines = EventLines(recorder, clock)
    write = {
        DatabaseFailed: lines.database_failed,
        FlightSplit: lines.flight_split,
        FlightRetried: lines.flight_retried,
        RequestShed: lines.request_shed,
        JobFailed: lines.job_failed,
        ReportDropped: lines.report_dropped,
    }[type(event)]
    for _ in range(1000):
        write(event)
    before = len(recorder.lines)
    clock.now += 1
    write(event)
    assert (before, recorder.lines[-1][2]["suppressed"]) == (PER_SECOND, 1000 - PER_SECOND)


def test_a_flood_of_one_kind_does_not_hide_another() -> None:
    recorder, clock = Recorder(), Clock()
    lines = EventLines(recorder, clock)
    for _ in range(100):
        lines.database_failed(DatabaseFailed("sqlite", "io", ERROR))
    lines.database_failed(DatabaseFailed("sqlite", "full", ERROR))
    assert recorder.lines[-1][2]["kind"] == "full"


def test_notices_are_never_held_back() -> None:
    assert len(Recorded().lines(*[Notice("info", "x")] * 100)) == 100


def test_a_throttle_counts_what_it_holds_back() -> None:
    clock = Clock()
    throttle = Throttle(2, clock)
    first = [throttle.passes("a") for _ in range(5)]
    clock.now += 1
    second = [throttle.passes("a") for _ in range(3)]
    clock.now += 7
    third = [throttle.passes("a") for _ in range(2)]
    assert (first, second, third) == ([0, 0, None, None, None], [3, 0, None], [1, 0])
