"""Measurements in files: the three of the contract, and the same rows as PostgreSQL itself would write them.

Four signals, a value a minute on average, irregularly and out of order, as real files are; no row is wrong.
"""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

SIGNALS = (427_038, 427_039, 427_040, 427_041)
START = datetime(2021, 11, 1)  # noqa: DTZ001 (the files say no zone; they mean UTC)
SPACING = 60_000  # milliseconds between two of a signal, on average
JITTER = 120_000  # milliseconds by which a row may stand too late in its file
MONTH = 4 * 30 * 24 * 60  # rows
DAY = timedelta(days=1)


class Files(msgspec.Struct, frozen=True):
    """``catalogue``: the assets and the signals; ``messy``: rows as in the contract; ``clean``: the same, ready."""

    catalogue: tuple[Path, ...]
    messy: Path
    clean: Path
    rows: int


def write(folder: Path, rows: int) -> Files:
    """Write the same files every time, for a number of rows."""
    source = random.Random(427_038)
    per_signal = -(-rows // len(SIGNALS))
    # Each signal's times differ; who stands where is decided by the time and a delay.
    stamps: list[tuple[int, int, int]] = []
    for signal in SIGNALS:
        moment = 0
        for _ in range(per_signal):
            moment += source.randrange(1, 2 * SPACING)
            stamps.append((moment + source.randrange(JITTER), moment, signal))
    stamps.sort()
    files = Files(_catalogue(folder), folder / "measurements.csv", folder / "clean.csv", min(rows, len(stamps)))
    with files.messy.open("w") as messy, files.clean.open("w") as clean:
        messy.write("Ts|SignalId|MeasurementValue\n")
        for _, moment, signal in stamps[:rows]:
            time = (START + timedelta(milliseconds=moment)).isoformat(" ", "milliseconds")
            value = f"{source.gauss(116, 2):.4f}"
            messy.write(f"{time}|{signal}|{value.replace('.', ',')}\n")
            clean.write(f"{signal},{time}+00,{value}\n")
    return files


def _catalogue(folder: Path) -> tuple[Path, ...]:
    assets = [{"AssetID": "1", "Latitude": "47.5568277613", "Longitude": "8.2338560914", "descri": "UW Beznau"}]
    signals = [
        {
            "SignalGId": str(uuid.UUID(int=number, version=4)),
            "SignalId": str(number),
            "SignalName": f"BENCH_{number}",
            "AssetId": "1",
            "Unit": "kV",
        }
        for number in SIGNALS
    ]
    paths = folder / "assets.json", folder / "signal.json"
    for path, entries in zip(paths, (assets, signals), strict=True):
        path.write_bytes(msgspec.json.encode(entries))
    return paths


def days(count: int) -> list[str]:
    """Return what follows the path of a signal's statistics: its id, and a day in the month that begins with START."""
    source = random.Random(20_211_107)
    asked: list[str] = []
    for _ in range(count):
        since = START + timedelta(minutes=source.randrange(29 * 24 * 60))
        asked.append(f"{source.choice(SIGNALS)}?from={since.isoformat()}Z&to={(since + DAY).isoformat()}Z")
    return asked
