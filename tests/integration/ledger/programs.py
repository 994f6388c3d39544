"""Programs: what hypothesis makes up to be asked of a ledger, and the player who asks it."""

import asyncio
from collections.abc import Container, Iterable, Sequence
from hashlib import blake2b
from typing import Literal, Protocol
from uuid import UUID, uuid4

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from roadbed.data.idempotency import Idempotency
from roadbed.domains.ledger.model import INT64_MAX, INT64_MIN, Account, NewTransaction, NewTransfer, Transaction
from roadbed.domains.ledger.service import LimitsSet, Posted
from roadbed.kernel.errors import Conflict, RoadbedError

# One database serves all examples of a test; each lives in a world of its own ids.
_UNCHECKED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
SHORT = settings(max_examples=60, deadline=None, suppress_health_check=_UNCHECKED)
LONG = settings(max_examples=1000, deadline=None, suppress_health_check=_UNCHECKED)

ACCOUNTS = 4
CHOSEN = 3
KEYS = 3

Answer = Posted | LimitsSet | RoadbedError


class Create(msgspec.Struct, frozen=True, tag=True):
    """A transaction; ``chosen`` and ``key`` are numbers of ids and keys that steps share."""

    account: int
    amount: int
    chosen: int | None = None
    key: int | None = None


class Move(msgspec.Struct, frozen=True, tag=True):
    """A transfer. Its chosen ids are those that transactions choose, too."""

    source: int
    target: int
    amount: int
    chosen: int | None = None
    key: int | None = None


class Undo(msgspec.Struct, frozen=True, tag=True):
    """A reversal of one of the transactions told of so far."""

    pick: int
    key: int | None = None


class Floor(msgspec.Struct, frozen=True, tag=True):
    """A floor; ``match`` is what ``If-Match`` says of the version."""

    account: int
    lowest: int | None
    match: Literal["nothing", "present", "other"] = "nothing"
    key: int | None = None


Step = Create | Move | Undo | Floor
Wave = list[Step]
"""Steps that are asked at once."""


class AnyLedger(Protocol):
    """What the service and the model have in common."""

    async def create(self, new: NewTransaction, idempotency: Idempotency | None = None) -> Posted: ...
    async def transfer(self, new: NewTransfer, idempotency: Idempotency | None = None) -> Posted: ...
    async def reverse(self, transaction_id: UUID, idempotency: Idempotency | None = None) -> Posted: ...
    async def set_limits(
        self,
        account_id: UUID,
        min_balance: int | None,
        if_match: Container[int] | None = None,
        idempotency: Idempotency | None = None,
    ) -> LimitsSet: ...
    async def account(self, account_id: UUID) -> Account: ...
    async def transaction(self, transaction_id: UUID) -> Transaction: ...


class World(msgspec.Struct, frozen=True):
    """The ids that one run of a program uses, so that many runs share a database."""

    accounts: list[UUID]
    chosen: list[UUID]
    salt: bytes


def new_world() -> World:
    return World([uuid4() for _ in range(ACCOUNTS)], [uuid4() for _ in range(CHOSEN)], uuid4().bytes)


