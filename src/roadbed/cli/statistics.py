"""``roadbed stats``: what the processes have written of themselves, also while none runs."""

from __future__ import annotations

import asyncio
import sys
from time import sleep

import msgspec

from roadbed.cli.importing import opened_for
from roadbed.cli.output import print_json, print_table
from roadbed.kernel.clock import now
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.settings import Settings
from roadbed.platform.model import ErrorShown, Point, Storage, Worker
from roadbed.platform.reading import DEFAULT_RANGE, Reader, as_worker
from roadbed.platform.shown import errors_of, storage_of
from roadbed.resource.registry import load_domains

ERRORS = 20
"""Failed requests that are told of, at most."""

REFRESH = 2.0
"""Seconds between two looks of ``--watch``."""

_CLEAR = "\x1b[H\x1b[2J"


class Report(msgspec.Struct, frozen=True):
    """What ``roadbed stats --json`` prints. ``latest`` is the last minute, ``hour`` the last hour in one span; both are
    null where nothing was written."""

    latest: Point | None
    hour: Point | None
    workers: list[Worker]
    storage: Storage
    errors: list[ErrorShown]


async def look(settings: Settings) -> Report:
    """Read the database once.

    Raises:
        ConfigurationError: there is no database yet.
        SchemaMismatch: it does not fit this release.
    """
    if settings.dialect == "sqlite" and not settings.sqlite_path.exists():
        raise ConfigurationError(f"there is no database at {settings.sqlite_path} yet: `roadbed up` makes it")
    domains = load_domains(settings.domains)
    async with opened_for(settings, domains) as database:
        reader = Reader(database, settings.statistics_every, now)
        return Report(
            latest=await reader.last(reader.lately()),
            hour=await reader.last(DEFAULT_RANGE),
            workers=[as_worker(row, settings.statistics_every, now()) for row in await reader.workers()],
            storage=await storage_of(database, settings, domains),
            errors=(await errors_of(database, ERRORS)).items,
        )


def look_and_tell(settings: Settings, *, as_json: bool, watch: bool) -> None:
    """Print the report; with ``watch`` again and again, until Ctrl-C."""
    while True:
        report = asyncio.run(look(settings))
        if watch and sys.stdout.isatty():
            sys.stdout.write(_CLEAR)
        if as_json:
            print_json(report)
        else:
            _print_for_people(report)
        if not watch:
            return
        sys.stdout.flush()
        try:
            sleep(REFRESH)
        except KeyboardInterrupt:
            return


def _print_for_people(report: Report) -> None:
    if report.hour is None:
        print("No figures of the last hour: no process has written any.")
    else:
        print_table(("figure", "last minute", "last hour"), summary(report.latest, report.hour))
    _section("Processes", ("node", "pid", "since", "requests/s", "cores", "memory"), processes(report.workers))
    _section("Storage", ("table", "rows", "size"), tables(report.storage))
    _section("Failed requests", ("time", "status", "route", "kind", "request id"), failed(report.errors))


def _section(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if rows:
        print(f"\n{title}" if sys.stdout.isatty() else f"# {title}")
        print_table(columns, rows)


def summary(latest: Point | None, hour: Point) -> list[tuple[str, str, str]]:
    """Return the figures that matter most: of the last minute, and of the last hour."""
    minute, all_of_it = figures(latest), figures(hour)
    return [(name, minute.get(name, "-"), text) for name, text in all_of_it.items()]


def figures(point: Point | None) -> dict[str, str]:
    """Return the figures of a span in words, by name."""
    if point is None:
        return {}
    took = point.latency_ms
    return {
        "requests/s": f"{point.requests_per_second:,.1f}",
        "errors": share(point.errors, point.error_rate),
        "latency": "-" if took is None else f"p50 {took.p50:.1f}  p90 {took.p90:.1f}  p99 {took.p99:.1f} ms",
        "cache hits": share(point.cache_hits, point.cache_hit_rate),
        "flight size": "-" if point.flight_size is None else f"{point.flight_size:.1f}",
        "queued": f"{point.queued:.1f}, {point.queued_most} at most",
        "connections": f"{point.connections:.0f}, {point.subscribers:.0f} event streams",
        "processor": f"{point.cpu:.2f} cores",
        "memory": size(point.memory),
        "disk free": f"{size(point.disk_free)} of {size(point.disk_size)}",
        "late": str(point.skipped),
    }


def processes(workers: list[Worker]) -> list[tuple[str, ...]]:
    """Return a row per process."""
    return [
        (
            each.node,
            str(each.pid),
            f"{each.started_at:%Y-%m-%d %H:%M:%S}Z",
            f"{each.requests_per_second:,.1f}",
            f"{each.cpu:.2f}",
            size(each.memory),
        )
        for each in workers
    ]


def tables(storage: Storage) -> list[tuple[str, ...]]:
    """Return a row per table with any rows, and one for the whole."""
    marks = {"exact": "", "estimate": "about ", "at_least": "at least "}
    rows = [
        (each.table, f"{marks[each.precision]}{each.rows:,}", "-" if each.bytes is None else size(each.bytes))
        for each in storage.tables
        if each.rows
    ]
    return [*rows, ("all", "", size(storage.database_bytes))] if rows else []


def failed(errors: list[ErrorShown]) -> list[tuple[str, ...]]:
    """Return a row per failed request, the newest first."""
    return [
        (
            f"{each.at:%Y-%m-%d %H:%M:%S}Z",
            str(each.status),
            f"{each.method} {each.route}",
            each.error or each.type.rpartition(":")[2],
            each.request_id,
        )
        for each in errors
    ]


def share(count: int, rate: float | None) -> str:
    """Return a number with what share of the whole it is."""
    return f"{count:,}" if rate is None else f"{count:,} ({rate:.2%})"


def size(count: float) -> str:
    """Return bytes as people read them."""
    for name, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= factor:
            return f"{count / factor:,.1f} {name}"
    return f"{count:.0f} B"
