"""Keys, their history, and the PostgreSQL function that writes a flight of them."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from roadbed.data.columns import Instant, Integer64, JsonText, Text
from roadbed.data.migrations.operations import execute_file

revision = "kv_0001"
down_revision = None
branch_labels = ("kv",)
depends_on = None

WRITE = Path(__file__).with_name("0001_write.postgres.sql")
SEGMENTS = " AND ".join(f"'/' || key || '/' NOT LIKE '%/{segment}/%'" for segment in ("", ".", ".."))


def upgrade() -> None:
    """Make the store's tables."""
    op.create_table(
        "kv_entry",
        sa.Column("key", Text(max_length=255, min_length=1), primary_key=True),
        sa.Column("value", JsonText(), nullable=False),
        sa.Column("version", Integer64(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant()),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.CheckConstraint(SEGMENTS, name="segments"),
        sqlite_strict=True,
    )
    op.create_table(
        "kv_history",
        sa.Column("key", Text(max_length=255, min_length=1), primary_key=True),
        sa.Column("version", Integer64(), primary_key=True, autoincrement=False),
        sa.Column("value", JsonText()),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant()),
        sa.CheckConstraint("version >= 1", name="version"),
        sqlite_strict=True,
    )
    if op.get_context().dialect.name == "postgresql":
        execute_file(WRITE)


def downgrade() -> None:
    """Drop the store's tables."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP ROUTINE IF EXISTS kv_write")
    op.drop_table("kv_history")
    op.drop_table("kv_entry")
