"""What telemetry stores and says: the structs of its API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1

LARGEST_VALUE = 1e100
"""No measurement is beyond this, in either direction: so no sum, square or spread of many ever leaves a double."""

MOST_TEXT = 500
"""Code points in a description, a name or a unit."""

Number = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX, description="Chosen by the client", examples=[427038])]
Count = Annotated[int, msgspec.Meta(ge=0, examples=[3])]
Instant = Annotated[datetime, msgspec.Meta(examples=["2021-11-07T23:59:03.762Z"])]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90, description="Degrees north", examples=[47.5568277613])]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180, description="Degrees east", examples=[8.2338560914])]
Words = Annotated[str, msgspec.Meta(max_length=MOST_TEXT, examples=["UW Beznau"])]
Unit = Annotated[str, msgspec.Meta(max_length=MOST_TEXT, examples=["kV"])]
Value = Annotated[float, msgspec.Meta(ge=-LARGEST_VALUE, le=LARGEST_VALUE, examples=[116.129])]


class Status(msgspec.Struct, frozen=True):
    """The service answers."""

    status: str = "OK"


class Signal(msgspec.Struct, frozen=True):
    """What is measured at an asset, and in which unit."""

    signal_gid: UUID
    signal_id: Number
    signal_name: str
    asset_id: Number
    unit: str


class Place(msgspec.Struct, frozen=True):
    """An asset as it is stored."""

    asset_id: Number
    latitude: float
    longitude: float
    description: str


class Asset(msgspec.Struct, frozen=True):
    """A thing with a place that has signals; these come by id."""

    asset_id: Number
    latitude: float
    longitude: float
    description: str
    signals: list[Signal]


class NewAsset(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What an asset is, but for its id."""

    latitude: Latitude
    longitude: Longitude
    description: Words


class NewSignal(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a signal is, but for its id. Its asset must be there."""

    signal_gid: UUID
    signal_name: Words
    asset_id: Number
    unit: Unit


class Measurement(msgspec.Struct, frozen=True):
    """One value of a signal at an instant."""

    signal_id: Number
    timestamp: Instant
    value: float
    unit: str


class NewMeasurement(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """One value to store. A time without a zone is UTC. The later write to a signal and an instant wins."""

    signal_id: Number
    timestamp: Instant
    value: Value


class Reject(msgspec.Struct, frozen=True):
    """A row that was left out: its line (in a JSON array its place), counted from 1, and why."""

    line: Count
    reason: str


class Ingested(msgspec.Struct, frozen=True):
    """What became of the rows of an ingest; the counts add up to the rows.

    ``inserted`` are new, ``replaced`` had another value before, ``unchanged`` were there already (or a later row of the
    same ingest took their place), ``rejected`` were left out; ``rejects`` tells of the first hundred of these.
    """

    inserted: Count
    replaced: Count
    unchanged: Count
    rejected: Count
    rejects: list[Reject]


class Statistics(msgspec.Struct, frozen=True):
    """Exact figures of one signal's values from ``from_date`` to ``to_date``, both included; null: open.

    Without any value all but ``count`` are null. ``std_dev`` is the sample's (n - 1), 0.0 for one value; a spread below
    1e-150 is 0.0 too, for squares of it are none that a double holds.
    """

    signal_id: Number
    from_date: datetime | None
    to_date: datetime | None
    count: Count
    mean: float | None
    min: float | None
    max: float | None
    median: float | None
    std_dev: float | None


class Point(msgspec.Struct, frozen=True):
    """A value at an instant."""

    timestamp: Instant
    value: float


class Series(msgspec.Struct, frozen=True):
    """Measurements of one signal that keep the shape of a whole range, by time."""

    signal_id: Number
    unit: str
    points: list[Point]


class Bucket(msgspec.Struct, frozen=True):
    """What happened from ``timestamp`` until the next bucket begins; null where nothing did."""

    timestamp: Instant
    count: Count
    avg: float | None
    min: float | None
    max: float | None
    last: float | None


class Buckets(msgspec.Struct, frozen=True):
    """A range of one signal in parts of equal width, by time."""

    signal_id: Number
    unit: str
    buckets: list[Bucket]
