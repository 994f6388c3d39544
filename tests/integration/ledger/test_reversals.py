"""A transaction is undone once, with its other leg if it has one; nothing is ever changed for that."""

import asyncio
from uuid import UUID, uuid4

import pytest

from roadbed.domains.ledger.model import INT64_MAX, INT64_MIN, Transaction
from roadbed.domains.ledger.service import Ledger, Posted
from roadbed.kernel.errors import Conflict, NotFound
from tests.integration.ledger.asking import balance, kind_of, move, moved, new, put
from tests.integration.ledger.books import audit, read_books
from tests.integration.ledger.databases import Opened

A, B = sorted(uuid4() for _ in range(2))


async def test_an_entry_is_undone_by_its_opposite(ledger: Ledger) -> None:
    first, _ = await put(ledger, A, 5, 1)
    posted = await ledger.reverse(first.transaction_id)
    (undoing,) = posted.legs
    row = Transaction(undoing.transaction_id, A, -5, undoing.created_at, 3, 1, None, first.transaction_id)
    assert posted == Posted((row,))
    assert await ledger.transaction(undoing.transaction_id) == row
    assert await ledger.transaction(first.transaction_id) == first


async def test_once(ledger: Ledger) -> None:
    (first,) = await put(ledger, A, 5)
    await ledger.reverse(first.transaction_id)
    assert await kind_of(ledger.reverse(first.transaction_id)) == "already-reversed"
    assert await balance(ledger, A) == 0


