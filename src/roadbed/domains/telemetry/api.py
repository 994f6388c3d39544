"""Telemetry over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from roadbed.data.listing import Listing
from roadbed.domains.telemetry.csv_rows import CsvRows, csv_of
from roadbed.domains.telemetry.json_rows import ArrayRows, NdjsonRows
from roadbed.domains.telemetry.model import (
    INT64_MAX,
    INT64_MIN,
    Asset,
    Buckets,
    Ingested,
    Measurement,
    NewAsset,
    NewMeasurement,
    NewSignal,
    Number,
    Series,
    Signal,
    Statistics,
    Status,
)
from roadbed.domains.telemetry.pages import Cursor, Limits, Moment, Window
from roadbed.domains.telemetry.rows import SLICE, Rows
from roadbed.domains.telemetry.service import Telemetry
from roadbed.http.call import Call
from roadbed.http.incoming import Stream
from roadbed.http.operations import Operations, Query
from roadbed.http.paging import Page
from roadbed.http.reply import Reply
from roadbed.kernel.errors import Conflict, Fault, Invalid, NotFound

operations: Operations[Telemetry] = Operations("telemetry", "Assets, their signals, time-stamped measurements")

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
FORMATS: dict[str, Callable[[], Rows]] = {
    JSON: lambda: ArrayRows(SLICE),
    NDJSON: lambda: NdjsonRows(SLICE),
    CSV: lambda: CsvRows(block=SLICE),
}

INGEST_LIMIT = 64 * 1024 * 1024
"""Bytes of one ingest."""

MOST_SIGNALS = 1000
"""Signals of one read."""

Points = Annotated[int, msgspec.Meta(ge=3, le=10_000)]
Since = Annotated[datetime | None, Query("from")]
Until = Annotated[datetime | None, Query("to")]
SignalList = Annotated[
    list[Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,19}(,-?[0-9]{1,19})*$", examples=["427038,427039"])]],
    Query("signal_list"),
]


@operations.get("/health")
async def health(_call: Call[Telemetry]) -> Status:
    """Tell whether the service answers."""
    return Status()


@operations.get("/assets", limit=1000)
async def list_assets(call: Call[Telemetry], page: Page[Cursor]) -> Listing[Asset]:
    """List assets by id, each with its signals."""
    return await call.service.list_assets(page.limit, page.after, page.total)


@operations.get("/assets/{asset_id}", raises=[NotFound])
async def get_asset(call: Call[Telemetry], asset_id: Number) -> Asset:
    """Return one asset with its signals."""
    return await call.service.asset(asset_id)


@operations.put("/assets/{asset_id}", also={201: "The asset is new"})
async def put_asset(call: Call[Telemetry], asset_id: Number, body: NewAsset) -> Asset:
    """Store an asset: a new one, or in the place of what it was before. Assets are never deleted."""
    stored = await call.service.put_asset(asset_id, body, call.idempotency)
    call.status, call.replayed = 201 if stored.created else 200, stored.replayed
    return stored.row


@operations.get("/signals", limit=1000)
async def list_signals(call: Call[Telemetry], page: Page[Cursor]) -> Listing[Signal]:
    """List signals by id."""
    return await call.service.list_signals(page.limit, page.after, page.total)


@operations.get("/signals/{signal_id}", raises=[NotFound])
async def get_signal(call: Call[Telemetry], signal_id: Number) -> Signal:
    """Return one signal."""
    return await call.service.signal(signal_id)


@operations.put("/signals/{signal_id}", also={201: "The signal is new"}, raises=[Conflict])
async def put_signal(call: Call[Telemetry], signal_id: Number, body: NewSignal) -> Signal:
    """Store a signal of an asset that is there: a new one, or in the place of what it was before.

    Signals are never deleted. 409: there is no such asset, or another signal has this GID.
    """
    stored = await call.service.put_signal(signal_id, body, call.idempotency)
    call.status, call.replayed = 201 if stored.created else 200, stored.replayed
    return stored.row


@operations.get("/signals/{signal_id}/last", raises=[NotFound])
async def get_last_value(call: Call[Telemetry], signal_id: Number) -> Measurement:
    """Return the last measurement of a signal; 404 if it has none."""
    return await call.service.last_value(signal_id)


@operations.get("/signals/{signal_id}/series", raises=[NotFound])
async def get_series(
    call: Call[Telemetry],
    signal_id: Number,
    since: Since = None,
    until: Until = None,
    points: Points = 500,
    method: Literal["lttb", "buckets"] = "lttb",
) -> Series | Buckets:
    """Return a signal as a chart needs it: at most `points` measurements, or as many buckets.

    `lttb` keeps the shape: the measurements that the eye would miss (Largest-Triangle-Three-Buckets); of more than
    50,000 it chooses among their extremes (MinMaxLTTB). `buckets` divides the range into parts of equal width, with
    average, least, most and last value of each; null where there is none.
    """
    window = Window(since, until).check()
    if method == "buckets":
        return await call.service.buckets(signal_id, window, points)
    return await call.service.series(signal_id, window, points)


@operations.get("/measurements/export", produces=CSV)
async def export_measurements(
    call: Call[Telemetry], signal_list: SignalList, since: Since = None, until: Until = None
) -> Reply:
    """Return the same as `/measurements` as a CSV file that an ingest, or an import, reads back."""
    parts = call.service.measurements(signals_of(signal_list), Window(since, until).check())
    return Reply(body=csv_of(parts), media_type=f"{CSV}; charset=utf-8")


@operations.get("/measurements")
async def list_measurements(
    call: Call[Telemetry], signal_list: SignalList, since: Since = None, until: Until = None
) -> list[Measurement] | Reply:
    """Return the measurements of some signals `from` one instant `to` another, both included, by signal and time.

    Several signals are separated by commas, or `signal_list` is given several times. A time without a zone is UTC;
    one that is left out leaves the range open. The whole range is sent, while it is read.
    """
    signals, window = signals_of(signal_list), Window(since, until).check()
    return Reply(body=_array(call.service.measurements(signals, window)))


@operations.get("/measurements/last", limit=1000)
async def list_last_values(call: Call[Telemetry], page: Page[Cursor]) -> Listing[Measurement]:
    """List the last measurement of each signal that has any, by signal; `total` counts all signals."""
    return await call.service.last_values(page.limit, page.after, page.total)


@operations.get("/measurements/stats/{signal_id}", raises=[NotFound])
async def get_statistics(
    call: Call[Telemetry], signal_id: Number, since: Since = None, until: Until = None
) -> Statistics:
    """Return exact statistics of a signal `from` one instant `to` another, both included."""
    return await call.service.statistics(signal_id, Window(since, until).check())


@operations.get("/measurements/outliers/{signal_id}", limit=100, raises=[NotFound])
async def list_outliers(
    call: Call[Telemetry],
    signal_id: Number,
    page: Page[Moment],
    since: Since = None,
    until: Until = None,
    above: float | None = None,
    below: float | None = None,
) -> Listing[Measurement]:
    """List the measurements of a signal `above` a value or `below` another one, in a range of time, newest first.

    A value that equals one is not beyond it. With both, what is beyond either is listed; with neither nothing is.
    """
    window = Window(since, until).check()
    return await call.service.outliers(signal_id, window, Limits(above, below), page.limit, page.after, page.total)


@operations.post("/measurements", idempotent=False, consumes=(JSON, NDJSON, CSV), body_limit=INGEST_LIMIT)
async def ingest(call: Call[Telemetry], body: Stream[list[NewMeasurement]]) -> Ingested:
    """Store measurements while they come in: a JSON array, NDJSON or CSV (`Ts|SignalId|MeasurementValue`).

    A row that is wrong, or of an unknown signal, is left out and told of; all others are stored. Of several for one
    signal and instant the last one wins, so that to send the same again changes nothing.
    """
    return await call.service.ingest(body, FORMATS[body.media_type]())


def signals_of(texts: list[str]) -> set[int]:
    """Return the ids in ``signal_list``; one of more than 64 bits is no signal's, and left out as what is unknown is.

    Raises:
        Invalid: there are too many.
    """
    signals = {number for text in ",".join(texts).split(",") if INT64_MIN <= (number := int(text)) <= INT64_MAX}
    if len(signals) > MOST_SIGNALS:
        raise Invalid(faults=[Fault("query:signal_list", f"At most {MOST_SIGNALS} signals are expected")])
    return signals


async def _array(parts: AsyncIterator[list[Measurement]]) -> AsyncIterator[bytes]:
    """Yield one JSON array."""
    mark = b"["
    async for part in parts:
        yield mark + msgspec.json.encode(part)[1:-1]
        mark = b","
    yield b"]" if mark == b"," else b"[]"
