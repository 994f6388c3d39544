"""The floor of an account: set, changed, removed, and held by every write."""

import asyncio
from uuid import uuid4

import pytest

from roadbed.domains.ledger.model import INT64_MAX, INT64_MIN, Account, Limits
from roadbed.domains.ledger.service import Ledger, LimitsSet
from roadbed.kernel.errors import Conflict, KeyReused, NotFound, PreconditionFailed
from tests.integration.ledger.asking import balance, key, kind_of, new, put
from tests.integration.ledger.books import audit, read_books, stored_keys
from tests.integration.ledger.databases import Opened

A = uuid4()


async def test_a_floor_is_set_changed_and_removed(ledger: Ledger) -> None:
    (entry,) = await put(ledger, A, 10)
    assert await ledger.set_limits(A, 3) == LimitsSet(Limits(A, 3), 2)
    assert await ledger.account(A) == Account(A, 10, 3, 2, entry.created_at)
    assert await ledger.set_limits(A, -3) == LimitsSet(Limits(A, -3), 3)
    assert await ledger.set_limits(A, None) == LimitsSet(Limits(A, None), 4)
    assert await ledger.account(A) == Account(A, 10, None, 4, entry.created_at)


async def test_the_version_rises_with_entries_and_floors_alike(ledger: Ledger) -> None:
    await put(ledger, A, 10)
    await ledger.set_limits(A, 3)
    await put(ledger, A, 1, 1)
    assert (await ledger.set_limits(A, 3)).version == 5
    assert (await ledger.account(A)).version == 5


@pytest.mark.parametrize("floor", [0, 3, -3, INT64_MIN, INT64_MAX])
async def test_a_balance_may_reach_its_floor_and_no_more(ledger: Ledger, floor: int) -> None:
    await put(ledger, A, floor)
    await ledger.set_limits(A, floor)
    await put(ledger, A, 0)
    expected = "balance-overflow" if floor == INT64_MIN else "balance-floor"
    assert await kind_of(ledger.create(new(A, -1))) == expected
    assert await balance(ledger, A) == floor


async def test_without_its_floor_a_balance_falls_again(ledger: Ledger) -> None:
    await put(ledger, A, 10)
    await ledger.set_limits(A, 10)
    assert await kind_of(ledger.create(new(A, -1))) == "balance-floor"
    await ledger.set_limits(A, None)
    assert (await put(ledger, A, -100))[0].balance == -90


@pytest.mark.parametrize("floor", [11, INT64_MAX])
async def test_a_floor_above_the_balance_is_refused(ledger: Ledger, floor: int) -> None:
    await put(ledger, A, 10)
    with pytest.raises(Conflict, match=rf"The balance, 10, is already below {floor}") as refused:
        await ledger.set_limits(A, floor)
    assert refused.value.kind == "balance-floor"
    assert ((await ledger.account(A)).min_balance, (await ledger.account(A)).version) == (None, 1)


@pytest.mark.parametrize("floor", [0, None])
async def test_an_unknown_account(ledger: Ledger, floor: int | None) -> None:
    with pytest.raises(NotFound):
        await ledger.set_limits(A, floor)
    with pytest.raises(NotFound):
        await ledger.account(A)


async def test_only_if_the_version_matches(ledger: Ledger) -> None:
    await put(ledger, A, 10, 10)
    with pytest.raises(PreconditionFailed, match="The account is at version 2"):
        await ledger.set_limits(A, 0, if_match={1, 3})
    assert (await ledger.set_limits(A, 0, if_match={1, 2})).version == 3
    with pytest.raises(PreconditionFailed):
        await ledger.set_limits(A, 1, if_match={2})
    with pytest.raises(PreconditionFailed):
        await ledger.set_limits(A, 1, if_match=())
    assert (await ledger.account(A)).min_balance == 0


async def test_unless_the_version_matches(ledger: Ledger) -> None:
    await put(ledger, A, 10)
    with pytest.raises(PreconditionFailed):
        await ledger.set_limits(A, 0, if_none_match={1})
    assert (await ledger.set_limits(A, 0, if_match={1}, if_none_match={2})).version == 2


async def test_of_many_with_one_version_one_wins(ledger: Ledger) -> None:
    await put(ledger, A, 10)
    asked = [ledger.set_limits(A, floor, if_match={1}) for floor in range(10)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    won = [answer for answer in answers if isinstance(answer, LimitsSet)]
    assert len(won) == 1
    assert sum(isinstance(answer, PreconditionFailed) for answer in answers) == 9
    assert (await ledger.account(A)).min_balance == won[0].limits.min_balance


async def test_a_key_gives_the_same_reply_again(ledger: Ledger) -> None:
    await put(ledger, A, 10)
    first = await ledger.set_limits(A, 5, {1}, key("limits", "5"))
    await put(ledger, A, 1)
    await ledger.set_limits(A, 6)
    assert first == LimitsSet(Limits(A, 5), 2)
    assert await ledger.set_limits(A, 5, {1}, key("limits", "5")) == LimitsSet(Limits(A, 5), 2, replayed=True)
    assert (await ledger.account(A)).min_balance == 6
    with pytest.raises(KeyReused):
        await ledger.set_limits(A, 7, None, key("limits", "7"))


async def test_a_failure_is_not_kept_under_its_key(open_ledger: Opened) -> None:
    ledger = open_ledger.ledger
    with pytest.raises(NotFound):
        await ledger.set_limits(A, 5, None, key("limits"))
    await put(ledger, A, 3)
    assert await kind_of(ledger.set_limits(A, 5, None, key("limits"))) == "balance-floor"
    assert await stored_keys(open_ledger.database) == set()
    await put(ledger, A, 3)
    assert (await ledger.set_limits(A, 5, None, key("limits"))).replayed is False
    assert await stored_keys(open_ledger.database) == {key("limits").key}


async def test_many_takers_stop_at_the_floor(open_ledger: Opened) -> None:
    """Fifty want three each of a hundred, none of which may be lost below ten: thirty get it."""
    ledger = open_ledger.ledger
    await put(ledger, A, 100)
    await ledger.set_limits(A, 10)
    answers = await asyncio.gather(*[ledger.create(new(A, -3)) for _ in range(50)], return_exceptions=True)
    assert sum(isinstance(answer, Conflict) for answer in answers) == 20
    assert await balance(ledger, A) == 10
    audit(await read_books(open_ledger.database, [A]))


async def test_floors_and_entries_at_the_same_time(open_ledger: Opened) -> None:
    ledger = open_ledger.ledger
    await put(ledger, A, 20)
    asked = [ledger.create(new(A, -1)) for _ in range(40)] + [ledger.set_limits(A, floor) for floor in range(10)]
    await asyncio.gather(*asked, return_exceptions=True)
    books = await read_books(open_ledger.database, [A])
    audit(books)
    floors = books.accounts[A].version - books.accounts[A].sequence
    assert (books.accounts[A].min_balance is None) == (floors == 0)
