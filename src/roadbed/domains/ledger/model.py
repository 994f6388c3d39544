"""What the ledger stores and says: the structs of its API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1

Amount = Annotated[
    int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX, description="Signed amount in minor units", examples=[1250])
]
Positive = Annotated[
    int, msgspec.Meta(ge=1, le=INT64_MAX, description="Amount in minor units, above zero", examples=[500])
]


class Pong(msgspec.Struct, frozen=True):
    """The service answers."""

    status: str = "ok"


class NewTransaction(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Money that enters (positive) or leaves (negative) one account."""

    account_id: UUID
    amount: Amount
    transaction_id: UUID | msgspec.UnsetType = msgspec.UNSET


class Transaction(msgspec.Struct, frozen=True):
    """One entry of an account. Never updated, never deleted.

    ``sequence`` counts the account's entries from 1; ``balance`` is the account's balance right after this one.
    """

    transaction_id: UUID
    account_id: UUID
    amount: int
    created_at: datetime
    sequence: int
    balance: int
    transfer_id: UUID | None = None
    reverses: UUID | None = None


class Account(msgspec.Struct, frozen=True):
    """An account, which exists from its first transaction. ``min_balance`` is its floor, if it has one."""

    account_id: UUID
    balance: int
    min_balance: int | None
    version: int
    updated_at: datetime


class BalanceAt(msgspec.Struct, frozen=True):
    """What an account's balance was at an instant (the effect of everything up to and including it)."""

    account_id: UUID
    balance: int
    at: datetime


class NewTransfer(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Money that moves between two accounts, atomically."""

    source: UUID = msgspec.field(name="from")
    target: UUID = msgspec.field(name="to")
    amount: Positive
    transfer_id: UUID | msgspec.UnsetType = msgspec.UNSET


class Transfer(msgspec.Struct, frozen=True):
    """A transfer and its two transactions: first the one that takes, then the one that gives."""

    transfer_id: UUID
    source: UUID = msgspec.field(name="from")
    target: UUID = msgspec.field(name="to")
    amount: int
    created_at: datetime
    transactions: list[Transaction]


class Reversal(msgspec.Struct, frozen=True):
    """What undid a transaction: one entry, or two for a transfer."""

    reverses: list[UUID]
    created_at: datetime
    transactions: list[Transaction]


class Limits(msgspec.Struct, frozen=True):
    """The floor of an account, ``null`` for none: no write may take the balance below it."""

    account_id: UUID
    min_balance: int | None


class NewLimits(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A floor to set, or ``null`` to remove it."""

    min_balance: Amount | None
