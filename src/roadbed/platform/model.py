"""What the operations under ``/platform`` answer.

Times are UTC, sizes in bytes, durations in seconds unless a name ends in ``_ms``. Counts are those of a span of time;
states (memory, queues …) are the mean over that span. All figures are of all processes together unless said.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from roadbed.runtime.health import Report

Count = Annotated[int, msgspec.Meta(ge=0)]
Size = Annotated[int, msgspec.Meta(ge=0, description="Bytes")]


class DomainShown(msgspec.Struct, frozen=True):
    """A domain that is on. ``page`` is the path of its page for people, or empty."""

    name: str
    title: str
    page: str


class Worker(msgspec.Struct, frozen=True):
    """A process of the service, and its last figures. ``seen_at`` is when it wrote them.

    ``cpu`` is in cores, ``subscribers`` counts open event streams.
    """

    id: UUID
    node: str
    pid: Count
    started_at: datetime
    seen_at: datetime
    requests_per_second: float
    errors: Count
    in_flight: float
    connections: float
    subscribers: float
    queued: float
    cpu: float
    memory: Size


class Node(msgspec.Struct, frozen=True):
    """The process that answered."""

    id: UUID
    node: str
    pid: Count
    started_at: datetime


class About(msgspec.Struct, frozen=True):
    """The service as a whole. ``workers`` are those that have written figures lately; none where that is off.

    ``statistics_every`` is the setting: seconds between two figures of a process, 0 where there are none.
    """

    name: str
    version: str
    python: str
    environment: str
    engine: Literal["sqlite", "postgres"]
    now: datetime
    started_at: datetime
    statistics_every: float
    process: Node
    domains: list[DomainShown]
    workers: list[Worker]
    health: Report


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds until replies were handed to their connections. Quantiles come from a histogram, by linear
    interpolation within its buckets: the mean is exact."""

    mean: float
    p50: float
    p90: float
    p99: float


class Point(msgspec.Struct, frozen=True):
    """One span of time, ``seconds`` long as far as figures cover it, from ``at`` on.

    ``errors`` are replies from 500 on, ``refused`` those from 400 to 499. Rates and means are null where nothing
    happened. ``cpu`` is in cores; ``queued`` counts entries of all queues, ``queued_most`` at their worst moment;
    ``subscribers`` are open event streams. ``shed`` are requests that full queues turned away, ``skipped`` the times at
    which figures were late. Of several nodes ``disk_free`` is the least.
    """

    at: datetime
    seconds: float
    processes: float
    requests: Count
    requests_per_second: float
    refused: Count
    errors: Count
    error_rate: float | None
    latency_ms: Latency | None
    cache_hits: Count
    cache_misses: Count
    cache_hit_rate: float | None
    cache_entries: float
    cache_bytes: Size
    flights: Count
    flight_items: Count
    flight_size: float | None
    shed: Count
    database_errors: Count
    skipped: Count
    in_flight: float
    queued: float
    queued_most: float
    connections: float
    subscribers: float
    cpu: float
    memory: Size
    disk_free: Size
    disk_size: Size
    database_bytes: Size


class Figures(msgspec.Struct, frozen=True):
    """Figures of a range of time. ``points`` are ``step`` seconds apart, oldest first; spans without figures are left
    out. ``latest`` is the last minute (three ticks, where those are longer), null where there are no figures of it.
    ``every`` is the setting."""

    since: datetime = msgspec.field(name="from")
    until: datetime = msgspec.field(name="to")
    step: float
    every: float
    latest: Point | None
    points: list[Point]


class TableShown(msgspec.Struct, frozen=True):
    """A table. ``domain`` is ``platform`` for the platform's own, empty for one of nobody that is on; ``resource`` is
    the name of the resource whose rows it holds, where it is one.

    ``rows`` is ``exact``, an ``estimate``, or ``at_least`` what was counted before the count was ended. ``bytes``, with
    indexes, is null where the engine cannot tell without reading the whole file (SQLite).
    """

    table: str
    domain: str
    resource: str | None
    rows: Count
    precision: Literal["exact", "estimate", "at_least"]
    bytes: Size | None


class Storage(msgspec.Struct, frozen=True):
    """What lies in the database, as ``measured_at`` (null: not yet), and the disk of this node at this moment.

    ``wal_bytes`` (SQLite) is the write-ahead log, ``free_bytes`` room inside the file that will be used again.
    """

    engine: Literal["sqlite", "postgres"]
    measured_at: datetime | None
    database_bytes: Size
    wal_bytes: Size | None
    free_bytes: Size | None
    disk_free: Size
    disk_size: Size
    tables: list[TableShown]


class ErrorShown(msgspec.Struct, frozen=True):
    """A reply from 500 on, or one that broke off in its middle. ``type`` and ``title`` are those of its problem;
    ``error`` is the class of an error that nobody foresaw, or empty. More stands in the log, under the request id."""

    id: UUID
    at: datetime
    request_id: str
    method: str
    route: str
    status: Annotated[int, msgspec.Meta(ge=100, le=599)]
    type: str
    title: str
    error: str
    node: str
    pid: Count


class SettingShown(msgspec.Struct, frozen=True):
    """A setting in force. Times are in seconds, sizes in bytes; what is secret is masked. ``source`` is ``default``, a
    file with the name in it, a variable or a flag. ``shown`` is the value as people write it."""

    name: str
    section: str
    variable: str
    value: Any
    shown: str
    default: Any
    source: str
    type: Literal["text", "integer", "number", "flag", "path", "list"]
    unit: Literal["", "s", "bytes"]
    help: str
    choices: list[str]
    least: float | None
    most: float | None
    secret: bool


class Revision(msgspec.Struct, frozen=True):
    """One revision of a branch, and whether the database has it."""

    revision: str
    applied: bool


class Branch(msgspec.Struct, frozen=True):
    """The revisions of the platform, or of one domain. ``stored`` is where the database is (null: nowhere), ``head``
    the newest one of this release. ``automatic``: it has no revisions, its tables follow the declaration."""

    branch: str
    state: Literal["current", "behind", "ahead", "empty"]
    stored: str | None
    head: str | None
    automatic: bool
    revisions: list[Revision]


class ResourceCache(msgspec.Struct, frozen=True):
    """How often the cache was asked for replies that follow a feed, in the last hour. A reply that another request was
    just making is a hit; one that the client wanted anew is a miss. ``rate`` is null where nobody asked."""

    resource: str
    hits: Count
    misses: Count
    rate: float | None


class CacheShown(msgspec.Struct, frozen=True):
    """The cache of replies. ``entries`` and ``bytes`` are those in the memory of all ``processes``; the bounds are of
    each. ``backend`` ``redis``: replies are kept there too, for ``ttl`` seconds; ``connected`` tells whether it
    answers."""

    backend: Literal["memory", "redis", "off"]
    connected: bool | None
    processes: Count
    entries: Count
    bytes: Size
    most_entries: Count
    most_bytes: Size
    ttl: Count
    window: Annotated[int, msgspec.Meta(ge=0, description="Seconds that the counts of the resources are of")]
    hits: Count
    misses: Count
    rate: float | None
    resources: list[ResourceCache]


class Feed(msgspec.Struct, frozen=True):
    """A feed of changes: its last number, and how many event streams of all processes follow it."""

    feed: str
    number: Count
    subscribers: Count