class Player:
    """Asks a ledger what the steps say. ``told`` are the transactions heard of, in the order of hearing."""

    def __init__(self, ledger: AnyLedger, world: World) -> None:
        self.ledger = ledger
        self.world = world
        self.told: dict[UUID, None] = {}

    async def play(self, step: Step) -> Answer:
        """Return the answer, an error too if it is one that was foreseen."""
        try:
            answer = await self._ask(step)
        except RoadbedError as error:
            return error
        if isinstance(answer, Posted):
            self.told.update(dict.fromkeys(leg.transaction_id for leg in answer.legs))
        return answer

    async def play_wave(self, wave: Wave) -> list[Answer]:
        """Ask all at once."""
        return await asyncio.gather(*[self.play(step) for step in wave])

    async def _ask(self, step: Step) -> Posted | LimitsSet:
        accounts = self.world.accounts
        match step:
            case Create():
                body = NewTransaction(accounts[step.account], step.amount, self._chosen(step.chosen))
                return await self.ledger.create(body, self._key(step, "create"))
            case Move():
                chosen = self._chosen(step.chosen)
                move = NewTransfer(accounts[step.source], accounts[step.target], step.amount, chosen)
                return await self.ledger.transfer(move, self._key(step, "transfer"))
            case Undo():
                # Before anything is told of, an id that there is not.
                target = list(self.told)[step.pick % len(self.told)] if self.told else self.world.chosen[0]
                return await self.ledger.reverse(target, self._key(step, f"reverse {target}"))
            case Floor():
                account = accounts[step.account]
                key = self._key(step, f"limits {account}")
                return await self.ledger.set_limits(account, step.lowest, await self._match(step), key)

    def _chosen(self, number: int | None) -> UUID | msgspec.UnsetType:
        return msgspec.UNSET if number is None else self.world.chosen[number]

    def _key(self, step: Step, path: str) -> Idempotency | None:
        """Return the key in its scope, as HTTP makes it: of the path and the content."""
        if step.key is None:
            return None
        scope = self.world.salt + f"{path} {step.key}".encode()
        content = b"" if isinstance(step, Undo) else msgspec.json.encode(step)
        return Idempotency(_digest(scope), _digest(content))

    async def _match(self, step: Floor) -> Container[int] | None:
        if step.match == "nothing":
            return None
        try:
            version = (await self.ledger.account(self.world.accounts[step.account])).version
        except RoadbedError:
            version = 1
        return {version} if step.match == "present" else {version - 1, version + 1}


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


class Names:
    """Says what was answered in words that are the same for every ledger: ids become numbers, in order of hearing."""

    def __init__(self, world: World) -> None:
        self._names: dict[UUID, str] = {account: f"account {n}" for n, account in enumerate(world.accounts)}

    def of(self, one: UUID | None) -> str | None:
        return None if one is None else self._names.setdefault(one, f"id {len(self._names)}")

    def entry(self, entry: Transaction) -> tuple[object, ...]:
        names = [self.of(one) for one in (entry.account_id, entry.transaction_id, entry.transfer_id, entry.reverses)]
        return (*names, entry.amount, entry.sequence, entry.balance)

    def answer(self, answer: Answer) -> tuple[object, ...]:
        if isinstance(answer, Posted):
            return (*map(self.entry, answer.legs), answer.repeated, answer.replayed)
        if isinstance(answer, LimitsSet):
            return (self.of(answer.limits.account_id), answer.limits.min_balance, answer.version, answer.replayed)
        return (type(answer).__name__, answer.kind if isinstance(answer, Conflict) else None)


_account = st.integers(0, ACCOUNTS - 1)
_extremes = st.sampled_from([INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1])
_amount = st.one_of(st.integers(-20, 20), st.integers(-20, 20), st.integers(INT64_MIN, INT64_MAX), _extremes)
_positive = st.one_of(st.integers(1, 20), st.integers(1, 20), st.integers(1, INT64_MAX), st.just(INT64_MAX))
_lowest = st.one_of(st.none(), st.integers(-30, 10), st.integers(-30, 10), _extremes)


def _sometimes(numbers: int) -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), st.none(), st.integers(0, numbers - 1))


_create = st.builds(Create, _account, _amount, _sometimes(CHOSEN), _sometimes(KEYS))
_move = st.builds(Move, _account, _account, _positive, _sometimes(CHOSEN), _sometimes(KEYS))
_undo = st.builds(Undo, st.integers(0, 30), _sometimes(KEYS))
_floor = st.builds(
    Floor, _account, _lowest, st.sampled_from(["nothing", "nothing", "present", "other"]), _sometimes(KEYS)
)
steps: st.SearchStrategy[Step] = st.one_of(_create, _create, _move, _move, _undo, _floor)


def programs(most: int) -> st.SearchStrategy[list[Step]]:
    """Steps to be asked one after the other."""
    return st.lists(steps, min_size=1, max_size=most)


def waves(most: int, width: int) -> st.SearchStrategy[list[Wave]]:
    """Waves of steps, in each of which a client may ask the same thing several times at once."""
    repeated = st.builds(lambda step, times: [step] * times, steps, st.sampled_from([1, 1, 1, 2, 3]))
    wave = st.lists(repeated, min_size=1, max_size=width).map(_flattened)
    return st.lists(wave, min_size=1, max_size=most)


def _flattened(groups: Iterable[Sequence[Step]]) -> Wave:
    return [step for group in groups for step in group]
