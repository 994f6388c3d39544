"""Short ways to ask a ledger, and to say what it answered."""

from collections.abc import Awaitable
from uuid import UUID

import msgspec
import pytest

from roadbed.data.idempotency import Idempotency
from roadbed.domains.ledger.model import NewTransaction, NewTransfer, Transaction
from roadbed.domains.ledger.service import Ledger
from roadbed.kernel.errors import Conflict, Refused


def key(name: str, content: str = "") -> Idempotency:
    """An idempotency key in its scope, and the content that it came with."""
    return Idempotency(name.encode().ljust(16, b"."), content.encode().ljust(16, b"."))


def new(account_id: UUID, amount: int, chosen: UUID | msgspec.UnsetType = msgspec.UNSET) -> NewTransaction:
    return NewTransaction(account_id, amount, chosen)


def moved(source: UUID, target: UUID, amount: int, chosen: UUID | msgspec.UnsetType = msgspec.UNSET) -> NewTransfer:
    return NewTransfer(source, target, amount, chosen)


async def put(ledger: Ledger, account_id: UUID, *amounts: int) -> list[Transaction]:
    """Create transactions one after the other; return them."""
    return [(await ledger.create(new(account_id, amount))).legs[0] for amount in amounts]


async def move(ledger: Ledger, source: UUID, target: UUID, amount: int) -> tuple[Transaction, Transaction]:
    """Transfer; return what was taken and what was given."""
    taken, given = (await ledger.transfer(moved(source, target, amount))).legs
    return taken, given


async def balance(ledger: Ledger, account_id: UUID) -> int:
    return (await ledger.account(account_id)).balance


async def kind_of(asked: Awaitable[object]) -> str:
    """Return why it was refused: the kind of a conflict, else the slug."""
    with pytest.raises(Refused) as refused:
        await asked
    return refused.value.kind if isinstance(refused.value, Conflict) else refused.value.slug
