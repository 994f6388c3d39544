"""Telemetry: every measurement whose ingest was acknowledged is there, the later write won, nothing else is there."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.faults.insisting import WRITERS, Asking

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
INSTANTS = 400
"""Of a signal, one second apart: few enough that most ingests write over some of what was there."""

Batch = list[tuple[int, float]]
"""Seconds after ``BEGIN``, and values."""


class Telemetry:
    """Ingests in all three formats, whole and streamed. Each writer has a signal of its own."""

    damage = ("telemetry_measurement", "DELETE FROM telemetry_measurement WHERE value > 0")

    def __init__(self) -> None:
        self.findings: list[str] = []
        self._told: dict[int, dict[int, float]] = {writer: {} for writer in range(WRITERS)}

    async def prepare(self, ask: Asking) -> None:
        """Store an asset, and a signal for each writer."""
        replies = [await ask.write("PUT /assets/1", {"latitude": 47.5, "longitude": 8.2, "description": "UW Beznau"})]
        for writer in range(WRITERS):
            signal = {"signal_gid": str(uuid4()), "signal_name": f"S{writer}", "asset_id": 1, "unit": "kV"}
            replies.append(await ask.write(f"PUT /signals/{writer}", signal))
        self.findings += [f"{one.url}: {one.status_code} {one.text}" for one in replies if one.status_code != 201]

    async def turn(self, ask: Asking, writer: int, dice: random.Random) -> None:
        """Ingest some measurements; now and then send the same again, which changes nothing."""
        seconds = dice.sample(range(INSTANTS), dice.choice([1, 5, 50]))
        batch = [(second, dice.randrange(1, 10**9) / 1000) for second in seconds]
        form = dice.choice(list(FORMS))
        told, before = self._told[writer], ask.again
        counts = await self._ingest(ask, form, writer, batch)
        new, same = sum(at not in told for at, _ in batch), sum(told.get(at) == value for at, value in batch)
        # What an attempt that nobody was told of has stored is there already.
        if ask.again == before and counts != (new, len(batch) - new - same, same, 0):
            self.findings.append(f"{form}: {counts} for {new} new ones of {len(batch)}")
        told.update(batch)
        if dice.random() < 0.2:
            counts = await self._ingest(ask, form, writer, batch)
            if counts != (0, 0, len(batch), 0):
                self.findings.append(f"{form}: {counts} for {len(batch)} that were there already")

    async def _ingest(self, ask: Asking, form: str, writer: int, batch: Batch) -> tuple[int, ...]:
        media_type, lines = form.partition(" ")[0], FORMS[form](writer, batch)
        # Streamed, a body ends only after a while: the service may fall in the middle of it.
        parts = [b"".join(lines)] if "whole" in form else lines
        reply = await ask.send("POST /measurements", parts, {"Content-Type": media_type})
        if reply.status_code != 200:
            self.findings.append(f"{form}: {reply.status_code} {reply.text}")
            return ()
        counts = reply.json()
        return tuple(counts[name] for name in ("inserted", "replaced", "unchanged", "rejected"))

    async def differences(self, ask: Asking, _url: str) -> list[str]:
        """Compare all measurements, as they are read and as they are counted, with what was told."""
        found: list[str] = []
        stored: dict[int, dict[int, float]] = {writer: {} for writer in range(WRITERS)}
        read = await ask.read("/measurements", signal_list=",".join(map(str, range(WRITERS))))
        for row in read:
            second = (datetime.fromisoformat(row["timestamp"]) - BEGIN) // timedelta(seconds=1)
            stored[row["signal_id"]][second] = row["value"]
        for writer, told in self._told.items():
            found += [f"signal {writer}: {one}" for one in sorted(stored[writer].items() ^ told.items())]
            count = (await ask.read(f"/measurements/stats/{writer}"))["count"]
            if count != len(told):
                found.append(f"signal {writer}: {count} measurements are counted, {len(told)} were told")
        return found + ([] if len(read) == sum(map(len, stored.values())) else ["an instant is there twice"])


def _row(writer: int, second: int, value: float) -> dict[str, Any]:
    return {"signal_id": writer, "timestamp": (BEGIN + timedelta(seconds=second)).isoformat(), "value": value}


def _array(writer: int, batch: Batch) -> list[bytes]:
    return [json.dumps([_row(writer, *one) for one in batch]).encode()]


def _ndjson(writer: int, batch: Batch) -> list[bytes]:
    return [json.dumps(_row(writer, *one)).encode() + b"\n" for one in batch]


def _csv(writer: int, batch: Batch) -> list[bytes]:
    """Return lines as they stand in files: without a zone, with a decimal comma."""
    lines = [
        f"{BEGIN + timedelta(seconds=second):%Y-%m-%d %H:%M:%S}|{writer}|{str(value).replace('.', ',')}"
        for second, value in batch
    ]
    return [f"{line}\n".encode() for line in ("Ts|SignalId|MeasurementValue", *lines)]


FORMS = {
    "application/json whole": _array,
    "application/x-ndjson streamed": _ndjson,
    "text/csv streamed": _csv,
    "text/csv whole": _csv,
}
