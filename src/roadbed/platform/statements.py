"""The named statements of the statistics, and the structs of their rows."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from roadbed.data.queries import Queries, Query, Row
from roadbed.platform.grouping import STATEMENTS

EVERYONE = UUID(int=0)
"""The process under which rows of a minute stand: all processes together."""


class SeriesRow(msgspec.Struct, frozen=True):
    """One span of time: counts are sums, states are means."""

    bucket: datetime
    seconds: float
    latency_sum: float
    cpu: float
    requests: int
    refused: int
    errors: int
    latency_00: int
    latency_01: int
    latency_02: int
    latency_03: int
    latency_04: int
    latency_05: int
    latency_06: int
    latency_07: int
    latency_08: int
    latency_09: int
    latency_10: int
    latency_11: int
    latency_12: int
    latency_13: int
    latency_14: int
    latency_15: int
    cache_hits: int
    cache_misses: int
    flights: int
    flight_items: int
    shed: int
    database_errors: int
    skipped: int
    processes: float
    in_flight: float
    queued: float
    connections: float
    subscribers: float
    memory: float
    cache_entries: float
    cache_bytes: float
    disk_free: int
    disk_size: int
    database_bytes: int
    queued_most: int


class WorkerRow(msgspec.Struct, frozen=True):
    """The last row of one process."""

    process: UUID
    node: str
    pid: int
    started_at: datetime
    at: datetime
    seconds: float
    requests: int
    errors: int
    in_flight: int
    connections: int
    subscribers: int
    queued: int
    cpu: float
    memory: int
    cache_entries: int
    cache_bytes: int


class CacheRow(msgspec.Struct, frozen=True):
    """How often the cache was asked for what follows a feed."""

    resource: str
    hits: int
    misses: int


class WatchRow(msgspec.Struct, frozen=True):
    """How many watch a feed."""

    feed: str
    subscribers: int


class ErrorRow(msgspec.Struct, frozen=True):
    """One failed request."""

    id: UUID
    at: datetime
    request_id: str
    method: str
    route: str
    status: int
    problem: str
    title: str
    error: str
    node: str
    pid: int


class StorageRow(msgspec.Struct, frozen=True):
    """One table as it was measured; the name is empty for the whole database, whose ``row_count`` is its free room."""

    name: str
    row_count: int
    kind: str
    bytes: int | None
    at: datetime


class TableRow(msgspec.Struct, frozen=True):
    """A table of the database. ``bare``: SQLite keeps it without row ids."""

    name: str
    bare: int
    estimate: int
    bytes: int | None


class SizeRow(msgspec.Struct, frozen=True):
    """Bytes of the database, and those of them that are free."""

    bytes: int
    free: int | None


class FeedRow(msgspec.Struct, frozen=True):
    """A feed and its last number."""

    name: str
    number: int


class TimeRow(msgspec.Struct, frozen=True):
    """A point in time."""

    at: datetime


class FigureRow(msgspec.Struct, frozen=True):
    """What a look found: ``samples`` is JSON of names of metrics, values of labels, numbers."""

    name: str
    samples: str
    at: datetime
    until: datetime


class UntilRow(msgspec.Struct, frozen=True):
    """Until when something is somebody's."""

    until: datetime


class ErrorPlace(msgspec.Struct, frozen=True):
    """Where an error stands among all."""

    id: UUID
    at: datetime


class CountRow(msgspec.Struct, frozen=True):
    """How many there are."""

    total: int


_sql = Queries("roadbed.platform")

WRITE: Query[Row] = Query("write", STATEMENTS["write"], tuple)
WRITE_CACHE = _sql.statement("write_cache")
WRITE_WATCH = _sql.statement("write_watch")
WRITE_ERROR = _sql.statement("write_error")
WRITE_STORAGE = _sql.statement("write_storage")
SERIES = Query("series", STATEMENTS["series"], SeriesRow)
THIN: Query[Row] = Query("thin", STATEMENTS["thin"], tuple)
DROP_THINNED = _sql.statement("drop_thinned")
OLDEST_TICK = _sql.query("oldest_tick", TimeRow)
BEYOND = _sql.query("beyond", TimeRow)
DROP_OLD = _sql.statement("drop_old")
DROP_OLD_CACHE = _sql.statement("drop_old_cache")
DROP_OLD_WATCH = _sql.statement("drop_old_watch")
DROP_OLD_STORAGE = _sql.statement("drop_old_storage")
FIRST_ERRORS_TO_KEEP = _sql.query("first_errors_to_keep", ErrorPlace)
DROP_OLD_ERRORS = _sql.statement("drop_old_errors")
DROP_AGED_ERRORS = _sql.statement("drop_aged_errors")
WORKERS = _sql.query("workers", WorkerRow)
CACHE = _sql.query("cache", CacheRow)
WATCH = _sql.query("watch", WatchRow)
ERRORS = _sql.query("errors", ErrorRow)
COUNT_ERRORS = _sql.query("count_errors", CountRow)
STORAGE = _sql.query("storage", StorageRow)
DUE = _sql.query("due", TimeRow)
CLAIM = _sql.query("claim", TimeRow)
FEEDS = _sql.query("feeds", FeedRow)
FIGURES = _sql.query("figures", FigureRow)
CLAIM_FIGURE = _sql.query("claim_figure", UntilRow)
WRITE_FIGURE = _sql.statement("write_figure")
PUT_OFF_FIGURE = _sql.statement("put_off_figure")
TABLES = _sql.query("tables", TableRow)
DATABASE_SIZE = _sql.query("database_size", SizeRow)
