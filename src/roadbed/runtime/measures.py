"""The table of metrics: name, kind, labels and help of everything at ``/metrics``.

``docs/reference/metrics.md`` is written from it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

DURATIONS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
WAITS = (0.0001, *DURATIONS)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Measure(msgspec.Struct, frozen=True):
    """One metric.

    ``across`` tells what one scrape shows of several workers: ``sum`` or ``max`` of their values. Counters and
    histograms are always summed, those of workers that are gone included, so that they never go back.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    across: Literal["sum", "max"] = "sum"


class Sample(NamedTuple):
    """One number of a gauge that somebody else has looked at."""

    measure: Measure
    labels: tuple[str, ...]
    value: float


HTTP_REQUESTS = Measure(
    "roadbed_http_requests_total",
    "counter",
    "Requests answered. `route` is the template, `unmatched` where none fits; status 499: the client had left.",
    ("route", "method", "status"),
)
HTTP_DURATION = Measure(
    "roadbed_http_request_duration_seconds",
    "histogram",
    "Time from a request's complete head, when its turn has come on its connection, until its reply is handed to the "
    "connection; of an event stream, until it begins.",
    ("route", "method"),
    DURATIONS,
)
HTTP_IN_FLIGHT = Measure("roadbed_http_requests_in_flight", "gauge", "Requests being answered now.")
HTTP_CONNECTIONS = Measure("roadbed_http_connections", "gauge", "Open connections.")
HTTP_STREAMS = Measure("roadbed_http_event_streams", "gauge", "Open event streams.")
FLIGHT_SIZE = Measure("roadbed_flight_size", "histogram", "Requests that shared one flight.", ("flight",), SIZES)
FLIGHT_WAIT = Measure(
    "roadbed_flight_wait_seconds",
    "histogram",
    "Time for which the first request of a flight waited for it to leave.",
    ("flight",),
    WAITS,
)
FLIGHT_DURATION = Measure(
    "roadbed_flight_duration_seconds", "histogram", "Time a flight was in the air.", ("flight",), WAITS
)
FLIGHT_SPLITS = Measure(
    "roadbed_flight_splits_total", "counter", "Flights that ran again item by item after an error.", ("flight",)
)
FLIGHT_RETRIES = Measure(
    "roadbed_flight_retries_total",
    "counter",
    "Flights that ran again after a deadlock or serialization failure, by SQLSTATE.",
    ("flight", "code"),
)
REQUESTS_SHED = Measure(
    "roadbed_requests_shed_total", "counter", "Requests turned away because a queue was full.", ("queue",)
)
QUEUE_DEPTH = Measure("roadbed_queue_depth", "gauge", "Entries that wait in a queue now.", ("queue",))
POOL = Measure(
    "roadbed_pool_connections",
    "gauge",
    "Connections to PostgreSQL: `size` are open, `idle` of these unused, `limit` allowed.",
    ("state",),
)
DATABASE_FILE = Measure(
    "roadbed_database_file_bytes",
    "gauge",
    "Size of the SQLite file (`main`) and of its write-ahead log (`wal`).",
    ("file",),
    across="max",
)
DATABASE_ERRORS = Measure(
    "roadbed_database_errors_total", "counter", "What the database could not do, by kind.", ("dialect", "kind")
)
CACHE_REQUESTS = Measure(
    "roadbed_cache_requests_total",
    "counter",
    "Requests that the cache was asked for, by the feed that they follow. `hit`: kept in this process; `shared`: in "
    "Redis; `miss`; `collapsed`: another request was just making the reply; `bypass`: the client wanted a new one.",
    ("resource", "result"),
)
CACHE_ENTRIES = Measure("roadbed_cache_entries", "gauge", "Replies that are kept in memory.")
CACHE_BYTES = Measure("roadbed_cache_bytes", "gauge", "Memory that these replies take, about.")
CACHE_ERRORS = Measure(
    "roadbed_cache_errors_total", "counter", "What Redis could not do; replies came from memory and the database then."
)
STATISTICS_SKIPPED = Measure(
    "roadbed_statistics_skipped_total",
    "counter",
    "Times at which figures were not written into the database, because it was busy or away.",
)
REPORTS_DROPPED = Measure(
    "roadbed_reports_dropped_total",
    "counter",
    "Errors that were not reported to Sentry. `alike`, `many`: bounds per minute; `queue`: full; `network`; `limited`: "
    "the receiver wants no more for now; `refused`; `broken`: it could not be put into words.",
    ("reason",),
)
SPANS_EXPORTED = Measure("roadbed_spans_exported_total", "counter", "Spans that the collector of traces took.")
SPANS_DROPPED = Measure(
    "roadbed_spans_dropped_total",
    "counter",
    "Spans that are lost. `queue`: too many waited; `collector`: it did not take them; `stop`: there was no time left.",
    ("reason",),
)
LOOP_LAG = Measure(
    "roadbed_event_loop_lag_seconds",
    "gauge",
    "How late the event loop was at the last look, once a second.",
    across="max",
)
PROCESS_CPU = Measure(
    "roadbed_process_cpu_seconds_total", "counter", "CPU time of a worker, by process id.", ("worker",)
)
PROCESS_MEMORY = Measure("roadbed_process_resident_memory_bytes", "gauge", "Resident memory of a worker.", ("worker",))
PROCESS_FILES = Measure("roadbed_process_open_files", "gauge", "Open file descriptors of a worker.", ("worker",))
PROCESS_FILES_LIMIT = Measure(
    "roadbed_process_max_open_files", "gauge", "Limit of open file descriptors of a worker.", ("worker",)
)
PROCESS_START = Measure(
    "roadbed_process_start_time_seconds", "gauge", "When a worker began, in Unix time.", ("worker",)
)
BUILD_INFO = Measure(
    "roadbed_build_info",
    "gauge",
    "Always 1: the labels tell what runs.",
    ("version", "python", "engine"),
    across="max",
)
RESOURCE_ROWS = Measure(
    "roadbed_resource_rows",
    "gauge",
    "Rows of a resource that has statuses, by status, as the database had them at the last look.",
    ("resource", "status"),
    across="max",
)
LOOK_TIMESTAMP = Measure(
    "roadbed_look_timestamp_seconds",
    "gauge",
    "When figures were last read from the database, in Unix time, by the name of the look.",
    ("look",),
    across="max",
)

MEASURES = (
    HTTP_REQUESTS,
    HTTP_DURATION,
    HTTP_IN_FLIGHT,
    HTTP_CONNECTIONS,
    HTTP_STREAMS,
    FLIGHT_SIZE,
    FLIGHT_WAIT,
    FLIGHT_DURATION,
    FLIGHT_SPLITS,
    FLIGHT_RETRIES,
    REQUESTS_SHED,
    QUEUE_DEPTH,
    POOL,
    DATABASE_FILE,
    DATABASE_ERRORS,
    CACHE_REQUESTS,
    CACHE_ENTRIES,
    CACHE_BYTES,
    CACHE_ERRORS,
    STATISTICS_SKIPPED,
    REPORTS_DROPPED,
    SPANS_EXPORTED,
    SPANS_DROPPED,
    LOOP_LAG,
    PROCESS_CPU,
    PROCESS_MEMORY,
    PROCESS_FILES,
    PROCESS_FILES_LIMIT,
    PROCESS_START,
    BUILD_INFO,
)
"""What processes count, and what they see of themselves."""

LOOKED = (RESOURCE_ROWS, LOOK_TIMESTAMP)
"""What one process at a time reads from the database for all of them (``platform.looking``)."""

ALL = (*MEASURES, *LOOKED)
