"""Nothing: the platform's tables are all that it writes to."""

revision = "watched_0001"
down_revision = None
branch_labels = ("watched",)
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
