"""A column, an index and a filled table: short locks on what the ledger is just using."""

import sqlalchemy as sa
from alembic import op

revision = "guest_0001"
down_revision = None
branch_labels = ("guest",)
depends_on = None


def upgrade() -> None:
    op.add_column("ledger_account", sa.Column("guest", sa.Text()))
    op.create_index("ix_guest", "ledger_transaction", ["amount"])
    op.execute("CREATE TABLE guest_copy AS SELECT transaction_id, amount FROM ledger_transaction")


def downgrade() -> None:
    raise NotImplementedError
