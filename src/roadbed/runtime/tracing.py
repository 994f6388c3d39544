"""Which requests are traced, and what their spans say in the end: it subscribes to events, as logs and metrics do.

Sampling is that of OpenTelemetry's ``ParentBased(TraceIdRatioBased)``: a caller's decision holds; of traces that begin
here those are kept whose lower 64 bits lie below a bound, and only they get an id at all. What is recorded are plain
objects; a thread hands them to OpenTelemetry's exporter (``span_export``, ``otlp``, ``collector``), and nobody who
serves ever waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from random import getrandbits

import roadbed
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.events import (
    CacheAsked,
    DatabaseFailed,
    Events,
    FlightRetried,
    FlightSplit,
    RequestFinished,
    RequestShed,
)
from roadbed.kernel.settings import Settings
from roadbed.kernel.settings_values import header_fields
from roadbed.kernel.spans import SERVER, Span, Value, current, enter
from roadbed.runtime.access_log import SERVER_ERROR
from roadbed.runtime.span_export import SpanExport
from roadbed.runtime.tallies import METHODS

CLIENT_ERROR = 400

_BITS = 64


class Tracing:
    """The tracer of one process, over what exports its spans."""

    def __init__(self, sample: float, export: SpanExport) -> None:
        self._bound = round(sample * 2**_BITS)
        self._export = export
        self.keep: Callable[[Span], None] = export.keep
        """Take a span that has ended."""

    def draw(self) -> int:
        """Return the id of a trace that begins here, or 0 where it is not among the sample."""
        low = getrandbits(_BITS)
        return 0 if low >= self._bound else getrandbits(_BITS) << _BITS | low or 1

    def subscribe(self, events: Events) -> None:
        """End spans, and note on them what happens, from now on."""
        events.on(RequestFinished, self._finished)
        events.on(CacheAsked, _cache_asked)
        events.on(FlightRetried, lambda event: _note("flight ran again", {"db.response.status_code": event.code}))
        events.on(FlightSplit, lambda event: _note("flight was split", {"error.type": type(event.error).__name__}))
        events.on(RequestShed, lambda event: _note("queue was full", {"roadbed.queue": event.queue}))
        events.on(DatabaseFailed, lambda event: _note("database failed", {"error.type": event.kind}))

    async def close(self) -> None:
        """Hand over what is left, within a few seconds."""
        await self._export.close()

    def _finished(self, event: RequestFinished) -> None:
        """End the span of a request, in its task."""
        if not event.span_id:
            return
        span = current()
        enter(None)
        if span is None or span.kind != SERVER:
            # Told by somebody else than the task that began it: there is nothing to end here.
            return
        attributes = span.attributes
        method = event.method if event.method in METHODS else "_OTHER"
        attributes["http.request.method"] = method
        if method == "_OTHER":
            attributes["http.request.method_original"] = event.method[:32]
            method = "HTTP"
        span.name = f"{method} {event.route}" if event.route else method
        if event.route:
            attributes["http.route"] = event.route
        attributes["http.response.status_code"] = event.status
        attributes["http.response.body.size"] = event.size
        if event.cache:
            attributes["roadbed.cache.result"] = event.cache
        if event.problem:
            attributes["roadbed.problem"] = event.problem
        # A problem with the status of a success: what broke a reply in its middle.
        if event.status >= SERVER_ERROR or (event.problem and event.status < CLIENT_ERROR):
            span.error = event.problem or str(event.status)
        span.end(span.began + event.duration)


def _cache_asked(event: CacheAsked) -> None:
    _note("cache asked", {"roadbed.cache.resource": event.resource, "roadbed.cache.result": event.result})


def _note(name: str, attributes: dict[str, Value]) -> None:
    span = current()
    if span is not None:
        span.note(name, attributes)


def open_tracing(settings: Settings, events: Events, instance: str) -> Tracing | None:
    """Begin to trace, where the settings name a collector. ``instance`` names this process.

    Raises:
        ConfigurationError: the Python package is missing.
    """
    if not settings.otlp_endpoint:
        return None
    try:
        # Only who has a collector waits for these.
        from roadbed.runtime.collector import Collector
        from roadbed.runtime.otlp import Translation
    except ImportError as error:
        raise ConfigurationError(
            "Traces (otlp_endpoint) need the Python package opentelemetry-exporter-otlp-proto-http: "
            "pip install 'roadbed[otlp]'"
        ) from error
    translation = Translation(
        {
            "service.name": settings.service_name,
            "service.version": roadbed.__version__,
            "service.instance.id": instance,
            "deployment.environment.name": settings.environment,
            "telemetry.sdk.language": "python",
            "telemetry.sdk.name": "roadbed",
            "telemetry.sdk.version": roadbed.__version__,
        },
        roadbed.__version__,
    )
    collector = Collector(settings.otlp_endpoint, header_fields(settings.otlp_headers), translation)
    export = SpanExport(collector, events, bound=settings.trace_queue)
    tracing = Tracing(settings.trace_sample, export)
    tracing.subscribe(events)
    export.start()
    return tracing
