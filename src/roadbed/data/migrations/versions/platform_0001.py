"""Idempotency keys, and what append-only tables call on PostgreSQL."""

import sqlalchemy as sa
from alembic import op

from roadbed.data.columns import Digest, Instant, JsonText
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
    if op.get_context().dialect.name == "postgresql":
        op.execute(REFUSE_CHANGE)


def downgrade() -> None:
    """Drop the platform's tables."""
    op.drop_table("idempotency")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION roadbed_refuse_change()")
