"""Accounts, transactions, and the PostgreSQL function that posts a flight of them."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from roadbed.data.columns import Id, Instant, Integer64
from roadbed.data.migrations.operations import execute_file, execute_raw
from roadbed.data.schema import append_only_statements, permanent_statements

revision = "ledger_0001"
down_revision = None
branch_labels = ("ledger",)
depends_on = None

POST = Path(__file__).with_name("0001_post.postgres.sql")


def upgrade() -> None:
    """Make the ledger's tables."""
    op.create_table(
        "ledger_account",
        sa.Column("account_id", Id(), primary_key=True),
        sa.Column("balance", Integer64(), nullable=False),
        sa.Column("min_balance", Integer64()),
        sa.Column("sequence", Integer64(), nullable=False),
        sa.Column("version", Integer64(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.CheckConstraint("balance >= min_balance", name="floor"),
        sa.CheckConstraint("sequence >= 1", name="sequence"),
        sa.CheckConstraint("version >= 1", name="version"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_transaction",
        sa.Column("transaction_id", Id(), primary_key=True),
        sa.Column("account_id", Id(), nullable=False),
        sa.Column("amount", Integer64(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("sequence", Integer64(), nullable=False),
        sa.Column("balance", Integer64(), nullable=False),
        sa.Column("transfer_id", Id()),
        sa.Column("reverses", Id(), sa.ForeignKey("ledger_transaction.transaction_id")),
        sa.CheckConstraint("sequence >= 1", name="sequence"),
        sa.UniqueConstraint("account_id", "created_at"),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_account.account_id"]).ddl_if(dialect="sqlite"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(None, "ledger_transaction", ["created_at", "transaction_id"])
    for column, unique in (("transfer_id", False), ("reverses", True)):
        present = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            None, "ledger_transaction", [column], unique=unique, sqlite_where=present, postgresql_where=present
        )
    dialect = op.get_context().dialect.name
    for statement in (
        *permanent_statements("ledger_account", "account_id", dialect),
        *append_only_statements("ledger_transaction", dialect),
    ):
        execute_raw(statement)
    if dialect == "postgresql":
        execute_file(POST)


def downgrade() -> None:
    """Drop the ledger's tables."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP ROUTINE IF EXISTS ledger_post")
    op.drop_table("ledger_transaction")
    op.drop_table("ledger_account")
