"""Telemetry: assets, signals and their measurements. Knows no HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import Generic, TypeVar

import msgspec

from roadbed.data.database import Database, Statements
from roadbed.data.idempotency import Idempotency, once
from roadbed.data.listing import Listing
from roadbed.data.queries import Queries
from roadbed.domains.telemetry.figures import MEASUREMENTS, RESULTS
from roadbed.domains.telemetry.lookups import SIGNALS
from roadbed.domains.telemetry.model import (
    Asset,
    Buckets,
    Ingested,
    Measurement,
    NewAsset,
    NewSignal,
    Place,
    Reject,
    Series,
    Signal,
    Statistics,
)
from roadbed.domains.telemetry.pages import Cursor, Limits, Moment, Total, Window, first, page
from roadbed.domains.telemetry.reads import measurements_of, outliers_of, statistics_of, with_signals
from roadbed.domains.telemetry.rows import BLOCK, SLICE, Gathered, Rows
from roadbed.domains.telemetry.series import buckets, lttb
from roadbed.domains.telemetry.writes import Counts, Known, Writer
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import Conflict, Invalid, NotFound
from roadbed.resource.figures import Counters
from roadbed.resource.transfer.rejects import Bad

R = TypeVar("R")

TOLD_OF = 100
"""Rejected rows that a reply tells of."""

LOOKED_UP_AT_ONCE = 256


class Stored(msgspec.Struct, Generic[R], frozen=True):
    """What a PUT left, whether it was new, and whether an earlier request with the same key had done it."""

    row: R
    created: bool
    replayed: bool = False


_sql = Queries(__package__ or "")
_ASSETS = _sql.query("assets", Place)
_COUNT_ASSETS = _sql.query("count_assets", Total)
_ASSET = _sql.query("asset", Place)
_PUT_ASSET = _sql.statement("put_asset")
_SIGNALS = _sql.query("signals", Signal)
_COUNT_SIGNALS = _sql.query("count_signals", Total)
_SIGNAL = _sql.query("signal", Signal)
_PUT_SIGNAL = _sql.statement("put_signal")
_LAST_VALUES = _sql.query("last_values", Measurement)
_LAST_VALUE = _sql.query("last_value", Measurement)


class Telemetry:
    """Assets, signals and measurements of one database. ``counters`` are told what becomes of rows."""

    def __init__(self, database: Database, clock: Clock, counters: Counters | None = None) -> None:
        counters = counters or Counters((MEASUREMENTS,))
        self._results = [counters.of(MEASUREMENTS, result) for result in RESULTS]
        self._database = database
        self._clock = clock
        self._signals = database.flight(SIGNALS)
        self._writer = Writer(database, Known(self.existing), self._count)

    async def list_assets(self, limit: int, after: Cursor | None, total: bool) -> Listing[Asset]:
        """Return assets by id, each with its signals."""
        places = await self._database.fetch(_ASSETS, first=first(after), limit=limit + 1)
        count = await self._database.fetch_one(_COUNT_ASSETS) if total else None
        listing = page(places, limit, lambda place: place.asset_id, count)
        return Listing(await with_signals(self._database, listing.items), listing.next, listing.total)

    async def asset(self, asset_id: int) -> Asset:
        """Return one asset with its signals.

        Raises:
            NotFound: there is none with this id.
        """
        found = await with_signals(self._database, await self._database.fetch(_ASSET, asset_id=asset_id))
        if not found:
            raise NotFound(f"There is no asset {asset_id}")
        return found[0]

    async def put_asset(self, asset_id: int, new: NewAsset, idempotency: Idempotency | None = None) -> Stored[Asset]:
        """Store an asset, in the place of what it was before."""

        async def work(run: Statements) -> str:
            created = await run.fetch_one(_ASSET, asset_id=asset_id) is None
            await run.execute(_PUT_ASSET, asset_id=asset_id, **msgspec.structs.asdict(new))
            (asset,) = await with_signals(run, await run.fetch(_ASSET, asset_id=asset_id))
            return msgspec.json.encode(Stored(asset, created)).decode()

        outcome, replayed = await once(self._database, idempotency, work)
        return msgspec.structs.replace(msgspec.json.decode(outcome, type=Stored[Asset]), replayed=replayed)

    async def list_signals(self, limit: int, after: Cursor | None, total: bool) -> Listing[Signal]:
        """Return signals by id."""
        signals = await self._database.fetch(_SIGNALS, first=first(after), limit=limit + 1)
        count = await self._database.fetch_one(_COUNT_SIGNALS) if total else None
        return page(signals, limit, lambda signal: signal.signal_id, count)

    async def signal(self, signal_id: int) -> Signal:
        """Return one signal.

        Raises:
            NotFound: there is none with this id.
        """
        found: Signal | None = await self._signals.join(signal_id)
        if found is None:
            raise NotFound(f"There is no signal {signal_id}")
        return found

    async def put_signal(
        self, signal_id: int, new: NewSignal, idempotency: Idempotency | None = None
    ) -> Stored[Signal]:
        """Store a signal, in the place of what it was before.

        Raises:
            Conflict: its asset is not there (``no-asset``), or another signal has this GID (``duplicate``).
        """

        async def work(run: Statements) -> str:
            if await run.fetch_one(_ASSET, asset_id=new.asset_id) is None:
                raise Conflict(f"There is no asset {new.asset_id}", "no-asset")
            created = await run.fetch_one(_SIGNAL, signal_id=signal_id) is None
            await run.execute(_PUT_SIGNAL, signal_id=signal_id, **msgspec.structs.asdict(new))
            signal = await run.fetch_one(_SIGNAL, signal_id=signal_id)
            return msgspec.json.encode(Stored(signal, created)).decode()

        outcome, replayed = await once(self._database, idempotency, work)
        return msgspec.structs.replace(msgspec.json.decode(outcome, type=Stored[Signal]), replayed=replayed)

    async def measurements(self, signals: Iterable[int], window: Window) -> AsyncIterator[list[Measurement]]:
        """Yield measurements by signal and time, some at a time; of a signal that does not exist there are none.

        Memory is bounded, however long the range is. What is written meanwhile may or may not be among them.
        """
        found = await self._found(signals)
        for signal in sorted(found, key=lambda signal: signal.signal_id):
            async with aclosing(measurements_of(self._database, signal, window)) as parts:
                async for part in parts:
                    yield part

    async def last_values(self, limit: int, after: Cursor | None, total: bool) -> Listing[Measurement]:
        """Return the last measurement of each signal that has any, by signal. ``total`` counts signals."""
        rows = await self._database.fetch(_LAST_VALUES, first=first(after), limit=limit + 1)
        count = await self._database.fetch_one(_COUNT_SIGNALS) if total else None
        return page(rows, limit, lambda row: row.signal_id, count)

    async def last_value(self, signal_id: int) -> Measurement:
        """Return the last measurement of a signal.

        Raises:
            NotFound: there is no such signal, or it has no measurement.
        """
        signal = await self.signal(signal_id)
        found = await self._database.fetch_one(_LAST_VALUE, signal_id=signal_id, unit=signal.unit)
        if found is None:
            raise NotFound(f"Signal {signal_id} has no measurement")
        return found

    async def statistics(self, signal_id: int, window: Window) -> Statistics:
        """Return exact figures of a signal's values in a range of time, computed by the database.

        Raises:
            NotFound: there is no such signal.
        """
        figures = await statistics_of(self._database, signal_id, window)
        if figures.count == 0:
            await self.signal(signal_id)
        return figures

    async def outliers(
        self, signal_id: int, window: Window, limits: Limits, limit: int, after: Moment | None, total: bool
    ) -> Listing[Measurement]:
        """Return those measurements of a signal in a range of time that are beyond some limits, newest first.

        Raises:
            NotFound: there is no such signal.
        """
        signal = await self.signal(signal_id)
        return await outliers_of(self._database, signal, window, limits, limit, after, total)

    async def series(self, signal_id: int, window: Window, points: int) -> Series:
        """Return at most ``points`` measurements of a signal that keep the shape of a range (LTTB).

        Raises:
            NotFound: there is no such signal.
        """
        signal = await self.signal(signal_id)
        return Series(signal_id, signal.unit, await lttb(self._database, signal, window, points))

    async def buckets(self, signal_id: int, window: Window, points: int) -> Buckets:
        """Return a range of a signal in ``points`` buckets of equal width; one without measurements holds nulls.

        Raises:
            NotFound: there is no such signal.
        """
        signal = await self.signal(signal_id)
        return Buckets(signal_id, signal.unit, await buckets(self._database, signal, window, points))

    async def ingest(self, parts: AsyncIterator[bytes], rows: Rows) -> Ingested:
        """Store measurements while they come in, in batches, each in a transaction of its own.

        Raises:
            Invalid: this is not the format at all. What came before is stored.
            Unavailable: and its kinds; the same. To send it all again does no harm.
        """
        counts, told, gathered, held = Counts(), list[Bad](), Gathered(), 0

        async def write() -> None:
            unknown = await self._writer.unknown(gathered.signals)
            if unknown:
                await gathered.leave_out(unknown)
            batch = gathered.take()
            # These were lists of thousands, as much work as a slice, and as much again is to come.
            await asyncio.sleep(0)
            if batch is not None:
                told.extend((await self._writer.write(batch, counts))[: TOLD_OF - len(told)])

        try:
            async for part in parts:
                for start in range(0, len(part), SLICE):
                    for batch in rows.feed(part[start : start + SLICE]):
                        gathered.add(batch)
                    # Other requests have their turn: nobody waits for more than one slice.
                    await asyncio.sleep(0)
                held += len(part)
                if held >= BLOCK:
                    await write()
                    held = 0
            for batch in rows.finish():
                gathered.add(batch)
        except Invalid:
            await write()
            raise
        await write()
        rejects = [Reject(bad.line, bad.reason) for bad in told]
        return Ingested(counts.inserted, counts.replaced, counts.unchanged, counts.rejected, rejects)

    def _count(self, became: Counts) -> None:
        for result, rows in zip(self._results, msgspec.structs.astuple(became), strict=True):
            result.add(rows)

    async def existing(self, signals: Iterable[int]) -> set[int]:
        """Return those of some signals that exist, by id."""
        return {signal.signal_id for signal in await self._found(signals)}

    async def _found(self, signals: Iterable[int]) -> Sequence[Signal]:
        """Return those of some signals that exist."""
        wanted = sorted(set(signals))
        found: list[Signal] = []
        # Not more at a time than a queue of requests has room for.
        for start in range(0, len(wanted), LOOKED_UP_AT_ONCE):
            some = await asyncio.gather(*map(self._signals.join, wanted[start : start + LOOKED_UP_AT_ONCE]))
            found += [signal for signal in some if signal is not None]
        return found
