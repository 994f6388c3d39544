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
NewFloor = Annotated[
    int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX, description="The floor, in minor units", examples=[0])
]
Positive = Annotated[
    int, msgspec.Meta(ge=1, le=INT64_MAX, description="Amount in minor units, above zero", examples=[500])
]

# Without examples the page at /docs would show the lowest integer that there is, and one and the same id everywhere.
# Bounds are for what comes in: what is stored keeps them, and is not measured again row by row.
Entered = Annotated[int, msgspec.Meta(description="Signed amount in minor units", examples=[1250])]
Moved = Annotated[int, msgspec.Meta(description="Amount in minor units, above zero", examples=[500])]
Sum = Annotated[int, msgspec.Meta(description="In minor units", examples=[1250])]
Floor = Annotated[int, msgspec.Meta(description="The floor, in minor units", examples=[0])]
Position = Annotated[int, msgspec.Meta(description="Counts the entries of the account, from 1", examples=[1])]
Version = Annotated[int, msgspec.Meta(description="Rises with every write to the account: its ETag", examples=[1])]
Time = Annotated[datetime, msgspec.Meta(examples=["2026-05-01T12:30:00.123456Z"])]
TransactionId = Annotated[UUID, msgspec.Meta(examples=["0192f0c1-2d3e-7a4b-8c5d-6e7f80910a10"])]
AccountId = Annotated[UUID, msgspec.Meta(examples=["0192f0c1-2d3e-7a4b-8c5d-6e7f80910a1b"])]
OtherAccountId = Annotated[UUID, msgspec.Meta(examples=["0192f0c1-2d3e-7a4b-8c5d-6e7f80910a1c"])]
TransferId = Annotated[UUID, msgspec.Meta(examples=["0192f0c1-2d3e-7a4b-8c5d-6e7f80910a20"])]


class Pong(msgspec.Struct, frozen=True):
    """The service answers."""

    status: str = "ok"


class NewTransaction(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Money that enters (positive) or leaves (negative) one account."""

    account_id: AccountId
    amount: Amount
    transaction_id: UUID | msgspec.UnsetType = msgspec.UNSET


class Transaction(msgspec.Struct, frozen=True):
    """One entry of an account. Never updated, never deleted.

    ``sequence`` counts the account's entries from 1; ``balance`` is the account's balance right after this one.
    """

    transaction_id: TransactionId
    account_id: AccountId
    amount: Entered
    created_at: Time
    sequence: Position
    balance: Sum
    transfer_id: UUID | None = None
    reverses: UUID | None = None


class Account(msgspec.Struct, frozen=True):
    """An account, which exists from its first transaction. ``min_balance`` is its floor, if it has one."""

    account_id: AccountId
    balance: Sum
    min_balance: Floor | None
    version: Version
    updated_at: Time


class BalanceAt(msgspec.Struct, frozen=True):
    """What an account's balance was at an instant (the effect of everything up to and including it)."""

    account_id: AccountId
    balance: Sum
    at: Time


class NewTransfer(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Money that moves between two accounts, atomically."""

    source: AccountId = msgspec.field(name="from")
    target: OtherAccountId = msgspec.field(name="to")
    amount: Positive
    transfer_id: UUID | msgspec.UnsetType = msgspec.UNSET


class Transfer(msgspec.Struct, frozen=True):
    """A transfer and its two transactions: first the one that takes, then the one that gives."""

    transfer_id: TransferId
    source: AccountId = msgspec.field(name="from")
    target: OtherAccountId = msgspec.field(name="to")
    amount: Moved
    created_at: Time
    transactions: list[Transaction]


class Reversal(msgspec.Struct, frozen=True):
    """What undid a transaction: one entry, or two for a transfer."""

    reverses: list[TransactionId]
    created_at: Time
    transactions: list[Transaction]


class Limits(msgspec.Struct, frozen=True):
    """The floor of an account, ``null`` for none: no write may take the balance below it."""

    account_id: AccountId
    min_balance: Floor | None


class NewLimits(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A floor to set, or ``null`` to remove it."""

    min_balance: NewFloor | None
