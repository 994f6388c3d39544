"""What processes on one PostgreSQL server can do to each other, each race held open at its worst moment."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from itertools import cycle, islice
from uuid import UUID, uuid4

import pytest

from roadbed.data.idempotency import Idempotency
from roadbed.domains.ledger.model import INT64_MAX, NewTransaction, NewTransfer
from roadbed.domains.ledger.postings import Written
from roadbed.domains.ledger.service import Ledger, Posted
from roadbed.kernel.errors import Conflict, KeyReused, Unavailable
from roadbed.kernel.events import DatabaseFailed, FlightRetried, FlightSplit
from tests.integration.ledger.books import audit, read_books, stored_keys
from tests.integration.ledger.databases import Opened, opened
from tests.integration.ledger.elsewhere import Elsewhere, elsewhere_on, entry, reversal, transfer

A, B, C, D, CHOSEN = sorted(uuid4() for _ in range(5))
KEY = Idempotency(b"k" * 16, b"content of it...")
REUSED = Idempotency(KEY.key, b"other content...")


@pytest.fixture
async def here(postgres_ledger_url: str) -> AsyncGenerator[Opened]:
    async with opened(postgres_ledger_url) as ready:
        yield ready


@pytest.fixture
async def elsewhere(postgres_ledger_url: str) -> AsyncGenerator[Elsewhere]:
    async with elsewhere_on(postgres_ledger_url) as other:
        yield other


async def kind_of(asked: Awaitable[object]) -> str:
    """Return why it was refused."""
    with pytest.raises((Conflict, KeyReused)) as refused:
        await asked
    return refused.value.kind if isinstance(refused.value, Conflict) else refused.value.slug


async def stored(here: Opened) -> list[tuple[UUID, int, int]]:
    """Return account and amount and balance of all entries, after an audit."""
    books = await read_books(here.database, [A, B, C, D])
    audit(books)
    return [(row.account_id, row.amount, row.balance) for row in books.rows()]


async def test_a_transaction_id_chosen_twice_for_different_accounts(here: Opened, elsewhere: Elsewhere) -> None:
    await elsewhere.post(entry(A, 5, CHOSEN))
    asked = await elsewhere.until_it_waits(here.ledger.create(NewTransaction(B, 5, CHOSEN)))
    await elsewhere.commit()
    assert await kind_of(asked) == "id-taken"
    assert await stored(here) == [(A, 5, 5)]


async def test_a_chosen_transaction_id_that_was_given_up(here: Opened, elsewhere: Elsewhere) -> None:
    await elsewhere.post(entry(A, 5, CHOSEN))
    asked = await elsewhere.until_it_waits(here.ledger.create(NewTransaction(B, 5, CHOSEN)))
    await elsewhere.roll_back()
    assert (await asked).repeated is False
    assert await stored(here) == [(B, 5, 5)]


async def test_a_transaction_id_chosen_twice_for_the_same(here: Opened, elsewhere: Elsewhere) -> None:
    await elsewhere.post(entry(A, 5, CHOSEN))
    asked = await elsewhere.until_it_waits(here.ledger.create(NewTransaction(A, 5, CHOSEN)))
    await elsewhere.commit()
    assert (await asked).repeated is True
    assert await stored(here) == [(A, 5, 5)]


async def test_a_transfer_id_chosen_twice_for_different_accounts(here: Opened, elsewhere: Elsewhere) -> None:
    await elsewhere.post(transfer(A, B, 5, CHOSEN))
    asked = await elsewhere.until_it_waits(here.ledger.transfer(NewTransfer(C, D, 7, CHOSEN)))
    await elsewhere.commit()
    assert await kind_of(asked) == "id-taken"
    assert await stored(here) == [(A, -5, -5), (B, 5, 5)]


async def test_a_transfer_id_chosen_twice_for_the_same(here: Opened, elsewhere: Elsewhere) -> None:
    await elsewhere.post(transfer(A, B, 5, CHOSEN))
    asked = await elsewhere.until_it_waits(here.ledger.transfer(NewTransfer(A, B, 5, CHOSEN)))
    await elsewhere.commit()
    assert (await asked).repeated is True
    assert await stored(here) == [(A, -5, -5), (B, 5, 5)]


async def test_two_begin_one_account(here: Opened, elsewhere: Elsewhere) -> None:
    await elsewhere.post(entry(A, 5), entry(A, 6))
    asked = await elsewhere.until_it_waits(here.ledger.create(NewTransaction(A, 7)))
    await elsewhere.commit()
    assert (await asked).legs[0].sequence == 3
    assert await stored(here) == [(A, 5, 5), (A, 6, 11), (A, 7, 18)]


async def test_one_key_for_the_same_content(here: Opened, elsewhere: Elsewhere) -> None:
    (first,) = await elsewhere.post(entry(A, 5, key=KEY))
    asked = await elsewhere.until_it_waits(here.ledger.create(NewTransaction(A, 5), KEY))
    await elsewhere.commit()
    assert isinstance(first, Written)
    assert await asked == Posted(first.legs, replayed=True)
    assert await stored(here) == [(A, 5, 5)]


async def test_one_key_for_other_content(here: Opened, elsewhere: Elsewhere) -> None:
    await elsewhere.post(entry(A, 5, key=KEY))
    asked = await elsewhere.until_it_waits(here.ledger.create(NewTransaction(B, 6), REUSED))
    await elsewhere.commit()
    assert await kind_of(asked) == "idempotency-key-reused"
    assert await stored(here) == [(A, 5, 5)]


async def test_one_key_whose_first_request_failed(here: Opened, elsewhere: Elsewhere) -> None:
    await elsewhere.post(entry(A, 5, key=KEY))
    asked = await elsewhere.until_it_waits(here.ledger.create(NewTransaction(B, 6), REUSED))
    await elsewhere.roll_back()
    assert (await asked).replayed is False
    assert await stored(here) == [(B, 6, 6)]
    assert await stored_keys(here.database) == {KEY.key}


async def test_a_transaction_is_reversed_once(here: Opened, elsewhere: Elsewhere) -> None:
    (first,) = (await here.ledger.create(NewTransaction(A, 5))).legs
    await elsewhere.post(reversal(first.transaction_id, A, 5))
    asked = await elsewhere.until_it_waits(here.ledger.reverse(first.transaction_id))
    await elsewhere.commit()
    assert await kind_of(asked) == "already-reversed"
    assert await stored(here) == [(A, 5, 5), (A, -5, 0)]


async def test_the_last_money_goes_once(here: Opened, elsewhere: Elsewhere) -> None:
    await here.ledger.create(NewTransaction(A, 5))
    await here.ledger.set_limits(A, 0)
    await elsewhere.post(entry(A, -5))
    asked = await elsewhere.until_it_waits(here.ledger.transfer(NewTransfer(A, B, 5)))
    await elsewhere.commit()
    assert await kind_of(asked) == "balance-floor"
    assert await stored(here) == [(A, 5, 5), (A, -5, 0)]


async def test_the_last_room_below_the_limit_goes_once(here: Opened, elsewhere: Elsewhere) -> None:
    await here.ledger.create(NewTransaction(A, INT64_MAX - 1))
    await elsewhere.post(entry(A, 1))
    asked = await elsewhere.until_it_waits(here.ledger.transfer(NewTransfer(B, A, 1)))
    await elsewhere.commit()
    assert await kind_of(asked) == "balance-overflow"
    assert await stored(here) == [(A, INT64_MAX - 1, INT64_MAX - 1), (A, 1, INT64_MAX)]


async def test_a_floor_sees_what_was_taken_before_it(here: Opened, elsewhere: Elsewhere) -> None:
    await here.ledger.create(NewTransaction(A, 5))
    await elsewhere.post(entry(A, -1))
    asked = await elsewhere.until_it_waits(here.ledger.set_limits(A, 5))
    await elsewhere.commit()
    assert await kind_of(asked) == "balance-floor"


async def test_an_entry_sees_the_floor_set_before_it(here: Opened, elsewhere: Elsewhere) -> None:
    await here.ledger.create(NewTransaction(A, 5))
    await elsewhere.connection.execute("UPDATE ledger_account SET min_balance = 5, version = version + 1")
    asked = await elsewhere.until_it_waits(here.ledger.create(NewTransaction(A, -1)))
    await elsewhere.commit()
    assert await kind_of(asked) == "balance-floor"


async def test_nobody_else_waits_for_a_race(here: Opened, elsewhere: Elsewhere) -> None:
    """The flight that meets a race is written whole in the end, the loser alone refused."""
    await elsewhere.post(entry(A, 5, CHOSEN))
    asked = [NewTransaction(B, 1), NewTransaction(C, 2, CHOSEN), NewTransaction(B, 3)]
    together = await elsewhere.until_it_waits(_at_once(here.ledger, asked))
    await elsewhere.commit()
    assert await together == [1, "id-taken", 4]
    assert await stored(here) == [(A, 5, 5), (B, 1, 1), (B, 3, 4)]


async def _at_once(ledger: Ledger, asked: list[NewTransaction]) -> list[object]:
    """Return the balance after each, or why it was refused."""

    async def one(new: NewTransaction) -> object:
        try:
            return (await ledger.create(new)).legs[0].balance
        except Conflict as error:
            return error.kind

    return list(await asyncio.gather(*[one(new) for new in asked]))


async def test_what_waited_is_dated_after_the_wait(here: Opened, elsewhere: Elsewhere) -> None:
    """Both of its entries, not only the one on the account that was held."""
    await here.ledger.create(NewTransaction(A, 5))
    await elsewhere.post(entry(A, 1))
    asked = await elsewhere.until_it_waits(here.ledger.transfer(NewTransfer(B, A, 1)))
    meanwhile = await elsewhere.connection.fetchval("SELECT clock_timestamp()")
    await elsewhere.commit()
    assert [leg.created_at > meanwhile for leg in (await asked).legs] == [True, True]


async def test_accounts_are_locked_in_the_order_of_their_ids(here: Opened, elsewhere: Elsewhere) -> None:
    """While a flight waits for the highest, it holds all others, whatever order they were asked in."""
    accounts = sorted(uuid4() for _ in range(20))
    await _at_once(here.ledger, [NewTransaction(account, 0) for account in accounts])
    await elsewhere.post(entry(accounts[-1], 1))
    again = _at_once(here.ledger, [NewTransaction(account, 1) for account in reversed(accounts)])
    asked = await elsewhere.until_it_waits(again)
    free = "SELECT account_id FROM ledger_account WHERE account_id <> $1 FOR UPDATE SKIP LOCKED"
    assert await elsewhere.connection.fetch(free, accounts[-1]) == []
    await elsewhere.commit()
    assert sum(1 for answer in await asked if answer == 1) == 19


async def test_whoever_waits_too_long_is_told_so(postgres_ledger_url: str, elsewhere: Elsewhere) -> None:
    """With a key it is 409, since the first request with it may be what holds the account; without, 503."""
    async with opened(postgres_ledger_url, lock_timeout=0.1) as one:
        await one.ledger.create(NewTransaction(A, 5))
        await elsewhere.post(entry(A, 1, key=KEY))
        assert await kind_of(one.ledger.create(NewTransaction(A, 1), KEY)) == "still-running"
        with pytest.raises(Unavailable):
            await one.ledger.create(NewTransaction(A, 1))
        await elsewhere.commit()
        assert (await one.ledger.create(NewTransaction(A, 1), KEY)).replayed is True
        assert await stored(one) == [(A, 5, 5), (A, 1, 6)]


async def test_two_processes_never_wait_for_each_other_in_a_circle(postgres_ledger_url: str) -> None:
    """Accounts, transfer ids and transaction ids are taken in opposite orders by two processes, many times over."""
    retried: list[str] = []
    unforeseen: list[object] = []
    async with opened(postgres_ledger_url) as first, opened(postgres_ledger_url) as second:
        for door in (first, second):
            door.events.on(FlightRetried, lambda event: retried.append(event.code))
            door.events.on(FlightSplit, unforeseen.append)
            door.events.on(DatabaseFailed, unforeseen.append)
        await first.ledger.create(NewTransaction(A, 0))
        for _ in range(20):
            ids = [uuid4() for _ in range(20)]
            await asyncio.gather(_circle(first.ledger, ids), _circle(second.ledger, ids[::-1]))
        await stored(first)
    assert "40P01" not in retried
    assert unforeseen == []


async def _circle(ledger: Ledger, ids: list[UUID]) -> None:
    pairs = islice(cycle([(A, B), (B, C), (C, D), (D, A)]), len(ids))
    transfers = [ledger.transfer(NewTransfer(*pair, 1, chosen)) for pair, chosen in zip(pairs, ids, strict=True)]
    entries = [ledger.create(NewTransaction(uuid4(), 1, chosen)) for chosen in ids]
    answers = await asyncio.gather(*transfers, *entries, return_exceptions=True)
    assert [one for one in answers if isinstance(one, BaseException) and not isinstance(one, Conflict)] == []
