"""Idempotency keys, feeds and the log of changes, and what append-only tables call on PostgreSQL."""

import sqlalchemy as sa
from alembic import op

from roadbed.data.columns import Digest, Instant, Integer64, JsonText, Text
from roadbed.data.schema import REFUSE_CHANGE

revision = "platform_0001"
down_revision = None
branch_labels = ("platform",)
depends_on = None


def upgrade() -> None:
    """Make the platform's tables."""
    op.create_table(
        "idempotency",
        sa.Column("key", Digest(length=16), primary_key=True),
        sa.Column("fingerprint", Digest(length=16), nullable=False),
        sa.Column("outcome", JsonText(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sqlite_strict=True,
    )
    op.create_index(None, "idempotency", ["expires_at"])
    op.create_table(
        "feed",
        sa.Column("name", Text(), primary_key=True),
        sa.Column("number", Integer64(), nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "change",
        sa.Column("feed", Text(), primary_key=True),
        sa.Column("number", Integer64(), primary_key=True, autoincrement=False),
        sa.Column("key", Text(), nullable=False),
        sa.Column("kind", Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("body", JsonText()),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(None, "change", ["at"])
    if op.get_context().dialect.name == "postgresql":
        op.execute(REFUSE_CHANGE)


def downgrade() -> None:
    """Drop the platform's tables."""
    op.drop_table("change")
    op.drop_table("feed")
    op.drop_table("idempotency")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION roadbed_refuse_change()")
