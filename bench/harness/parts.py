"""Parts of Roadbed that no peer offers as they are, each against the least that could do the same: as data.

A contender is measured at works that all have; a part brings its own work and its own other half.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from bench.harness.contender import Store
from bench.harness.plan import SLOT_OVERHEAD, Effort

PART_OVERHEAD = 6.0  # seconds: a server or two, the schema, the data
VARIANTS = 5  # of a service that is seen more or less
IMPORT_RATE = 250_000  # rows per second, with what comes around them: the slowest that was seen

ITEM_RATE = 25_000  # rows per second of a resource with history: the slowest that was seen


class Part(msgspec.Struct, frozen=True):
    """One measurement of its own.

    measure   what is done: ``cached-list``, ``import``, ``rows``, ``statistics``, ``feed``, ``holding`` or
              ``observability``
    store     the database under it
    title     what is measured, for the report; ``against``: the other half, empty where the figure speaks for itself
    unit      of ``ours`` and ``peer`` in its result
    note      how, in one line
    """

    name: str
    measure: Literal["cached-list", "import", "rows", "statistics", "feed", "holding", "observability"]
    store: Store
    title: str
    against: str
    unit: str
    note: str


_STATISTICS = (
    "`GET /measurements/stats/{id}` over a day of a signal, chosen by chance; by hand: a bare ASGI app on the same "
    "engine, the same statement, the same rows"
)
_FEED = (
    "`PUT /kv/{key}` by the clock, 200 a second, watched by 1,000 clients in a process of their own; from the moment a "
    "change was due until the last of them had it"
)
_SEEN = (
    "of the rate with neither metrics, statistics nor access lines, medians of neighbouring turns: with metrics, as "
    "shipped (an access line per request too), and with spans sent to a collector that takes all of them"
)

_HOLDING = (
    "`GET /ping` 500 times a second while `POST /measurements` takes 20 MB of CSV, NDJSON and JSON in turn; how late a "
    "task of the service was that wants to run every half millisecond, the most of each format"
)
_ROWS = "`roadbed import items`, rows with their history and their changes, everything checked; "

PARTS: tuple[Part, ...] = (
    Part(
        name="cached-list",
        measure="cached-list",
        store="embedded",
        title="Roadbed, embedded: a list from the cache",
        against="its own ping",
        unit="/s",
        note="`GET /items`, 30 of them, answered by the cache; `GET /ping`; the same server, 32 connections",
    ),
    Part(
        name="import-postgres",
        measure="import",
        store="postgresql",
        title="Roadbed on PostgreSQL: a CSV file of measurements",
        against="psql's \\copy of clean data",
        unit=" rows/s",
        note="`roadbed import telemetry`, from opening the file to its last commit, everything checked; `\\copy` into "
        "the same empty table, the same rows as PostgreSQL writes them",
    ),
    Part(
        name="import-sqlite",
        measure="import",
        store="embedded",
        title="Roadbed, embedded: a CSV file of measurements",
        against="apsw's executemany of ready tuples",
        unit=" rows/s",
        note="the same; tuples that are in memory already, one transaction, into the same empty table",
    ),
    Part(
        name="statistics",
        measure="statistics",
        store="embedded",
        title="Roadbed, embedded: statistics over a range",
        against="the same SQL by hand",
        unit="/s",
        note=_STATISTICS,
    ),
    Part(
        name="statistics-postgres",
        measure="statistics",
        store="postgresql",
        title="Roadbed on PostgreSQL: statistics over a range",
        against="the same SQL by hand",
        unit="/s",
        note=_STATISTICS,
    ),
    Part(
        name="feed",
        measure="feed",
        store="embedded",
        title="Roadbed, embedded: a change to all of 1,000 watchers",
        against="",
        unit=" s",
        note=_FEED,
    ),
    Part(
        name="feed-postgres",
        measure="feed",
        store="postgresql",
        title="Roadbed on PostgreSQL: a change to all of 1,000 watchers",
        against="",
        unit=" s",
        note=_FEED,
    ),
    Part(
        name="observability-create",
        measure="observability",
        store="embedded",
        title="Roadbed, embedded: create, with metrics and logs",
        against="itself with neither",
        unit="/s",
        note=f"`POST /transactions` at 32 connections; what is kept {_SEEN}",
    ),
    Part(
        name="observability-get",
        measure="observability",
        store="embedded",
        title="Roadbed, embedded: get by id, with metrics and logs",
        against="itself with neither",
        unit="/s",
        note="`GET /transactions/{id}`, likewise",
    ),
)

FIGURES: tuple[Part, ...] = (
    Part(
        name="rows-postgres",
        measure="rows",
        store="postgresql",
        title="Roadbed on PostgreSQL: a CSV file of a declared resource",
        against="psql's \\copy into its table alone",
        unit=" rows/s",
        note=_ROWS + "`\\copy` of ready rows into the table alone, without history and changes",
    ),
    Part(
        name="rows-sqlite",
        measure="rows",
        store="embedded",
        title="Roadbed, embedded: a CSV file of a declared resource",
        against="apsw's executemany into its table alone",
        unit=" rows/s",
        note=_ROWS + "tuples that are in memory already, one transaction, into the table alone",
    ),
    Part(
        name="holding",
        measure="holding",
        store="embedded",
        title="Roadbed, embedded: how long an ingest holds others up",
        against="",
        unit=" ms",
        note=_HOLDING,
    ),
    Part(
        name="holding-postgres",
        measure="holding",
        store="postgresql",
        title="Roadbed on PostgreSQL: how long an ingest holds others up",
        against="",
        unit=" ms",
        note=_HOLDING,
    ),
)
"""Parts for which the design has no target: measured by name alone."""

PART_BY_NAME = {part.name: part for part in (*PARTS, *FIGURES)}


def parts_of(only: Collection[str], works: Collection[str] | None) -> list[Part]:
    """Return the parts to measure: those that are named, or all with a target where neither names nor works were
    chosen."""
    if only:
        return [part for name, part in PART_BY_NAME.items() if name in only]
    return list(PARTS) if works is None else []


def duration(parts: Sequence[Part], effort: Effort) -> float:
    """Estimate how long these take, in seconds."""
    return sum(PART_OVERHEAD + _turns(part, effort) for part in parts)


def _turns(part: Part, effort: Effort) -> float:
    if part.measure == "feed":
        return effort.feed_seconds
    if part.measure == "holding":
        return 4 * (effort.holding_seconds + 1)
    if part.measure == "rows":
        return 2 * effort.rounds * (1 + effort.items / ITEM_RATE)
    if part.measure == "import":
        return 2 * effort.rounds * (1 + effort.readings / IMPORT_RATE)
    sides = VARIANTS if part.measure == "observability" else 2
    return sides * (effort.rounds + 1) * (effort.seconds + SLOT_OVERHEAD)
