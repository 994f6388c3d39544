"""Errors as issues, in Sentry or whatever speaks its protocol. The SDK is imported only where a DSN is set.

Of the SDK only the client and its transport are used: no integration, no global state, no hook in anybody's code.
Reports are bounded per minute, wait in a bounded queue, and are sent by a thread of the SDK's; a receiver that is away
or slow costs reports, and nothing else. Each process has its own.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from time import monotonic
from types import TracebackType
from typing import Any, Self

from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.events import CacheFailed, DatabaseFailed, Events, JobFailed, Notice, ReportDropped, RequestFailed
from roadbed.kernel.settings import Settings
from roadbed.runtime.reports import Report, last_place, report_of
from roadbed.runtime.tallies import METHODS, OTHER, UNMATCHED

ALIKE = 5
MANY = 60
"""Reports a minute of one process: of one kind and place, and in all."""

QUEUE = 100
"""Reports that wait to be sent."""

TIMEOUT = 5.0
"""Seconds that a receiver may take for one report."""

FLUSH = 2.0
"""Seconds that a stop waits for reports to leave."""

_EXPECTED = ("lock", "contention", "stale")
"""Kinds of database errors that concurrent writers make of each other: they are retried, or told to the client."""

_REASONS = {
    "full_queue": "queue",
    "network": "network",
    "status_429": "limited",
    "self_rate_limits": "limited",
}


class Bounds:
    """At most ``alike`` of one kind and ``many`` in all, a minute. Safe in any thread."""

    def __init__(self, alike: int = ALIKE, many: int = MANY, clock: Callable[[], float] = monotonic) -> None:
        self._alike, self._many, self._clock = alike, many, clock
        self._lock = threading.Lock()
        self._minute = -1
        self._seen: dict[str, int] = {}
        self._all = 0

    def refuses(self, kind: str) -> str:
        """Count one; return why it is too many (``alike``, ``many``), or an empty text."""
        with self._lock:
            minute = int(self._clock() // 60)
            if minute != self._minute:
                self._minute, self._all = minute, 0
                self._seen.clear()
            if self._all >= self._many:
                return "many"
            seen = self._seen.get(kind, 0)
            if seen >= self._alike:
                return "alike"
            self._seen[kind] = seen + 1
            self._all += 1
            return ""


class Reporter:
    """Sends what an engineer on call wants to know of. ``domain_of`` says of a route's template whose it is."""

    def __init__(self, client: Any, events: Events, bounds: Bounds | None = None) -> None:
        self.domain_of: Mapping[str, str] = {}
        self._client = client
        self._events = events
        self._bounds = bounds or Bounds()

    def subscribe(self, events: Events) -> None:
        """Report from now on. Foreseen refusals (400 to 499, a full queue) are no errors, and not reported."""
        events.on(RequestFailed, self._request_failed)
        events.on(DatabaseFailed, self._database_failed)
        events.on(CacheFailed, self._cache_failed)
        events.on(JobFailed, self._job_failed)
        events.on(Notice, self._notice)

    def broke_off(self, error: BaseException) -> None:
        """Report that the service did not start, or did not stop in order."""
        self._send(Report("start", "The service did not start or stop in order", error, {}))

    def close(self, timeout: float = FLUSH) -> None:
        """Wait for what waits to be sent, for so many seconds at most. Blocks."""
        self._client.close(timeout)

    async def __aenter__(self) -> Self:
        """Return itself: the error that ends the block is reported, then all is sent."""
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            self.broke_off(error)
        await asyncio.to_thread(self.close)

    def _request_failed(self, event: RequestFailed) -> None:
        route = event.route or UNMATCHED
        method = event.method if event.method in METHODS else OTHER
        tags = {"request_id": event.request_id, "method": method, "route": route}
        if domain := self.domain_of.get(event.route):
            tags["domain"] = domain
        if event.trace_id:
            tags["trace_id"] = event.trace_id
        self._send(Report("request", f"{method} {route}", event.error, tags))

    def _database_failed(self, event: DatabaseFailed) -> None:
        if event.kind not in _EXPECTED:
            tags = {"dialect": event.dialect, "kind": event.kind}
            # One issue per kind, wherever it was noticed.
            together = ("database", event.dialect, event.kind)
            self._send(Report("database", "The database failed", event.error, tags, together=together))

    def _cache_failed(self, event: CacheFailed) -> None:
        self._send(Report("cache", "The cache in Redis failed", event.error, {}, "warning", ("cache",)))

    def _job_failed(self, event: JobFailed) -> None:
        self._send(Report("job", f"job {event.job}", event.error, {"job": event.job}))

    def _notice(self, event: Notice) -> None:
        if event.level == "error":
            numbers = {name: str(value) for name, value in event.fields.items() if isinstance(value, int)}
            self._send(Report("notice", event.message, None, numbers))

    def _send(self, report: Report) -> None:
        kind = "|".join((report.kind, report.title, *(report.together or last_place(report.error))))
        if reason := self._bounds.refuses(kind):
            self._events.emit(ReportDropped(reason))
            return
        try:
            self._client.capture_event(report_of(report))
        except Exception:  # noqa: BLE001 - who reports an error must not make another one
            self._events.emit(ReportDropped("broken"))


def open_reporter(settings: Settings, events: Events) -> Reporter | None:
    """Return the reporter of this process, subscribed; None where no DSN is set.

    Raises:
        ConfigurationError: the extra ``sentry`` is not installed.
    """
    if not settings.sentry_dsn:
        return None
    reporter = Reporter(_client(settings, events), events)
    reporter.subscribe(events)
    return reporter


@contextmanager
def reporting_failures(settings: Settings) -> Generator[None]:
    """Report the error that ends the block: for what comes before a process serves."""
    reporter = open_reporter(settings, Events())
    try:
        yield
    except Exception as error:
        if reporter is not None:
            reporter.broke_off(error)
        raise
    finally:
        if reporter is not None:
            reporter.close()


def _client(settings: Settings, events: Events) -> Any:
    import roadbed

    try:
        import sentry_sdk
        from sentry_sdk.transport import HttpTransport
    except ImportError:
        raise ConfigurationError(
            problems=["sentry_dsn: the extra `sentry` is not installed: pip install 'roadbed[sentry]'"]
        ) from None

    class Transport(HttpTransport):
        """The SDK's own, less patient, which tells what it could not send."""

        TIMEOUT = TIMEOUT

        def on_dropped_event(self, _reason: str) -> None:
            events.emit(ReportDropped(_REASONS.get(_reason, "refused")))

    # Its own complaints, with the tracebacks of a receiver that is away, are said by ours in one line.
    logging.getLogger("sentry_sdk.errors").setLevel(logging.CRITICAL + 1)
    return sentry_sdk.Client(
        dsn=settings.sentry_dsn,
        transport=Transport,
        transport_queue_size=QUEUE,
        release=f"roadbed@{roadbed.__version__}",
        environment=settings.environment,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[],
        auto_session_tracking=False,
        send_client_reports=False,
        enable_backpressure_handling=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        spotlight=False,
        debug=False,
        # Reports are made of chosen parts. This is the last gate: what nobody chose does not pass.
        before_send=_only_chosen,
    )


_CHOSEN = frozenset(
    [
        "event_id",
        "timestamp",
        "level",
        "logger",
        "platform",
        "transaction",
        "message",
        "exception",
        "tags",
        "contexts",
        "fingerprint",
        "release",
        "environment",
        "server_name",
        "sdk",
    ]
)


def _only_chosen(event: Any, _hint: object) -> Any:
    return {name: value for name, value in event.items() if name in _CHOSEN}
