"""Money that moves between two accounts: both entries, or none."""

from uuid import uuid4

import pytest

from roadbed.domains.ledger.model import INT64_MAX, INT64_MIN, Transaction
from roadbed.domains.ledger.service import Ledger, Posted
from roadbed.kernel.errors import Fault, Invalid, NotFound
from tests.integration.ledger.asking import balance, kind_of, move, moved, put
from tests.integration.ledger.books import audit, read_books
from tests.integration.ledger.databases import Opened

A, B, C = sorted(uuid4() for _ in range(3))


async def test_what_is_taken_is_given(ledger: Ledger) -> None:
    await put(ledger, B, 1)
    posted = await ledger.transfer(moved(A, B, 30))
    taken, given = posted.legs
    instant, transfer_id = taken.created_at, taken.transfer_id
    assert posted == Posted(
        (
            Transaction(taken.transaction_id, A, -30, instant, 1, -30, transfer_id),
            Transaction(given.transaction_id, B, 30, instant, 2, 31, transfer_id),
        )
    )
    assert transfer_id is not None
    assert len({taken.transaction_id, given.transaction_id, transfer_id}) == 3


@pytest.mark.parametrize(("source", "target"), [(A, B), (B, A)])
async def test_the_legs_are_found_taken_first(ledger: Ledger, source: "object", target: "object") -> None:
    taken, given = await move(ledger, source, target, 30)  # type: ignore[arg-type]
    assert taken.transfer_id is not None
    assert await ledger.transfer_legs(taken.transfer_id) == (taken, given)


async def test_an_unknown_transfer(ledger: Ledger) -> None:
    (plain,) = await put(ledger, A, 5)
    for unknown in (uuid4(), plain.transaction_id):
        with pytest.raises(NotFound, match="There is no transfer"):
            await ledger.transfer_legs(unknown)


async def test_from_and_to_must_differ(ledger: Ledger) -> None:
    with pytest.raises(Invalid) as refused:
        await ledger.transfer(moved(A, A, 1))
    assert refused.value.faults == (Fault("/to", "must differ from the account that the money comes from"),)
    with pytest.raises(NotFound):
        await ledger.account(A)


@pytest.mark.parametrize(
    ("source_balance", "target_balance", "amount", "kind"),
    [
        (0, INT64_MAX, 1, "balance-overflow"),
        (0, 1, INT64_MAX, "balance-overflow"),
        (INT64_MIN, 0, 1, "balance-overflow"),
        (-2, 0, INT64_MAX, "balance-overflow"),
        (INT64_MIN, INT64_MAX, 1, "balance-overflow"),
    ],
)
async def test_neither_leg_leaves_int64(
    open_ledger: Opened, source_balance: int, target_balance: int, amount: int, kind: str
) -> None:
    ledger = open_ledger.ledger
    await put(ledger, A, source_balance)
    await put(ledger, B, target_balance)
    assert await kind_of(ledger.transfer(moved(A, B, amount))) == kind
    assert (await balance(ledger, A), await balance(ledger, B)) == (source_balance, target_balance)
    audit(await read_books(open_ledger.database, [A, B]))


async def test_the_largest_amount_moves_there_and_back(ledger: Ledger) -> None:
    await move(ledger, A, B, INT64_MAX)
    assert (await balance(ledger, A), await balance(ledger, B)) == (-INT64_MAX, INT64_MAX)
    await move(ledger, B, A, INT64_MAX)
    assert (await balance(ledger, A), await balance(ledger, B)) == (0, 0)


async def test_a_floor_holds_for_what_is_taken_alone(ledger: Ledger) -> None:
    await put(ledger, A, 10)
    await put(ledger, B, 10)
    await ledger.set_limits(A, 10)
    await ledger.set_limits(B, 10)
    assert await kind_of(ledger.transfer(moved(A, B, 1))) == "balance-floor"
    await move(ledger, C, A, 1)
    await move(ledger, A, B, 1)
    assert [await balance(ledger, one) for one in (A, B, C)] == [10, 11, -1]


async def test_one_leg_refused_is_both_refused(open_ledger: Opened) -> None:
    ledger = open_ledger.ledger
    await put(ledger, B, INT64_MAX)
    before = await read_books(open_ledger.database, [A, B])
    assert await kind_of(ledger.transfer(moved(A, B, 1))) == "balance-overflow"
    assert await read_books(open_ledger.database, [A, B]) == before
    with pytest.raises(NotFound):
        await ledger.account(A)
