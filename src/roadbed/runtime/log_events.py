"""What the log says of events: it subscribes, who emits does not know of it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

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
    SpansDropped,
)
from roadbed.kernel.settings import Settings
from roadbed.runtime.access_log import access_log
from roadbed.runtime.logs import LEVELS, Logs

PER_SECOND = 3
"""Lines per second and kind: when a database is away, every request says so."""

TRACEBACKS_PER_SECOND = 10

QUIET = 30.0
"""Seconds for which one line on lost spans is enough: no request is worse off for them, and a metric counts each."""


class Throttle:
    """Lets ``limit`` events per second and kind pass, and counts those that it holds back."""

    def __init__(self, limit: int, clock: Callable[[], float] = monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._windows: dict[str, tuple[int, int, int]] = {}

    def passes(self, kind: str) -> int | None:
        """Return how many were held back since the last one that passed, or None to hold this one back."""
        second = int(self._clock())
        begun, passed, held = self._windows.get(kind, (second, 0, 0))
        if begun != second:
            passed = 0
        if passed >= self._limit:
            self._windows[kind] = (second, passed, held + 1)
            return None
        self._windows[kind] = (second, passed + 1, 0)
        return held


def log_events(events: Events, logs: Logs, settings: Settings) -> None:
    """Subscribe the log to everything that it tells."""
    events.on(
        RequestFinished,
        access_log(
            logs.output.line,
            logs.origin,
            sample=settings.access_log_sample,
            errors_only=LEVELS[settings.log_level] > LEVELS["info"],
            console=logs.console,
            colours=logs.colours,
        ),
    )
    lines = EventLines(logs.logger)
    events.on(Notice, lines.notice)
    events.on(RequestFailed, lines.request_failed)
    events.on(DatabaseFailed, lines.database_failed)
    events.on(JobFailed, lines.job_failed)
    events.on(CacheFailed, lines.cache_failed)
    events.on(FlightSplit, lines.flight_split)
    events.on(FlightRetried, lines.flight_retried)
    events.on(RequestShed, lines.request_shed)
    events.on(ReportDropped, lines.report_dropped)

    events.on(SpansDropped, lines.spans_dropped)


class EventLines:
    """One method per kind of event; the frequent ones are throttled, and say how many lines they stand for."""

    def __init__(self, logger: Any, clock: Callable[[], float] = monotonic) -> None:
        self._logger = logger
        self._few = Throttle(PER_SECOND, clock)
        self._more = Throttle(TRACEBACKS_PER_SECOND, clock)
        self._rare = Throttle(1, lambda: clock() / QUIET)

    def notice(self, event: Notice) -> None:
        """Write what an operator should read."""
        self._logger.log(LEVELS[event.level], event.message, **event.fields)

    def request_failed(self, event: RequestFailed) -> None:
        """Write an unforeseen error with its traceback."""
        if (held := self._more.passes("request")) is not None:
            self._logger.error(
                "A request met an unforeseen error",
                request_id=event.request_id,
                method=event.method,
                route=event.route,
                exc_info=event.error,
                **({"trace_id": event.trace_id} if event.trace_id else {}),
                **_suppressed(held),
            )

    def database_failed(self, event: DatabaseFailed) -> None:
        """Write that the database could not do what was asked."""
        if (held := self._few.passes(f"database:{event.kind}")) is not None:
            self._logger.error(
                "The database failed",
                dialect=event.dialect,
                kind=event.kind,
                error=_line(event.error),
                **_suppressed(held),
            )

    def job_failed(self, event: JobFailed) -> None:
        """Write that a periodic job did not do its work this time."""
        if (held := self._few.passes(f"job:{event.job}")) is not None:
            self._logger.warning("A periodic job failed", job=event.job, error=_line(event.error), **_suppressed(held))

    def cache_failed(self, event: CacheFailed) -> None:
        """Write that Redis did not do what was asked."""
        if (held := self._few.passes("cache")) is not None:
            self._logger.warning("The cache in Redis failed", error=_line(event.error), **_suppressed(held))

    def flight_split(self, event: FlightSplit) -> None:
        """Write that a flight had to run item by item: the cause deserves a look."""
        if (held := self._few.passes(f"split:{event.flight}")) is not None:
            self._logger.warning(
                "A flight was split",
                flight=event.flight,
                size=event.size,
                exc_info=event.error,
                **_suppressed(held),
            )

    def flight_retried(self, event: FlightRetried) -> None:
        """Write that a flight ran again."""
        if (held := self._few.passes(f"retry:{event.flight}")) is not None:
            self._logger.info("A flight ran again", flight=event.flight, code=event.code, **_suppressed(held))

    def request_shed(self, event: RequestShed) -> None:
        """Write that a full queue turns requests away."""
        if (held := self._few.passes(f"shed:{event.queue}")) is not None:
            self._logger.warning("A full queue turns requests away", queue=event.queue, **_suppressed(held))

    def report_dropped(self, event: ReportDropped) -> None:
        """Write that Sentry does not get to know of an error; the bounds per minute are counted in metrics alone."""
        if event.reason in _BY_DESIGN:
            return
        if (held := self._few.passes(f"report:{event.reason}")) is not None:
            self._logger.warning("Errors are not reported to Sentry", reason=event.reason, **_suppressed(held))

    def spans_dropped(self, event: SpansDropped) -> None:
        """Write that traces are lost."""
        if (held := self._rare.passes(f"spans:{event.reason}")) is not None:
            fields = {"count": event.count, "reason": event.reason, "detail": event.detail}
            self._logger.warning("Spans were dropped", **fields, **_suppressed(held))


_BY_DESIGN = ("alike", "many")


def _suppressed(held: int) -> dict[str, int]:
    return {"suppressed": held} if held else {}


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".split("\n", 1)[0]
