"""What a ledger has stored, and what must hold of it at any time, whatever was asked of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from roadbed.data.database import Database
from roadbed.data.queries import Query, parse
from roadbed.domains.ledger.model import INT64_MAX, INT64_MIN, Transaction
from roadbed.domains.ledger.service import LimitsSet, Posted


class Held(msgspec.Struct, frozen=True):
    """A row of the table of accounts."""

    account_id: UUID
    balance: int
    min_balance: int | None
    sequence: int
    version: int
    updated_at: datetime


class Books(msgspec.Struct, frozen=True):
    """All rows of some accounts; entries by account, in their order."""

    accounts: dict[UUID, Held]
    entries: dict[UUID, list[Transaction]]

    def rows(self) -> list[Transaction]:
        return [entry for entries in self.entries.values() for entry in entries]


_SQL = parse(
    """
-- name: account
SELECT account_id, balance, min_balance, sequence, version, updated_at
  FROM ledger_account WHERE account_id = :account_id

-- name: entries
SELECT transaction_id, account_id, amount, created_at, sequence, balance, transfer_id, reverses
  FROM ledger_transaction WHERE account_id = :account_id ORDER BY sequence

-- name: keys
SELECT key FROM idempotency
"""
)
_ACCOUNT = Query("account", _SQL["account"], Held)
_ENTRIES = Query("entries", _SQL["entries"], Transaction)
_KEYS = Query("keys", _SQL["keys"], tuple)


async def read_books(database: Database, accounts: Iterable[UUID]) -> Books:
    """Read every row of these accounts, past the service."""
    held: dict[UUID, Held] = {}
    entries: dict[UUID, list[Transaction]] = {}
    for account_id in accounts:
        found = await database.fetch_one(_ACCOUNT, account_id=account_id)
        if found is not None:
            held[account_id] = found
        rows = await database.fetch(_ENTRIES, account_id=account_id)
        if rows:
            entries[account_id] = rows
    return Books(held, entries)


async def stored_keys(database: Database) -> set[bytes]:
    """Return the idempotency keys that are stored."""
    return {row[0] for row in await database.fetch(_KEYS)}


def audit(books: Books) -> None:
    """Check everything that must hold of stored rows alone."""
    assert set(books.accounts) == set(books.entries)
    for account_id, entries in books.entries.items():
        _audit_account(books.accounts[account_id], entries)
    rows = books.rows()
    assert len({row.transaction_id for row in rows}) == len(rows)
    _audit_transfers(rows)
    _audit_reversals(rows)


def _audit_account(held: Held, entries: list[Transaction]) -> None:
    balance = 0
    before: datetime | None = None
    for number, entry in enumerate(entries, 1):
        balance += entry.amount
        assert (entry.sequence, entry.balance) == (number, balance)
        assert INT64_MIN <= balance <= INT64_MAX
        assert before is None or entry.created_at > before
        before = entry.created_at
    assert (held.balance, held.sequence, held.updated_at) == (balance, len(entries), before)
    assert held.version >= held.sequence
    assert held.min_balance is None or held.balance >= held.min_balance


def _audit_transfers(rows: list[Transaction]) -> None:
    legs: defaultdict[UUID, list[Transaction]] = defaultdict(list)
    for row in rows:
        if row.transfer_id is not None:
            legs[row.transfer_id].append(row)
    for taken, given in (sorted(pair, key=lambda row: row.amount) for pair in legs.values()):
        assert taken.amount == -given.amount
        assert taken.amount < 0
        assert taken.account_id != given.account_id
        assert taken.created_at == given.created_at


def _audit_reversals(rows: list[Transaction]) -> None:
    by_id = {row.transaction_id: row for row in rows}
    undone = {row.reverses: row for row in rows if row.reverses is not None}
    assert len(undone) == sum(row.reverses is not None for row in rows)
    for original_id, row in undone.items():
        original = by_id[original_id]
        assert (row.account_id, row.amount) == (original.account_id, -original.amount)
        assert (row.transfer_id is None) == (original.transfer_id is None)
        if original.transfer_id is not None:
            siblings = {other.transaction_id for other in rows if other.transfer_id == original.transfer_id}
            together = {other.reverses for other in rows if other.transfer_id == row.transfer_id}
            assert siblings == together


def account_for(books: Books, answers: Sequence[object]) -> None:
    """Check stored rows against all answers ever given: every write acknowledged is there, once, and nothing else is.

    ``answers`` are what ``Player`` notes: (step, ``Posted`` or ``LimitsSet`` or an error).
    """
    posted = [answer for answer in answers if isinstance(answer, Posted)]
    told = {leg.transaction_id: leg for answer in posted for leg in answer.legs}
    assert {row.transaction_id: row for row in books.rows()} == told
    assert all(leg == told[leg.transaction_id] for answer in posted for leg in answer.legs)
    fresh = [leg.transaction_id for answer in posted if not (answer.repeated or answer.replayed) for leg in answer.legs]
    assert sorted(fresh) == sorted(told)
    floors: defaultdict[UUID, list[LimitsSet]] = defaultdict(list)
    for answer in answers:
        if isinstance(answer, LimitsSet) and not answer.replayed:
            floors[answer.limits.account_id].append(answer)
    for account_id, held in books.accounts.items():
        _check_floors(held, books.entries[account_id], floors[account_id])


def _check_floors(held: Held, entries: list[Transaction], floors: list[LimitsSet]) -> None:
    """Check that each floor held from the moment when it was set until the next one was.

    The version rises with every entry and with every floor: the r-th floor, which got version v, came right after the
    entry with sequence v - r.
    """
    floors.sort(key=lambda outcome: outcome.version)
    assert held.version == held.sequence + len(floors)
    assert held.min_balance == (floors[-1].limits.min_balance if floors else None)
    places = [outcome.version - rank for rank, outcome in enumerate(floors, 1)]
    for outcome, start, end in zip(floors, places, [*places, len(entries)][1:], strict=True):
        lowest = outcome.limits.min_balance
        assert 1 <= start <= end
        # From the balance that the floor was set under to the last one before the next floor.
        assert lowest is None or all(entry.balance >= lowest for entry in entries[start - 1 : end])
