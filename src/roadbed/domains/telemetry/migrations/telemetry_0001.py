"""Assets, signals, measurements, and how far unfinished imports have come."""

import sqlalchemy as sa
from alembic import op

from roadbed.data.columns import Digest, Id, Instant, Integer64, JsonText, Real, Text
from roadbed.data.migrations.operations import execute_raw
from roadbed.data.schema import permanent_statements

revision = "telemetry_0001"
down_revision = None
branch_labels = ("telemetry",)
depends_on = None


def upgrade() -> None:
    """Make the tables of telemetry."""
    op.create_table(
        "telemetry_asset",
        sa.Column("asset_id", Integer64(), primary_key=True, autoincrement=False),
        sa.Column("latitude", Real(), nullable=False),
        sa.Column("longitude", Real(), nullable=False),
        sa.Column("description", Text(max_length=500), nullable=False),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
        sqlite_strict=True,
    )
    op.create_table(
        "telemetry_signal",
        sa.Column("signal_id", Integer64(), primary_key=True, autoincrement=False),
        sa.Column("signal_gid", Id(), nullable=False),
        sa.Column("signal_name", Text(max_length=500), nullable=False),
        sa.Column("asset_id", Integer64(), sa.ForeignKey("telemetry_asset.asset_id"), nullable=False),
        sa.Column("unit", Text(max_length=500), nullable=False),
        sa.UniqueConstraint("signal_gid"),
        sqlite_strict=True,
    )
    op.create_index(None, "telemetry_signal", ["asset_id", "signal_id"])
    op.create_table(
        "telemetry_measurement",
        sa.Column("signal_id", Integer64(), primary_key=True, autoincrement=False),
        sa.Column("at", Instant(), primary_key=True, autoincrement=False),
        sa.Column("value", Real(), nullable=False),
        sa.CheckConstraint("value BETWEEN -1e100 AND 1e100", name="value"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "telemetry_import",
        sa.Column("digest", Digest(length=32), primary_key=True),
        sa.Column("progress", JsonText(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    dialect = op.get_context().dialect.name
    for table, key in (("telemetry_asset", "asset_id"), ("telemetry_signal", "signal_id")):
        for statement in permanent_statements(table, key, dialect):
            execute_raw(statement)


def downgrade() -> None:
    """Drop the tables of telemetry."""
    op.drop_table("telemetry_import")
    op.drop_table("telemetry_measurement")
    op.drop_table("telemetry_signal")
    op.drop_table("telemetry_asset")
