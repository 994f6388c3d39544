"""What the last look at the figures of a domain found, and who looks next, not before when."""

import sqlalchemy as sa
from alembic import op

from roadbed.data.columns import Instant, JsonText, Text

revision = "platform_0003"
down_revision = "platform_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "statistic_figure",
        sa.Column("name", Text(), primary_key=True),
        sa.Column("samples", JsonText(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("statistic_figure")
