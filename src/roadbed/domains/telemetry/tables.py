"""The tables of telemetry.

A measurement's key, (signal_id, at), is the only index on it: it makes the later write win, and every read is a range
of it. On SQLite the table is that index (``WITHOUT ROWID``), so a range of time is read from one place in the file.

No foreign key leads from a measurement to its signal: it would be checked row by row, of hundreds of thousands in one
batch. What it would protect is kept otherwise: signals are permanent (a trigger refuses to delete one, or to change its
id), and the only writer looks every id up before it writes.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, MetaData, UniqueConstraint

from roadbed.data.columns import Digest, Id, Instant, Integer64, JsonText, Real, Text
from roadbed.data.schema import new_metadata, new_table, permanent
from roadbed.domains.telemetry.model import MOST_TEXT


def metadata() -> MetaData:
    """Return the tables: assets, signals, measurements, and how far unfinished imports have come.

    Latitude and longitude are in degrees. An import is known by the SHA-256 of its file; ``progress`` is how far its
    last commit went (``importer.Progress`` as JSON), and the row is gone when the import is done.
    """
    catalogue = new_metadata()
    asset = new_table(
        "telemetry_asset",
        catalogue,
        Column("asset_id", Integer64(), primary_key=True),
        Column("latitude", Real(), nullable=False),
        Column("longitude", Real(), nullable=False),
        Column("description", Text(max_length=MOST_TEXT), nullable=False),
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
    )
    signal = new_table(
        "telemetry_signal",
        catalogue,
        Column("signal_id", Integer64(), primary_key=True),
        Column("signal_gid", Id(), nullable=False),
        Column("signal_name", Text(max_length=MOST_TEXT), nullable=False),
        Column("asset_id", Integer64(), ForeignKey("telemetry_asset.asset_id"), nullable=False),
        Column("unit", Text(max_length=MOST_TEXT), nullable=False),
        UniqueConstraint("signal_gid"),
    )
    # The signals of an asset, by id.
    Index(None, signal.c.asset_id, signal.c.signal_id)
    new_table(
        "telemetry_measurement",
        catalogue,
        Column("signal_id", Integer64(), primary_key=True),
        Column("at", Instant(), primary_key=True),
        Column("value", Real(), nullable=False),
        CheckConstraint("value BETWEEN -1e100 AND 1e100", name="value"),
        rowid=False,
    )
    new_table(
        "telemetry_import",
        catalogue,
        Column("digest", Digest(length=32), primary_key=True),
        Column("progress", JsonText(), nullable=False),
        Column("updated_at", Instant(), nullable=False),
        rowid=False,
    )
    permanent(asset)
    permanent(signal)
    return catalogue
