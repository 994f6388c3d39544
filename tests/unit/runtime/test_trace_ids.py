"""Trace ids in the log: on access lines, on what is written while a request runs, and what is said of lost spans."""

from typing import Any

import msgspec
import pytest

from roadbed.kernel.events import DatabaseFailed, Events, Notice, RequestFinished, SpansDropped
from roadbed.kernel.settings import Settings
from roadbed.runtime.log_events import QUIET, EventLines, log_events
from roadbed.runtime.log_output import LogOutput
from roadbed.runtime.logs import open_logs
from tests.support.tracing import Kept

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Journal:
    """A real log whose lines are kept, behind events."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        settings = Settings(log_format="json")
        self._logs = open_logs(settings, LogOutput(self.written.append, interval=3600), terminal=False)
        self.events = Events()
        log_events(self.events, self._logs, settings)

    def lines(self) -> list[dict[str, Any]]:
        self._logs.output.flush()
        return [msgspec.json.decode(line) for line in b"".join(self.written).splitlines()]


@pytest.fixture
def journal() -> Journal:
    return Journal()


def ids(line: dict[str, Any]) -> tuple[str, str]:
    return line.get("trace_id", ""), line.get("span_id", "")


def finished(trace: str = "", span: str = "") -> RequestFinished:
    return RequestFinished("id", "GET", "/x", "/x", 200, 0.001, "", 0, "", trace, "", span)


@pytest.mark.parametrize("given", [("", ""), (TRACE, ""), (TRACE, SPAN)])
def test_an_access_line_names_trace_and_span(journal: Journal, given: tuple[str, str]) -> None:
    journal.events.emit(finished(*given))
    (line,) = journal.lines()
    assert ids(line) == given
    assert ("trace_id" in line, "span_id" in line) == (given[0] != "", given[1] != "")


@pytest.mark.parametrize("event", [Notice("info", "Hello"), DatabaseFailed("sqlite", "io", OSError("it broke"))])
def test_a_line_of_a_request_names_its_span(journal: Journal, event: object) -> None:
    with Kept().request(trace_id=int(TRACE, 16)) as span:
        journal.events.emit(event)
    (line,) = journal.lines()
    assert ids(line) == (TRACE, span.span_hex)


def test_a_line_of_nobody_names_none(journal: Journal) -> None:
    journal.events.emit(Notice("info", "Hello"))
    (line,) = journal.lines()
    assert ids(line) == ("", "")


def test_what_an_event_says_itself_stands(journal: Journal) -> None:
    with Kept().request():
        journal.events.emit(Notice("info", "Hello", {"trace_id": "another"}))
    (line,) = journal.lines()
    assert line["trace_id"] == "another"


def test_lost_spans_are_told(journal: Journal) -> None:
    journal.events.emit(SpansDropped(7, "collector", "Connection refused"))
    (line,) = journal.lines()
    told = {name: line[name] for name in ("level", "event", "count", "reason", "detail")}
    assert told == {
        "level": "warning",
        "event": "Spans were dropped",
        "count": 7,
        "reason": "collector",
        "detail": "Connection refused",
    }


class Lines:
    """Stands in for a logger."""

    def __init__(self) -> None:
        self.fields: list[dict[str, Any]] = []

    def warning(self, _event: str, **fields: Any) -> None:
        self.fields.append(fields)


def test_lost_spans_are_told_seldom() -> None:
    clock, logger = [3000.0], Lines()
    lines = EventLines(logger, lambda: clock[0])
    for _ in range(100):
        lines.spans_dropped(SpansDropped(5, "queue", "full"))
    # Another reason is another matter.
    lines.spans_dropped(SpansDropped(1, "collector", "away"))
    clock[0] += QUIET
    lines.spans_dropped(SpansDropped(5, "queue", "full"))
    assert [(each["reason"], each.get("suppressed", 0)) for each in logger.fields] == [
        ("queue", 0),
        ("collector", 0),
        ("queue", 99),
    ]
