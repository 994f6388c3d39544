"""The dashboard of the data engine: how well requests share flights and commits, and what holds them up."""

from __future__ import annotations

from roadbed.resource.panels import Board, Panel, Query, Row, mean, or_none, part, pick, quantile, rate
from roadbed.runtime import measures

SLOW = "0.1"
"""Seconds from which a flight is slow: a bound of the histogram's buckets."""

_LANDED = rate(part(measures.FLIGHT_DURATION, "count"))
_QUICK = rate(part(measures.FLIGHT_DURATION, "bucket"), f'le="{SLOW}"')

_FLIGHTS = Row(
    "Flights",
    (
        Panel(
            title="Requests per flight",
            description="How many requests share one trip to the database, on average. Under load it should rise: "
            "that is what keeps the service quick.",
            unit="short",
            queries=(Query(mean(measures.FLIGHT_SIZE, by="flight"), "{{flight}}"),),
        ),
        Panel(
            title="Wait for a flight",
            description="How long the first request of a flight waits, one time in a hundred. It is about the duration "
            "of the flight before.",
            unit="s",
            queries=(Query(quantile(0.99, measures.FLIGHT_WAIT, by="flight"), "{{flight}}"),),
            warn=0.1,
            bad=0.5,
            runbook="saturation",
        ),
        Panel(
            title="Time in the air",
            description="How long one flight in a hundred takes. SQLite: a hop to the writer and a synced commit; "
            "PostgreSQL: one round trip.",
            unit="s",
            queries=(Query(quantile(0.99, measures.FLIGHT_DURATION, by="flight"), "{{flight}}"),),
            warn=0.1,
            bad=0.5,
            runbook="database",
        ),
        Panel(
            title="Group commits",
            description="Flights that land per second: one that writes is one commit for all its requests.",
            unit="ops",
            queries=(Query(f"sum by (flight) ({_LANDED})", "{{flight}}"),),
        ),
        Panel(
            title="Slow flights",
            description=f"The share of flights that took longer than {SLOW} s: slow statements, locks or a slow disk.",
            unit="percentunit",
            queries=(Query(f"1 - sum by (flight) ({_QUICK}) / sum by (flight) ({_LANDED})", "{{flight}}"),),
            warn=0.01,
            bad=0.1,
            runbook="database",
        ),
        Panel(
            title="Depth of queues",
            description="What waits now. A queue that is full turns requests away.",
            unit="short",
            queries=(Query(f"sum by (queue) ({pick(measures.QUEUE_DEPTH)})", "{{queue}}"),),
            warn=500,
            bad=1000,
            runbook="saturation",
        ),
    ),
)
_TROUBLE = Row(
    "Trouble",
    (
        Panel(
            title="Errors of the database",
            description="What the database could not do, by kind: connection, timeout, full, io, other.",
            unit="ops",
            queries=(Query(or_none(f"sum by (kind) ({rate(measures.DATABASE_ERRORS)})"), "{{kind}}"),),
            warn=0.01,
            bad=1.0,
            runbook="database",
        ),
        Panel(
            title="Flights that ran again",
            description="After a deadlock or a serialization failure, by SQLSTATE: they cost time, and lose nothing.",
            unit="ops",
            queries=(
                Query(or_none(f"sum by (flight, code) ({rate(measures.FLIGHT_RETRIES)})"), "{{flight}} {{code}}"),
            ),
            warn=1.0,
            bad=10.0,
            runbook="database",
        ),
        Panel(
            title="Flights that were split",
            description="An unforeseen error made them run item by item: the log says which.",
            unit="ops",
            queries=(Query(or_none(f"sum by (flight) ({rate(measures.FLIGHT_SPLITS)})"), "{{flight}}"),),
            warn=0.01,
            bad=1.0,
            runbook="database",
        ),
    ),
)
_STORE = Row(
    "Store",
    (
        Panel(
            title="Pool (PostgreSQL)",
            description="Connections that are open, of these unused, and allowed. None unused and all open: requests "
            "wait for one.",
            unit="short",
            queries=(Query(f"sum by (state) ({pick(measures.POOL)})", "{{state}}"),),
            runbook="saturation",
        ),
        Panel(
            title="Files (SQLite)",
            description="The database, and its write-ahead log. A log that keeps growing is held by a long read.",
            unit="bytes",
            queries=(Query(pick(measures.DATABASE_FILE), "{{instance}} {{file}}"),),
            runbook="disk",
        ),
        Panel(
            title="Statistics left out",
            description="Times at which the service had no room to write down its own figures: it is at its limit.",
            unit="ops",
            queries=(Query(f"sum({rate(measures.STATISTICS_SKIPPED)})"),),
            warn=0.01,
            bad=0.2,
            runbook="saturation",
        ),
    ),
)
ENGINE = Board(
    "data-engine",
    "Roadbed: data engine",
    "How requests share flights and commits, and what holds them up.",
    (_FLIGHTS, _TROUBLE, _STORE),
)
