"""Sample data: four signals of three substations over a month, in the three files of the contract, imported as such."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from uuid import NAMESPACE_URL, uuid5

import msgspec

from roadbed.domains.telemetry.csv_rows import HEADER, SEPARATOR
from roadbed.domains.telemetry.importer import Importer, Options
from roadbed.resource.seeding import Seeded, Seeding

SEED = 427_038
"""Where the chance begins: the files are the same every time."""

START = datetime(2021, 11, 1)  # noqa: DTZ001 - the files say no zone
DAYS = 30
SPACING = 60.0
"""Seconds between two measurements, on average."""


class Source(msgspec.Struct, frozen=True):
    """A signal: its daily wave around a level, how restless it is, and the hours of an outage, if it had one."""

    number: int
    name: str
    asset: int
    unit: str
    level: float
    wave: float
    unrest: float
    outage: tuple[int, int] | None = None


ASSETS = (
    ("1", "47.5568277613", "8.2338560914", "UW Beznau"),
    ("2", "47.4653117821", "8.6263547013", "UW Breite"),
    ("3", "47.5539843427", "8.0551120581", "UW Laufenburg"),
)
SIGNALS = (
    Source(427038, "BEZOBF110BIRMENU_L12", 1, "kV", 116.0, 0.8, 0.05),
    Source(427039, "BEZOBF110BIRMENI_L1", 1, "A", 310.0, 120.0, 6.0),
    Source(430112, "BREOBF220LAUFENP", 2, "MW", 84.0, 45.0, 2.5, (400, 409)),
    Source(512907, "LAUTRF11OILT", 3, "°C", 52.0, 6.5, 0.2),
)


async def seed(seeding: Seeding, days: int | None = None) -> list[Seeded]:
    """Write the files and import them."""
    paths = await asyncio.to_thread(write_files, seeding.folder, DAYS if days is None else days)
    options = Options(rejects=seeding.folder)
    reports = await Importer(seeding.database, seeding.clock, options, seeding.watch).run(paths)
    return [Seeded(report.kind, report.inserted, report.replaced + report.unchanged) for report in reports]


def write_files(folder: Path, days: int) -> list[Path]:
    """Write ``assets.json``, ``signal.json`` and ``measurements.csv`` into a folder; return where they are."""
    assets = [dict(zip(("AssetID", "Latitude", "Longitude", "descri"), row, strict=True)) for row in ASSETS]
    signals = [
        {
            "SignalGId": str(uuid5(NAMESPACE_URL, f"urn:roadbed:signal:{one.number}")),
            "SignalId": str(one.number),
            "SignalName": one.name,
            "AssetId": str(one.asset),
            "Unit": one.unit,
        }
        for one in SIGNALS
    ]
    paths = [folder / name for name in ("assets.json", "signal.json", "measurements.csv")]
    for path, rows in zip(paths, (assets, signals), strict=False):
        path.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    chance = Random(SEED)  # noqa: S311 - no secret: the same every time is what is wanted
    lines = [line for one in SIGNALS for line in _lines(one, chance, days)]
    # As in real files the newest come first, more or less.
    lines.sort(reverse=True)
    with paths[2].open("w", encoding="utf-8", newline="\n") as file:
        file.write(SEPARATOR.join(HEADER) + "\n")
        file.writelines(text for _, text in lines)
    return paths


def _lines(source: Source, chance: Random, days: int) -> Iterator[tuple[float, str]]:
    """Yield the measurements of one signal, each with its place in the file."""
    second, drift = chance.uniform(0, SPACING), 0.0
    while second < days * 86_400:
        hour = second / 3600
        drift = 0.98 * drift + chance.gauss(0, source.unrest)
        value = source.level + source.wave * math.sin((hour - 8) * math.pi / 12) + drift
        time = (START + timedelta(seconds=second)).isoformat(" ", "milliseconds")
        number = f"{value:.4f}".rstrip("0").rstrip(".").replace(".", ",")
        if source.outage is None or not source.outage[0] <= hour < source.outage[1]:
            yield second + chance.gauss(0, 120), f"{time}{SEPARATOR}{source.number}{SEPARATOR}{number}\n"
        # Two measurements of a signal never share a millisecond.
        second += 0.001 + chance.expovariate(1 / SPACING)
