"""Writes to the ledger as clients mix them, each with what it should leave behind."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID, uuid4

from tests.faults.wire import JSON

_amounts = count(1)
"""No two writes of a run move the same amount: a row tells by it which write it came from."""


@dataclass(frozen=True)
class Entry:
    """One row of the ledger, as a reply shows it and as the database holds it."""

    transaction_id: UUID
    account_id: UUID
    amount: int
    created_at: int  # microseconds since 1970
    sequence: int
    balance: int
    transfer_id: UUID | None
    reverses: UUID | None


@dataclass(frozen=True, eq=False)
class Write:
    """A request that moves money. ``legs``: the account and amount of every row that it should leave behind.

    Whoever carries a key or an id of its own may be sent again; without either an unknown outcome stays unknown.
    """

    path: str
    content: Mapping[str, object]
    legs: tuple[tuple[UUID, int], ...]
    key: str | None = None
    chosen: bool = False
    number: int = field(default_factory=count(1).__next__)

    @property
    def repeatable(self) -> bool:
        return self.key is not None or self.chosen

    @property
    def body(self) -> bytes | None:
        return json.dumps(self.content).encode() if self.content else None

    @property
    def headers(self) -> dict[str, str]:
        fields = {} if not self.content else dict(JSON)
        return fields if self.key is None else fields | {"Idempotency-Key": self.key}


class Mix:
    """A bounded stream of writes over a few accounts: one of them hot, one with a floor that some writes run into."""

    def __init__(self, accounts: int = 20, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self.hot, self.floored = uuid4(), uuid4()
        self.accounts = [uuid4() for _ in range(accounts)]
        self._reversible: list[Sequence[Entry]] = []

    def opening(self) -> list[Write]:
        """Return what must be there first: money on every account, lest a floor be met at once."""
        everyone = [self.hot, self.floored, *self.accounts]
        return [self._transaction(account, 1_000_000_000 + next(_amounts), "key") for account in everyone]

    def next(self) -> Write:
        """Return the next write."""
        pick = self._random.random()
        identity = self._random.choice(("key", "id", "plain"))
        amount = next(_amounts) * self._random.choice((1, -1))
        if pick < 0.2:
            return self._transaction(self.hot, amount, identity)
        if pick < 0.55:
            return self._transaction(self._random.choice(self.accounts), amount, identity)
        if pick < 0.6:
            beyond = -10_000_000_000 - next(_amounts)
            return self._transaction(self.floored, self._random.choice((amount, beyond)), identity)
        if pick < 0.9 or not self._reversible:
            return self._transfer(abs(amount), identity)
        return self._reversal(self._reversible.pop())

    def written(self, entries: Sequence[Entry]) -> None:
        """Learn of rows that may be reversed; of many only the latest are kept."""
        if all(entry.reverses is None and entry.account_id != self.floored for entry in entries):
            self._reversible.append(entries)
            del self._reversible[:-100]

    def _transaction(self, account: UUID, amount: int, identity: str) -> Write:
        content: dict[str, object] = {"account_id": str(account), "amount": amount}
        return _identified("/transactions", content, ((account, amount),), identity, "transaction_id")

    def _transfer(self, amount: int, identity: str) -> Write:
        source, target = self._random.sample([self.hot, *self.accounts], 2)
        content: dict[str, object] = {"from": str(source), "to": str(target), "amount": amount}
        return _identified("/transfers", content, ((source, -amount), (target, amount)), identity, "transfer_id")

    def _reversal(self, entries: Sequence[Entry]) -> Write:
        """Undo one of the entries: of a transfer, either leg stands for both."""
        one = self._random.choice(entries)
        legs = tuple((entry.account_id, -entry.amount) for entry in entries)
        return Write(f"/transactions/{one.transaction_id}/reversal", {}, legs, key=str(uuid4()))


def _identified(
    path: str, content: dict[str, object], legs: tuple[tuple[UUID, int], ...], identity: str, id_field: str
) -> Write:
    if identity == "id":
        return Write(path, content | {id_field: str(uuid4())}, legs, chosen=True)
    return Write(path, content, legs, key=str(uuid4()) if identity == "key" else None)
