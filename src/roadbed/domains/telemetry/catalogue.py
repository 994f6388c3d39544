"""Assets and signals from their files: JSON arrays whose numbers are texts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from roadbed.data.database import Database, Statements
from roadbed.data.queries import Queries, Query
from roadbed.domains.telemetry.model import Latitude, Longitude, Number, Place, Signal, Unit, Words
from roadbed.domains.telemetry.writes import Counts
from roadbed.kernel.errors import Conflict, Invalid
from roadbed.kernel.wording import json_names
from roadbed.resource.transfer.rejects import Bad, Rejects

LIMIT = 64 * 1024 * 1024
"""Bytes of a file, which is read whole."""

_AT_ONCE = 500
"""Rows in one transaction."""


class AssetRow(msgspec.Struct, frozen=True):
    """A row of ``assets.json``. What else it has is not looked at."""

    asset_id: Number = msgspec.field(name="AssetID")
    latitude: Latitude = msgspec.field(name="Latitude")
    longitude: Longitude = msgspec.field(name="Longitude")
    description: Words = msgspec.field(name="descri", default="")


class SignalRow(msgspec.Struct, frozen=True):
    """A row of ``signal.json``. What else it has is not looked at."""

    signal_gid: UUID = msgspec.field(name="SignalGId")
    signal_id: Number = msgspec.field(name="SignalId")
    signal_name: Words = msgspec.field(name="SignalName")
    asset_id: Number = msgspec.field(name="AssetId")
    unit: Unit = msgspec.field(name="Unit")


_sql = Queries(__package__ or "")
_ASSET = _sql.query("asset", Place)
_PUT_ASSET = _sql.statement("put_asset")
_SIGNAL = _sql.query("signal", Signal)
_PUT_SIGNAL = _sql.statement("put_signal")

_Numbered = tuple[int, str, Any]
_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Catalogue:
    """Writes assets and signals; ``dry`` only looks. ``assets`` and ``signals`` are those that it has seen."""

    def __init__(self, database: Database, *, dry: bool) -> None:
        self._database = database
        self._dry = dry
        self.assets: set[int] = set()
        self.signals: set[int] = set()

    async def load(self, path: Path, kind: str, rejects: Rejects) -> Counts:
        """Load one file; what is wrong in it goes to the rejects, by its place from 1.

        Raises:
            Invalid: it is no JSON array, or too large.
        """
        counts, rows, bad = Counts(), list[_Numbered](), list[Bad]()
        shape = AssetRow if kind == "assets" else SignalRow
        for number, part in enumerate(await asyncio.to_thread(_parts_of, path), 1):
            text = bytes(part).decode("utf-8", "replace")
            try:
                # Numbers are texts in these files; msgspec reads them as strictly as JSON's own.
                rows.append((number, text, msgspec.json.decode(part, type=shape, strict=False)))
            except (msgspec.DecodeError, RecursionError) as error:
                bad.append(Bad(number, json_names(str(error)), text))
        for start in range(0, len(rows), _AT_ONCE):
            bad += await self._write(rows[start : start + _AT_ONCE], counts)
        counts.rejected = len(bad)
        rejects.add(sorted(bad, key=lambda row: row.line))
        return counts

    async def _write(self, rows: Sequence[_Numbered], counts: Counts) -> list[Bad]:
        """Write some rows in one transaction; where they do not all go together, each in its own. Return the bad."""
        before = msgspec.structs.replace(counts)
        bad: list[Bad] = []
        try:
            async with self._database.transaction() as run:
                for number, text, row in rows:
                    if reason := await self._one(run, row, counts):
                        bad.append(Bad(number, reason, text))
        except Conflict:
            counts.inserted, counts.replaced, counts.unchanged = before.inserted, before.replaced, before.unchanged
            if len(rows) > 1:
                return [one for row in rows for one in await self._write([row], counts)]
            number, text, row = rows[0]
            return [Bad(number, f"another signal has the GID {row.signal_gid}", text)]
        return bad

    async def _one(self, run: Statements, row: AssetRow | SignalRow, counts: Counts) -> str:
        """Write one row and count it; return why it cannot be written, or nothing."""
        found: Any
        put: Query[Any]
        if isinstance(row, AssetRow):
            found, put = await run.fetch_one(_ASSET, asset_id=row.asset_id), _PUT_ASSET
            self.assets.add(row.asset_id)
        else:
            if row.asset_id not in self.assets:
                if await run.fetch_one(_ASSET, asset_id=row.asset_id) is None:
                    return f"there is no asset {row.asset_id}"
                self.assets.add(row.asset_id)
            found, put = await run.fetch_one(_SIGNAL, signal_id=row.signal_id), _PUT_SIGNAL
            self.signals.add(row.signal_id)
        values = msgspec.structs.asdict(row)
        if found is not None and msgspec.structs.asdict(found) == values:
            counts.unchanged += 1
            return ""
        if not self._dry:
            await run.execute(put, **values)
        if found is None:
            counts.inserted += 1
        else:
            counts.replaced += 1
        return ""


def _parts_of(path: Path) -> list[msgspec.Raw]:
    if path.stat().st_size > LIMIT:
        raise Invalid(f"{path}: the file has more than {LIMIT} bytes")
    try:
        return _parts(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"{path}: a JSON array is expected: {error}") from error
