"""The tables of the ledger."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, MetaData, UniqueConstraint, text

from roadbed.data.columns import Id, Instant, Integer64
from roadbed.data.schema import append_only, new_metadata, new_table


def metadata() -> MetaData:
    """Return the ledger's tables: accounts, and the transactions that made them what they are.

    A balance, like an amount, is in minor units. An account's ``sequence`` is the number of its transactions, its
    ``updated_at`` the ``created_at`` of the last one; ``version`` rises with every write to the account.
    """
    catalogue = new_metadata()
    new_table(
        "ledger_account",
        catalogue,
        Column("account_id", Id(), primary_key=True),
        Column("balance", Integer64(), nullable=False),
        Column("min_balance", Integer64()),
        Column("sequence", Integer64(), nullable=False),
        Column("version", Integer64(), nullable=False),
        Column("updated_at", Instant(), nullable=False),
        CheckConstraint("balance >= min_balance", name="floor"),
        CheckConstraint("sequence >= 1", name="sequence"),
        CheckConstraint("version >= 1", name="version"),
    )
    transaction = new_table(
        "ledger_transaction",
        catalogue,
        Column("transaction_id", Id(), primary_key=True),
        Column("account_id", Id(), ForeignKey("ledger_account.account_id"), nullable=False),
        Column("amount", Integer64(), nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("sequence", Integer64(), nullable=False),
        Column("balance", Integer64(), nullable=False),
        Column("transfer_id", Id()),
        Column("reverses", Id(), ForeignKey("ledger_transaction.transaction_id")),
        CheckConstraint("sequence >= 1", name="sequence"),
        UniqueConstraint("account_id", "sequence"),
        UniqueConstraint("account_id", "created_at"),
    )
    Index(None, transaction.c.created_at, transaction.c.transaction_id)
    for column, unique in ((transaction.c.transfer_id, False), (transaction.c.reverses, True)):
        present = text(f"{column.name} IS NOT NULL")
        Index(None, column, unique=unique, sqlite_where=present, postgresql_where=present)
    append_only(transaction)
    return catalogue
