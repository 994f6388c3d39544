"""Transactions and the accounts that come with them."""

import asyncio
from uuid import UUID, uuid4

import pytest

from roadbed.domains.ledger.model import INT64_MAX, INT64_MIN, Account, Transaction
from roadbed.domains.ledger.service import Ledger, Posted
from roadbed.kernel.errors import NotFound
from tests.integration.ledger.asking import balance, kind_of, move, moved, new, put
from tests.integration.ledger.books import audit, read_books
from tests.integration.ledger.databases import Opened

A, B, C = sorted(uuid4() for _ in range(3))


async def test_the_first_transaction(ledger: Ledger) -> None:
    posted = await ledger.create(new(A, 1250))
    (entry,) = posted.legs
    assert posted == Posted((Transaction(entry.transaction_id, A, 1250, entry.created_at, 1, 1250),))
    assert entry.transaction_id.version == 7
    assert entry.created_at.utcoffset().total_seconds() == 0  # type: ignore[union-attr]


async def test_the_next_ones_count_on(ledger: Ledger) -> None:
    entries = await put(ledger, A, 100, -30, 0, -200)
    assert [(entry.sequence, entry.balance) for entry in entries] == [(1, 100), (2, 70), (3, 70), (4, -130)]


async def test_what_was_created_is_found(ledger: Ledger) -> None:
    for entry in [*await put(ledger, A, 5, 6), *await move(ledger, A, B, 3)]:
        assert await ledger.transaction(entry.transaction_id) == entry


async def test_many_are_found_at_once_and_the_same_one_twice(open_ledger: Opened) -> None:
    ledger = open_ledger.ledger
    (entry,) = await put(ledger, A, 5)
    asked = [ledger.transaction(one) for one in (entry.transaction_id, uuid4(), entry.transaction_id)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert (found[0], type(found[1]), found[2]) == (entry, NotFound, entry)


async def test_an_unknown_transaction(ledger: Ledger) -> None:
    await put(ledger, A, 5)
    with pytest.raises(NotFound, match="There is no transaction 00000000-0000-0000-0000-000000000000"):
        await ledger.transaction(UUID(int=0))


async def test_an_account_as_it_stands(ledger: Ledger) -> None:
    await put(ledger, A, 5)
    (last,) = await put(ledger, A, -7)
    assert await ledger.account(A) == Account(A, -2, None, 2, last.created_at)


@pytest.mark.parametrize("unknown", [UUID(int=0), UUID(int=2**128 - 1), B])
async def test_an_unknown_account(ledger: Ledger, unknown: UUID) -> None:
    await put(ledger, A, 5)
    with pytest.raises(NotFound, match="no transaction has named it"):
        await ledger.account(unknown)


@pytest.mark.parametrize("account_id", [UUID(int=0), UUID(int=2**128 - 1), uuid4()])
async def test_any_uuid_may_name_an_account(ledger: Ledger, account_id: UUID) -> None:
    await put(ledger, account_id, 5)
    assert await balance(ledger, account_id) == 5


@pytest.mark.parametrize(
    ("before", "amount"),
    [
        (INT64_MAX, 1),
        (INT64_MAX, INT64_MAX),
        (1, INT64_MAX),
        (INT64_MIN, -1),
        (INT64_MIN, INT64_MIN),
        (-1, INT64_MIN),
    ],
)
async def test_a_balance_never_leaves_int64(open_ledger: Opened, before: int, amount: int) -> None:
    await put(open_ledger.ledger, A, before)
    assert await kind_of(open_ledger.ledger.create(new(A, amount))) == "balance-overflow"
    assert await balance(open_ledger.ledger, A) == before
    audit(await read_books(open_ledger.database, [A]))


@pytest.mark.parametrize(
    "amounts",
    [
        [INT64_MAX, INT64_MIN, 1, -1],
        [INT64_MIN, INT64_MAX, 1],
        [INT64_MAX - 1, 1, 0, -INT64_MAX, INT64_MIN],
        [0, INT64_MIN],
    ],
)
async def test_both_ends_of_int64_are_reached_exactly(ledger: Ledger, amounts: list[int]) -> None:
    entries = await put(ledger, A, *amounts)
    assert [entry.balance for entry in entries] == [sum(amounts[: n + 1]) for n in range(len(amounts))]
    assert [(await ledger.transaction(entry.transaction_id)).amount for entry in entries] == amounts
    assert await balance(ledger, A) == sum(amounts)


async def test_a_refused_write_begins_no_account(open_ledger: Opened) -> None:
    """Refused alone, and beside others that are written in the same flight."""
    ledger = open_ledger.ledger
    await put(ledger, A, 5)
    await ledger.set_limits(A, 5)
    assert await kind_of(ledger.transfer(moved(A, B, 1))) == "balance-floor"
    (entry,) = await put(ledger, C, 1)
    assert await kind_of(ledger.create(new(B, 1, entry.transaction_id))) == "id-taken"
    with pytest.raises(NotFound):
        await ledger.account(B)
    books = await read_books(open_ledger.database, [A, B, C])
    assert set(books.accounts) == {A, C}
    audit(books)


async def test_a_chosen_id_is_the_id(ledger: Ledger) -> None:
    chosen = uuid4()
    posted = await ledger.create(new(A, 5, chosen))
    assert (posted.legs[0].transaction_id, posted.repeated, posted.replayed) == (chosen, False, False)
    assert await ledger.transaction(chosen) == posted.legs[0]
