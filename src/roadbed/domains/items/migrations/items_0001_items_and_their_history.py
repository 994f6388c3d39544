"""Items and their history."""

import sqlalchemy as sa
from alembic import op

from roadbed.data.columns import Flag, Id, Instant, Integer64, JsonText, Text
from roadbed.data.migrations.operations import execute_raw
from roadbed.data.schema import append_only_statements

revision = "items_0001"
down_revision = None
branch_labels = ("items",)
depends_on = None


def upgrade() -> None:
    """Items and their history."""
    op.create_table(
        "items",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("name", Text(max_length=300, min_length=1), nullable=False),
        sa.Column("completed", Flag(), nullable=False),
        sa.Column("version", Integer64(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("search_text", Text(), nullable=False),
        sa.CheckConstraint('"search_text" IS NOT NULL', name="search_of_name"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(None, "items", ["created_at", "id"])
    op.create_table(
        "items_history",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("version", Integer64(), primary_key=True, autoincrement=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", Text(), nullable=False),
        sa.Column("action", Text(), nullable=False),
        sa.Column("before", JsonText()),
        sa.Column("after", JsonText()),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    for statement in append_only_statements("items_history", op.get_context().dialect.name):
        execute_raw(statement)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("items_history")
    op.drop_table("items")
