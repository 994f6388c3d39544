"""Reads of ranges: the signals of assets, measurements part by part, those beyond some limits, statistics."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import msgspec

from roadbed.data.database import Database, Statements
from roadbed.data.listing import Listing
from roadbed.data.queries import Queries
from roadbed.domains.telemetry.model import Asset, Measurement, Place, Signal, Statistics
from roadbed.domains.telemetry.pages import EARLIEST, MICROSECOND, Limits, Moment, Total, Window, cut

ROWS_AT_ONCE = 2000
"""Measurements that are read, and sent, at once."""


class Figures(msgspec.Struct, frozen=True):
    """A row of statistics."""

    count: int
    mean: float | None
    least: float | None
    most: float | None
    median: float | None
    std_dev: float | None


_sql = Queries(__package__ or "")
_SIGNALS_OF_ASSETS = _sql.query("signals_of_assets", Signal)
_MEASUREMENTS = _sql.query("measurements", Measurement)
_OUTLIERS = _sql.query("outliers", Measurement)
_COUNT_OUTLIERS = _sql.query("count_outliers", Total)
_STATISTICS = _sql.query("statistics", Figures)


async def with_signals(run: Statements, places: Sequence[Place]) -> list[Asset]:
    """Return assets, which come by id, each with its signals."""
    if not places:
        return []
    signals: dict[int, list[Signal]] = {place.asset_id: [] for place in places}
    for signal in await run.fetch(_SIGNALS_OF_ASSETS, first=places[0].asset_id, last=places[-1].asset_id):
        # An asset that was added between the two reads is not in this page.
        signals.setdefault(signal.asset_id, []).append(signal)
    return [
        Asset(place.asset_id, place.latitude, place.longitude, place.description, signals[place.asset_id])
        for place in places
    ]


async def measurements_of(database: Database, signal: Signal, window: Window) -> AsyncGenerator[list[Measurement]]:
    """Yield the measurements of one signal by time, at most ``ROWS_AT_ONCE`` at a time."""
    bounds, at_once = window.bounds, ROWS_AT_ONCE
    while True:
        rows = await database.fetch(
            _MEASUREMENTS, signal_id=signal.signal_id, unit=signal.unit, limit=at_once, **bounds
        )
        if rows:
            yield rows
        if len(rows) < at_once or rows[-1].timestamp >= bounds["until"]:
            return
        bounds["since"] = rows[-1].timestamp + MICROSECOND


async def outliers_of(
    database: Database, signal: Signal, window: Window, limits: Limits, limit: int, after: Moment | None, total: bool
) -> Listing[Measurement]:
    """Return measurements beyond some limits, newest first; ``total`` counts all of them in the window."""
    bounds, beyond = window.bounds, limits.bounds
    count = await database.fetch_one(_COUNT_OUTLIERS, signal_id=signal.signal_id, **bounds, **beyond) if total else None
    if after is not None:
        # A page that begins before the window has no rows; nothing is before the first instant of all.
        bounds["until"] = min(bounds["until"], max(after.last, EARLIEST + MICROSECOND) - MICROSECOND)
    rows = await database.fetch(
        _OUTLIERS, signal_id=signal.signal_id, unit=signal.unit, limit=limit + 1, **bounds, **beyond
    )
    return cut(rows, limit, lambda row: Moment(row.timestamp), count)


async def statistics_of(database: Database, signal_id: int, window: Window) -> Statistics:
    """Return exact figures of a signal's values in a range of time; of an unknown signal, those of no values."""
    found = await database.fetch_one(_STATISTICS, signal_id=signal_id, **window.bounds)
    assert found is not None  # noqa: S101 - for the type checker: an aggregate always has a row
    return Statistics(
        signal_id,
        window.since,
        window.until,
        found.count,
        mean=found.mean,
        min=found.least,
        max=found.most,
        median=found.median,
        std_dev=found.std_dev,
    )
