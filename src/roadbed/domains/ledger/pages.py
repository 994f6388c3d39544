"""Where a page of the ledger's lists ends, and where the next one begins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec

from roadbed.data.listing import Listing

R = TypeVar("R")

# A cursor comes from outside: one whose time has no zone is none of ours.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class TransactionCursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a page of transactions ended."""

    created_at: Moment
    transaction_id: UUID


class AccountCursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a page of accounts ended."""

    account_id: UUID


NEWEST = TransactionCursor(datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
"""Where the first page of transactions begins: every one is before this."""


class Total(msgspec.Struct, frozen=True):
    """A count of rows."""

    total: int


def page(rows: list[R], limit: int, cursor: Callable[[R], object], count: Total | None) -> Listing[R]:
    """Make a page of rows that were read with a limit of one more: that row only tells that there are more."""
    more = len(rows) > limit
    del rows[limit:]
    return Listing(rows, cursor(rows[-1]) if more else None, None if count is None else count.total)
