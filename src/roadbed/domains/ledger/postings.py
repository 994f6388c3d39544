"""A posting: everything that moves money is one, with one or two legs. Both dialects decide by the same rules.

The order of the rules: a known ``Idempotency-Key`` answers first; then a chosen id that is taken; then, leg by leg,
a transaction that was reversed before, a balance that would leave int64, a balance that would fall below its floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from roadbed.data.idempotency import Idempotency
from roadbed.domains.ledger.model import INT64_MAX, INT64_MIN, Transaction
from roadbed.kernel.errors import Conflict, KeyReused, RoadbedError

DONE: Final = 0
REPLAYED: Final = 1
KEY_REUSED: Final = 2
REPEATED: Final = 3
TAKEN: Final = 4
REVERSED: Final = 5
OVERFLOW: Final = 6
FLOOR: Final = 7


class Leg(msgspec.Struct, frozen=True, gc=False):
    """One entry to write: an amount for one account, perhaps undoing an earlier one."""

    transaction_id: UUID
    account_id: UUID
    amount: int
    reverses: UUID | None = None


class Posting(msgspec.Struct, frozen=True, gc=False):
    """One write: all its legs or none.

    ``chosen`` is the id that the client chose (of the transaction, or of the transfer): the same content under it
    again repeats the first answer.
    """

    legs: tuple[Leg, ...]
    transfer_id: UUID | None = None
    chosen: UUID | None = None
    idempotency: Idempotency | None = None

    def reference(self) -> str:
        """Return what finds the legs again for a later reply: ``t:<id>[,<id>]`` by their own ids, in order, or
        ``x:<transfer id>``, which holds for a transfer that an earlier request with the same chosen id wrote."""
        if self.transfer_id is not None and self.legs[0].reverses is None:
            return f"x:{self.transfer_id}"
        return "t:" + ",".join([str(leg.transaction_id) for leg in self.legs])


class Written(msgspec.Struct, frozen=True, gc=False):
    """The posting was written now; its legs as stored."""

    legs: tuple[Transaction, ...]


class Known(msgspec.Struct, frozen=True, gc=False):
    """The posting was written before. ``reference`` finds its legs; ``status`` is what the first reply said."""

    reference: str
    status: int
    replayed: bool


Outcome = Written | Known | RoadbedError


def clashes(posting: Posting) -> Sequence[object]:
    """Return what two postings of one flight must not share: an idempotency key, a chosen id, a reversed entry."""
    reversing = posting.legs[0].reverses is not None
    if posting.chosen is None and posting.idempotency is None and not reversing:
        return ()
    held: list[object] = [leg.reverses for leg in posting.legs] if reversing else []
    if posting.idempotency is not None:
        held.append(posting.idempotency.key)
    if posting.chosen is not None:
        held.append(posting.chosen)
    return held


def leaves_int64(balance: int) -> bool:
    """Tell whether a balance cannot be stored."""
    return not INT64_MIN <= balance <= INT64_MAX


def refusal(code: int) -> RoadbedError:
    """Return the error of a code."""
    if code == KEY_REUSED:
        return KeyReused("This Idempotency-Key came with other content before")
    return Conflict(*_CONFLICTS[code])


_CONFLICTS = {
    TAKEN: ("This id was used for other content", "id-taken"),
    REVERSED: ("The transaction was reversed before", "already-reversed"),
    OVERFLOW: ("The balance would leave the range of a 64-bit integer", "balance-overflow"),
    FLOOR: ("The balance would fall below the account's min_balance", "balance-floor"),
}
