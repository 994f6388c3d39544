"""The ledger's rules once more, as plainly as Python allows: what the real one is compared with.

One request at a time, nothing shared with the service but the shapes of questions and answers.
"""

from collections.abc import Callable, Container
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID, uuid4

import msgspec

from roadbed.data.idempotency import Idempotency
from roadbed.domains.ledger.model import INT64_MAX, INT64_MIN, Account, Limits, NewTransaction, NewTransfer, Transaction
from roadbed.domains.ledger.service import LimitsSet, Posted
from roadbed.kernel.errors import Conflict, Invalid, KeyReused, NotFound, PreconditionFailed

A = TypeVar("A", Posted, LimitsSet)

Leg = tuple[UUID, int, UUID | None]
"""An account, an amount, and the transaction that it undoes."""


class MemoryLedger:
    """A ledger that forgets everything with the process. Its clock stands still."""

    def __init__(self) -> None:
        self.entries: list[Transaction] = []
        self.floors: dict[UUID, int | None] = {}
        self.versions: dict[UUID, int] = {}
        self.keys: dict[bytes, tuple[bytes, Posted | LimitsSet]] = {}

    async def create(self, new: NewTransaction, idempotency: Idempotency | None = None) -> Posted:
        def act() -> Posted:
            legs: list[Leg] = [(new.account_id, new.amount, None)]
            if new.transaction_id is msgspec.UNSET:
                return self._write(legs)
            found = [entry for entry in self.entries if entry.transaction_id == new.transaction_id]
            return self._same(found, legs, plain=True) or self._write(legs, ids=[new.transaction_id])

        return self._once(idempotency, act)

    async def transfer(self, new: NewTransfer, idempotency: Idempotency | None = None) -> Posted:
        if new.source == new.target:
            raise Invalid

        def act() -> Posted:
            legs: list[Leg] = [(new.source, -new.amount, None), (new.target, new.amount, None)]
            if new.transfer_id is msgspec.UNSET:
                return self._write(legs, transfer=uuid4())
            found = [entry for entry in self.entries if entry.transfer_id == new.transfer_id]
            return self._same(found, legs, plain=False) or self._write(legs, transfer=new.transfer_id)

        return self._once(idempotency, act)

    async def reverse(self, transaction_id: UUID, idempotency: Idempotency | None = None) -> Posted:
        original = await self.transaction(transaction_id)

        def act() -> Posted:
            together = [original]
            if original.transfer_id is not None:
                together = [entry for entry in self.entries if entry.transfer_id == original.transfer_id]
            legs: list[Leg] = [(entry.account_id, -entry.amount, entry.transaction_id) for entry in together]
            legs.sort(key=lambda leg: leg[1])
            return self._write(legs, transfer=None if original.transfer_id is None else uuid4())

        return self._once(idempotency, act)

    async def set_limits(
        self,
        account_id: UUID,
        min_balance: int | None,
        if_match: Container[int] | None = None,
        idempotency: Idempotency | None = None,
    ) -> LimitsSet:
        def act() -> LimitsSet:
            balance, version = self._balance(account_id), self.versions.get(account_id)
            if version is None:
                raise NotFound
            if if_match is not None and version not in if_match:
                raise PreconditionFailed
            if min_balance is not None and balance < min_balance:
                raise Conflict(kind="balance-floor")
            self.floors[account_id] = min_balance
            self.versions[account_id] = version + 1
            return LimitsSet(Limits(account_id, min_balance), version + 1)

        return self._once(idempotency, act)

    async def transaction(self, transaction_id: UUID) -> Transaction:
        for entry in self.entries:
            if entry.transaction_id == transaction_id:
                return entry
        raise NotFound

    async def account(self, account_id: UUID) -> Account:
        version = self.versions.get(account_id)
        if version is None:
            raise NotFound
        last = self._of(account_id)[-1]
        return Account(account_id, last.balance, self.floors.get(account_id), version, last.created_at)

    def _once(self, idempotency: Idempotency | None, act: Callable[[], A]) -> A:
        if idempotency is None:
            return act()
        if idempotency.key in self.keys:
            fingerprint, first = self.keys[idempotency.key]
            if fingerprint != idempotency.fingerprint:
                raise KeyReused
            return msgspec.structs.replace(first, replayed=True)  # type: ignore[return-value]
        answer = act()
        self.keys[idempotency.key] = (idempotency.fingerprint, answer)
        return answer

    def _same(self, found: list[Transaction], legs: list[Leg], *, plain: bool) -> Posted | None:
        """Return the first answer to a chosen id, if it was given before to the same content."""
        if not found:
            return None
        stored = [(entry.account_id, entry.amount, entry.reverses) for entry in found]
        if stored != legs or (plain and found[0].transfer_id is not None):
            raise Conflict(kind="id-taken")
        return Posted(tuple(found), repeated=True)

    def _write(self, legs: list[Leg], *, ids: list[UUID] | None = None, transfer: UUID | None = None) -> Posted:
        instant = datetime(2030, 1, 1, tzinfo=UTC)
        for account_id, amount, undone in legs:
            after = self._balance(account_id) + amount
            floor = self.floors.get(account_id)
            if undone is not None and any(entry.reverses == undone for entry in self.entries):
                raise Conflict(kind="already-reversed")
            # The opposite of the lowest int64 is none.
            if not (INT64_MIN <= after <= INT64_MAX and amount <= INT64_MAX):
                raise Conflict(kind="balance-overflow")
            if floor is not None and after < floor:
                raise Conflict(kind="balance-floor")
            for entry in self._of(account_id):
                instant = max(instant, entry.created_at + timedelta(microseconds=1))
        written: list[Transaction] = []
        for (account_id, amount, undone), entry_id in zip(legs, ids or [uuid4(), uuid4()], strict=False):
            sequence, balance = len(self._of(account_id)) + 1, self._balance(account_id) + amount
            entry = Transaction(entry_id, account_id, amount, instant, sequence, balance, transfer, undone)
            self.versions[account_id] = self.versions.get(account_id, 0) + 1
            self.entries.append(entry)
            written.append(entry)
        return Posted(tuple(written))

    def _of(self, account_id: UUID) -> list[Transaction]:
        return [entry for entry in self.entries if entry.account_id == account_id]

    def _balance(self, account_id: UUID) -> int:
        return sum(entry.amount for entry in self._of(account_id))