async def test_once_when_many_ask_at_the_same_time(ledger: Ledger) -> None:
    (first,) = await put(ledger, A, 5)
    asked = [ledger.reverse(first.transaction_id) for _ in range(20)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict"] * 19 + ["Posted"]
    assert await balance(ledger, A) == 0


@pytest.mark.parametrize("picked", [0, 1])
async def test_a_transfer_is_undone_with_both_legs_whichever_is_named(ledger: Ledger, picked: int) -> None:
    legs = await move(ledger, A, B, 5)
    back_from_b, back_to_a = (await ledger.reverse(legs[picked].transaction_id)).legs
    assert (back_from_b.account_id, back_from_b.amount, back_from_b.balance) == (B, -5, 0)
    assert (back_to_a.account_id, back_to_a.amount, back_to_a.balance) == (A, 5, 0)
    assert [back_to_a.reverses, back_from_b.reverses] == [leg.transaction_id for leg in legs]
    assert back_from_b.transfer_id == back_to_a.transfer_id
    assert back_to_a.transfer_id not in (None, legs[0].transfer_id)
    assert await ledger.transfer_legs(back_to_a.transfer_id) == (back_from_b, back_to_a)


async def test_the_other_leg_of_what_is_undone_is_undone(ledger: Ledger) -> None:
    for leg in (legs := await move(ledger, A, B, 5)):
        if leg is legs[0]:
            await ledger.reverse(leg.transaction_id)
        assert await kind_of(ledger.reverse(leg.transaction_id)) == "already-reversed"


async def test_both_legs_at_the_same_time(open_ledger: Opened) -> None:
    legs = await move(open_ledger.ledger, A, B, 5)
    asked = [open_ledger.ledger.reverse(leg.transaction_id) for leg in (*legs, *legs)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, Posted) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 3
    audit(await read_books(open_ledger.database, [A, B]))


async def test_a_reversal_is_undone_like_anything_else(open_ledger: Opened) -> None:
    """And what was undone stays undone: the second reversal stands for the entry that is to be again."""
    ledger = open_ledger.ledger
    (first,) = await put(ledger, A, 5)
    (undone,) = (await ledger.reverse(first.transaction_id)).legs
    (again,) = (await ledger.reverse(undone.transaction_id)).legs
    assert (again.amount, again.balance, again.reverses) == (5, 5, undone.transaction_id)
    for one in (first, undone):
        assert await kind_of(ledger.reverse(one.transaction_id)) == "already-reversed"
    await ledger.reverse(again.transaction_id)
    assert await balance(ledger, A) == 0
    audit(await read_books(open_ledger.database, [A]))


async def test_a_reversal_of_a_reversed_transfer(open_ledger: Opened) -> None:
    ledger = open_ledger.ledger
    taken, _ = await move(ledger, A, B, 5)
    undone = (await ledger.reverse(taken.transaction_id)).legs
    again = (await ledger.reverse(undone[1].transaction_id)).legs
    assert [(leg.account_id, leg.amount) for leg in again] == [(A, -5), (B, 5)]
    assert (await balance(ledger, A), await balance(ledger, B)) == (-5, 5)
    audit(await read_books(open_ledger.database, [A, B]))


async def test_an_unknown_transaction(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        await ledger.reverse(uuid4())


async def test_floors_apply(ledger: Ledger) -> None:
    (first,) = await put(ledger, A, 5)
    await ledger.set_limits(A, 1)
    assert await kind_of(ledger.reverse(first.transaction_id)) == "balance-floor"
    await put(ledger, A, 1)
    assert (await ledger.reverse(first.transaction_id)).legs[0].balance == 1


async def test_floors_apply_to_what_a_transfer_gave(ledger: Ledger) -> None:
    taken, given = await move(ledger, A, B, 5)
    await ledger.set_limits(B, 5)
    for leg in (taken, given):
        assert await kind_of(ledger.reverse(leg.transaction_id)) == "balance-floor"
    assert (await balance(ledger, A), await balance(ledger, B)) == (-5, 5)


async def test_floors_do_not_apply_to_what_comes_back(ledger: Ledger) -> None:
    (taken,) = await put(ledger, A, -5)
    await ledger.set_limits(A, -5)
    assert (await ledger.reverse(taken.transaction_id)).legs[0].balance == 0


async def test_the_lowest_amount_has_no_opposite(ledger: Ledger) -> None:
    (lowest,) = await put(ledger, A, INT64_MIN)
    assert await kind_of(ledger.reverse(lowest.transaction_id)) == "balance-overflow"
    await put(ledger, A, INT64_MAX)
    assert await kind_of(ledger.reverse(lowest.transaction_id)) == "balance-overflow"
    assert await balance(ledger, A) == -1


async def test_a_reversal_never_leaves_int64(ledger: Ledger) -> None:
    first, _ = await put(ledger, A, -1, INT64_MAX)
    await put(ledger, A, 1)
    assert await kind_of(ledger.reverse(first.transaction_id)) == "balance-overflow"
    assert await balance(ledger, A) == INT64_MAX


async def test_nothing_can_be_reversed_to_zero_twice_by_zero(ledger: Ledger) -> None:
    """An entry of nothing is an entry, and so is what undoes it."""
    (nothing,) = await put(ledger, A, 0)
    (undoing,) = (await ledger.reverse(nothing.transaction_id)).legs
    assert (undoing.amount, undoing.sequence) == (0, 2)
    assert await kind_of(ledger.reverse(nothing.transaction_id)) == "already-reversed"


async def test_an_id_that_a_reversal_got_cannot_be_chosen(ledger: Ledger) -> None:
    """Not even for the very same entries: a reversal is more than they are."""
    (first,) = await put(ledger, A, 5)
    (undoing,) = (await ledger.reverse(first.transaction_id)).legs
    taken, _ = await move(ledger, A, B, 5)
    back = (await ledger.reverse(taken.transaction_id)).legs[0]
    assert back.transfer_id is not None
    for leg in (undoing, back):
        assert await kind_of(ledger.create(new(leg.account_id, leg.amount, leg.transaction_id))) == "id-taken"
    assert await kind_of(ledger.transfer(moved(B, A, 5, back.transfer_id))) == "id-taken"


async def test_what_is_there_is_told_by_the_ids(ledger: Ledger) -> None:
    ids: list[UUID] = [entry.transaction_id for entry in await put(ledger, A, 1, 2, 3)]
    await asyncio.gather(*[ledger.reverse(one) for one in ids])
    rows = (await ledger.list_transactions(10, None, A, False)).items
    assert {row.reverses for row in rows if row.reverses} == set(ids)
