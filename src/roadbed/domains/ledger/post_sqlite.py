"""A flight of postings on SQLite: look at what is there, decide in order, write once per account and leg.

Runs in the writer thread inside its transaction. No other writer can come between, so what was read stays true.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import apsw

from roadbed.data.database import Run
from roadbed.data.idempotency import INSERT_KEY, KEYS_USED, LIFETIME
from roadbed.data.queries import Queries
from roadbed.domains.ledger.model import Transaction
from roadbed.domains.ledger.postings import (
    FLOOR,
    KEY_REUSED,
    OVERFLOW,
    REVERSED,
    TAKEN,
    Known,
    Leg,
    Outcome,
    Posting,
    Written,
    leaves_int64,
    refusal,
)
from roadbed.kernel.clock import Clock, from_micros, to_micros

_sql = Queries(__package__ or "")
ACCOUNTS_HELD = _sql.statement("accounts_held")
CHOSEN_TRANSACTIONS = _sql.statement("chosen_transactions")
CHOSEN_TRANSFERS = _sql.statement("chosen_transfers")
ALREADY_REVERSED = _sql.statement("already_reversed")
INSERT_ACCOUNT = _sql.statement("insert_account")
UPDATE_ACCOUNT = _sql.statement("update_account")
INSERT_TRANSACTION = _sql.statement("insert_transaction")

_LIFETIME = LIFETIME // (datetime.resolution)


class _State:
    """An account as it stands at this point of the flight."""

    __slots__ = ("balance", "floor", "key", "known", "last", "sequence", "touched", "version")

    def __init__(
        self, key: bytes, balance: int, floor: int | None, sequence: int, version: int, last: int, *, known: bool
    ) -> None:
        self.key = key
        self.balance = balance
        self.floor = floor
        self.sequence = sequence
        self.version = version
        self.last = last
        self.known = known
        self.touched = False


class _Desk:
    """What one flight knows and what it will write. Times are microseconds since 1970."""

    def __init__(self, clock: Clock, run: Run, postings: list[Posting]) -> None:
        self.run = run
        self.now = to_micros(clock())
        self.states = self._accounts(postings)
        self.keys = self._keys(postings)
        self.choices = self._choices(postings)
        self.reversed = self._reversed(postings)
        self.entries: list[tuple[Any, ...]] = []
        self.key_rows: list[tuple[Any, ...]] = []

    def _ask(self, query: Any, values: list[bytes], *more: Any) -> list[tuple[Any, ...]]:
        return self.run.rows(query, (apsw.carray(tuple(values)), *more)) if values else []

    def _accounts(self, postings: list[Posting]) -> dict[UUID, _State]:
        keys = {leg.account_id: leg.account_id.bytes for posting in postings for leg in posting.legs}
        held = {row[0]: row for row in self._ask(ACCOUNTS_HELD, list(keys.values()))}
        return {
            account_id: _State(*held[key], known=True) if key in held else _State(key, 0, None, 0, 0, 0, known=False)
            for account_id, key in keys.items()
        }

    def _keys(self, postings: list[Posting]) -> dict[bytes, tuple[bytes, str]]:
        wanted = [posting.idempotency.key for posting in postings if posting.idempotency is not None]
        return {key: (fingerprint, outcome) for key, fingerprint, outcome in self._ask(KEYS_USED, wanted, self.now)}

    def _choices(self, postings: list[Posting]) -> dict[UUID, tuple[bytes, ...]]:
        """Return, per chosen id that is taken, the ``_content`` it was used for; empty if it was not chosen."""
        chosen = [posting for posting in postings if posting.chosen is not None]
        single = [posting.chosen.bytes for posting in chosen if posting.chosen and posting.transfer_id is None]
        double = [posting.chosen.bytes for posting in chosen if posting.chosen and posting.transfer_id is not None]
        taken: dict[UUID, tuple[Any, ...]] = {}
        for key, account, amount, plain in self._ask(CHOSEN_TRANSACTIONS, single):
            taken[UUID(bytes=key)] = (account, amount) if plain else ()
        for key, source, target, amount, plain in self._ask(CHOSEN_TRANSFERS, double):
            taken[UUID(bytes=key)] = (source, -amount, target, amount) if plain else ()
        return taken

    def _reversed(self, postings: list[Posting]) -> set[UUID]:
        wanted = [leg.reverses.bytes for posting in postings for leg in posting.legs if leg.reverses is not None]
        return {UUID(bytes=row[0]) for row in self._ask(ALREADY_REVERSED, wanted)}

    def decide(self, posting: Posting) -> Outcome:
        """Return the outcome of one posting, and note what it writes."""
        idempotency = posting.idempotency
        if idempotency is not None and idempotency.key in self.keys:
            fingerprint, outcome = self.keys[idempotency.key]
            if fingerprint != idempotency.fingerprint:
                return refusal(KEY_REUSED)
            status, _, reference = outcome.partition(" ")
            return Known(reference, int(status), True)
        if posting.chosen is not None and posting.chosen in self.choices:
            if self.choices[posting.chosen] != _content(posting):
                return refusal(TAKEN)
            self._remember(posting, 200)
            return Known(posting.reference(), 200, False)
        states = [self.states[leg.account_id] for leg in posting.legs]
        code, instant = self._check(posting, states)
        if code:
            return refusal(code)
        self._remember(posting, 201)
        legs = [self._enter(posting, leg, state, instant) for leg, state in zip(posting.legs, states, strict=True)]
        return Written(tuple(legs))

    def _check(self, posting: Posting, states: list[_State]) -> tuple[int, int]:
        instant = self.now
        for leg, state in zip(posting.legs, states, strict=True):
            balance = state.balance + leg.amount
            if leg.reverses is not None and leg.reverses in self.reversed:
                return REVERSED, 0
            if leaves_int64(balance):
                return OVERFLOW, 0
            if state.floor is not None and balance < state.floor:
                return FLOOR, 0
            # Strictly later than the account's last entry: order in time is the order of the account.
            instant = max(instant, state.last + 1)
        return 0, instant

    def _enter(self, posting: Posting, leg: Leg, state: _State, instant: int) -> Transaction:
        state.balance += leg.amount
        state.sequence += 1
        state.version += 1
        state.last = instant
        state.touched = True
        transfer, undone = posting.transfer_id, leg.reverses
        self.entries.append(
            (
                leg.transaction_id.bytes,
                state.key,
                leg.amount,
                instant,
                state.sequence,
                state.balance,
                None if transfer is None else transfer.bytes,
                None if undone is None else undone.bytes,
            )
        )
        return Transaction(
            leg.transaction_id,
            leg.account_id,
            leg.amount,
            from_micros(instant),
            state.sequence,
            state.balance,
            transfer,
            undone,
        )

    def _remember(self, posting: Posting, status: int) -> None:
        key = posting.idempotency
        if key is not None:
            self.key_rows.append((key.key, key.fingerprint, f"{status} {posting.reference()}", self.now + _LIFETIME))

    def write(self) -> None:
        """Write everything that was decided: accounts first, since entries refer to them."""
        new: list[tuple[Any, ...]] = []
        changed: list[tuple[Any, ...]] = []
        for state in self.states.values():
            if state.touched and state.known:
                changed.append((state.balance, state.sequence, state.version, state.last, state.key))
            elif state.touched:
                new.append((state.key, state.balance, state.sequence, state.version, state.last))
        self.run.execute_rows(INSERT_ACCOUNT, new)
        self.run.execute_rows(UPDATE_ACCOUNT, changed)
        self.run.execute_rows(INSERT_TRANSACTION, self.entries)
        self.run.execute_rows(INSERT_KEY, self.key_rows)


def _content(posting: Posting) -> tuple[bytes | int, ...]:
    return tuple([part for leg in posting.legs for part in (leg.account_id.bytes, leg.amount)])


def post_on_sqlite(clock: Clock, run: Run, postings: list[Posting]) -> Sequence[Outcome]:
    """Return one outcome per posting, in order; what was refused wrote nothing."""
    desk = _Desk(clock, run, postings)
    outcomes = [desk.decide(posting) for posting in postings]
    desk.write()
    return outcomes
