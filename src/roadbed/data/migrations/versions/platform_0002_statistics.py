"""What the service knows of itself: figures, the cache by feed, watchers, failed requests, sizes of tables, duties."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from roadbed.data.columns import Id, Instant, Integer64, Real, Text

revision = "platform_0002"
down_revision = "platform_0001"
branch_labels = None
depends_on = None


def _numbers(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, Integer64(), nullable=False) for name in names]


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, Text(), nullable=False) for name in names]


def _make(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(name, *columns, sqlite_strict=True, sqlite_with_rowid=False)


def upgrade() -> None:
    """Make the tables."""
    _make(
        "statistic",
        sa.Column("at", Instant(), primary_key=True, autoincrement=False),
        sa.Column("process", Id(), primary_key=True),
        sa.Column("node", Text(max_length=255), nullable=False),
        sa.Column("pid", Integer64(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        *(sa.Column(name, Real(), nullable=False) for name in ("seconds", "latency_sum", "cpu")),
        *_numbers("requests", "refused", "errors", *(f"latency_{number:02d}" for number in range(16))),
        *_numbers("cache_hits", "cache_misses", "flights", "flight_items", "shed", "database_errors", "skipped"),
        *_numbers("processes", "in_flight", "queued", "connections", "subscribers", "memory"),
        *_numbers("disk_free", "disk_size", "database_bytes", "cache_entries", "cache_bytes"),
    )
    _make(
        "statistic_cache",
        sa.Column("at", Instant(), primary_key=True, autoincrement=False),
        sa.Column("resource", Text(), primary_key=True),
        *_numbers("hits", "misses"),
    )
    _make(
        "statistic_watch",
        sa.Column("process", Id(), primary_key=True),
        sa.Column("feed", Text(), primary_key=True),
        *_numbers("subscribers"),
        sa.Column("at", Instant(), nullable=False),
    )
    _make(
        "statistic_error",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("at", Instant(), nullable=False),
        *_texts("request_id", "method", "route"),
        *_numbers("status"),
        *_texts("problem", "title", "error", "node"),
        *_numbers("pid"),
    )
    _make(
        "statistic_storage",
        sa.Column("name", Text(), primary_key=True),
        *_numbers("row_count"),
        *_texts("kind"),
        sa.Column("bytes", Integer64()),
        sa.Column("at", Instant(), nullable=False),
    )
    _make("statistic_duty", sa.Column("name", Text(), primary_key=True), sa.Column("until", Instant(), nullable=False))


def downgrade() -> None:
    """Drop the tables."""
    for name in ("duty", "storage", "error", "watch", "cache"):
        op.drop_table(f"statistic_{name}")
    op.drop_table("statistic")
