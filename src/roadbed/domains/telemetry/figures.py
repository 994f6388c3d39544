"""What telemetry tells in figures: rows as they come in, and how old the newest of each unit is."""

from __future__ import annotations

from datetime import datetime

import msgspec

from roadbed.data.queries import Queries
from roadbed.resource.figures import Counter, Gauge, Label, Look

RESULTS = ("inserted", "replaced", "unchanged", "rejected")

MEASUREMENTS = Counter(
    "roadbed_telemetry_measurements_total",
    "Rows of measurements that came over HTTP, by what became of them. `rejected`: malformed, or of no known signal.",
    (Label("result", RESULTS),),
)


class Freshness(msgspec.Struct, frozen=True):
    """The signals of one unit that have measurements. ``newest`` is the last one of any of them, ``stalest`` the last
    one of the signal that has been silent longest."""

    unit: str
    signals: int
    newest: datetime
    stalest: datetime


SIGNALS = Gauge(
    name="roadbed_telemetry_signals",
    help="Signals that have measurements, by unit.",
    column="signals",
    labels=("unit",),
)
NEWEST = Gauge(
    name="roadbed_telemetry_newest_measurement_timestamp_seconds",
    help="Time of the newest measurement of each unit. `time()` less this is how far telemetry lags behind.",
    column="newest",
    labels=("unit",),
)
STALEST = Gauge(
    name="roadbed_telemetry_stalest_signal_timestamp_seconds",
    help="Time of the last measurement of the signal that has been silent longest, by unit.",
    column="stalest",
    labels=("unit",),
)
FRESHNESS = Look(
    "telemetry_freshness", Queries(__package__ or "").query("freshness", Freshness), (SIGNALS, NEWEST, STALEST)
)

FIGURES = (MEASUREMENTS, FRESHNESS)
