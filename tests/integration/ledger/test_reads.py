"""Lists by pages, statements, and what a balance was."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest

from roadbed.domains.ledger.model import BalanceAt, Transaction
from roadbed.domains.ledger.pages import AccountCursor, TransactionCursor
from roadbed.domains.ledger.service import Ledger
from roadbed.http.paging import CursorCodec
from roadbed.kernel.errors import NotFound
from tests.integration.ledger.asking import balance, move, new, put

A, B, C, UNKNOWN = sorted(uuid4() for _ in range(4))
TICK = timedelta(microseconds=1)
MOST_PAGES = 2000


async def all_pages(ledger: Ledger, limit: int, account_id: UUID | None = None) -> list[Transaction]:
    """Return the rows of all pages; a list that goes round in circles is an error."""
    found: list[Transaction] = []
    after = None
    for _ in range(MOST_PAGES):
        page = await ledger.list_transactions(limit, after, account_id, False)
        assert len(page.items) <= limit
        found += page.items
        if page.next is None:
            return found
        after = page.next
    raise AssertionError(f"no end after {MOST_PAGES} pages")


async def test_a_new_ledger_is_empty(ledger: Ledger) -> None:
    for page in (
        await ledger.list_transactions(10, None, None, True),
        await ledger.list_transactions(10, None, UNKNOWN, True),
        await ledger.list_accounts(10, None, True),
    ):
        assert (page.items, page.next, page.total) == ([], None, 0)


async def test_newest_first_by_time_and_id(ledger: Ledger) -> None:
    entries = [*await put(ledger, A, 1, 2), *await put(ledger, B, 3), *await move(ledger, A, B, 1)]
    expected = sorted(entries, key=lambda row: (row.created_at, row.transaction_id), reverse=True)
    assert (await ledger.list_transactions(100, None, None, False)).items == expected


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 1000])
async def test_pages_make_the_whole(ledger: Ledger, limit: int) -> None:
    await asyncio.gather(*[ledger.create(new(account, n)) for n, account in enumerate([A, B, A, A, B])])
    whole = (await ledger.list_transactions(1000, None, None, False)).items
    assert len(whole) == 5
    assert await all_pages(ledger, limit) == whole
    assert await all_pages(ledger, limit, A) == [row for row in whole if row.account_id == A]


async def test_a_page_that_is_exactly_full_is_the_last(ledger: Ledger) -> None:
    await put(ledger, A, 1, 2, 3)
    assert (await ledger.list_transactions(3, None, A, False)).next is None
    assert (await ledger.list_transactions(2, None, A, False)).next is not None


async def test_the_rows_of_one_flight_are_parted_by_their_id(ledger: Ledger) -> None:
    """On PostgreSQL all of them carry the same time: the id alone tells them apart."""
    await asyncio.gather(*[ledger.create(new(uuid4(), n)) for n in range(50)])
    pages = await all_pages(ledger, 7)
    assert len({row.transaction_id for row in pages}) == len(pages) == 50


async def test_no_row_twice_or_missed_while_others_insert(ledger: Ledger) -> None:
    before = {row.transaction_id for row in await put(ledger, A, *range(30))}
    writing = True

    async def write() -> None:
        while writing:
            await asyncio.gather(*[ledger.create(new(account, 1)) for account in (A, B, C)])

    writers = asyncio.create_task(write())
    for account_id in (None, A):
        for _ in range(3):
            seen = [row.transaction_id for row in await all_pages(ledger, 4, account_id)]
            assert len(set(seen)) == len(seen)
            assert before <= set(seen)
    writing = False
    await writers


async def test_totals(ledger: Ledger) -> None:
    await put(ledger, A, 1, 2, 3)
    await put(ledger, B, 1)
    assert (await ledger.list_transactions(2, None, None, True)).total == 4
    assert (await ledger.list_transactions(2, None, A, True)).total == 3
    assert (await ledger.statement(A, 2, None, True)).total == 3
    assert (await ledger.list_accounts(1, None, True)).total == 2
    assert (await ledger.list_transactions(2, None, None, False)).total is None
    assert (await ledger.list_accounts(1, None, False)).total is None


async def test_a_statement_shows_the_running_balance(ledger: Ledger) -> None:
    await put(ledger, A, 10, -3)
    await put(ledger, B, 1)
    await move(ledger, B, A, 5)
    rows = (await ledger.statement(A, 100, None, False)).items
    assert [(row.sequence, row.amount, row.balance) for row in rows] == [(3, 5, 12), (2, -3, 7), (1, 10, 10)]


async def test_a_statement_goes_on_where_a_page_ended(ledger: Ledger) -> None:
    await put(ledger, A, *range(5))
    first = await ledger.statement(A, 3, None, False)
    await put(ledger, A, 100)
    rest = await ledger.statement(A, 3, first.next, False)
    assert [row.sequence for row in [*first.items, *rest.items]] == [5, 4, 3, 2, 1]
    assert rest.next is None


async def test_a_statement_of_an_unknown_account(ledger: Ledger) -> None:
    await put(ledger, A, 1)
    for total in (False, True):
        with pytest.raises(NotFound):
            await ledger.statement(UNKNOWN, 10, None, total)


async def test_a_statement_past_its_end_is_empty(ledger: Ledger) -> None:
    (first,) = await put(ledger, A, 1)
    end = TransactionCursor(first.created_at, first.transaction_id)
    assert (await ledger.statement(A, 10, end, False)).items == []


async def test_accounts_by_id(ledger: Ledger) -> None:
    known = [UUID(int=0), UUID(int=2**128 - 1), UUID(int=2**127), A, B, C]
    for n, account_id in enumerate(known):
        await put(ledger, account_id, n)
    whole = (await ledger.list_accounts(100, None, False)).items
    assert whole == [await ledger.account(one) for one in sorted(known)]
    pages, after = [], None
    for _ in range(3):
        page = await ledger.list_accounts(2, after, False)
        pages += page.items
        after = page.next
    assert (pages, after) == (whole, None)


async def test_a_balance_then(ledger: Ledger) -> None:
    first, second, third = await put(ledger, A, 10, -3, 5)
    moments = {
        datetime.min.replace(tzinfo=UTC): 0,
        first.created_at - TICK: 0,
        first.created_at: 10,
        second.created_at - TICK: 10,
        second.created_at: 7,
        third.created_at: 12,
        third.created_at + timedelta(days=400): 12,
        datetime.max.replace(tzinfo=UTC): 12,
    }
    for at, expected in moments.items():
        assert await ledger.balance_at(A, at) == BalanceAt(A, expected, at)
    assert await balance(ledger, A) == 12


async def test_a_balance_then_in_another_zone(ledger: Ledger) -> None:
    first, _ = await put(ledger, A, 10, 1)
    at = first.created_at.astimezone(timezone(timedelta(hours=-8)))
    assert (await ledger.balance_at(A, at)).balance == 10


async def test_a_balance_then_of_an_unknown_account(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        await ledger.balance_at(UNKNOWN, datetime.now(UTC))


async def test_a_cursor_passes_through_its_text(ledger: Ledger) -> None:
    await put(ledger, A, 1, 2)
    await put(ledger, B, 1)
    rows = await ledger.list_transactions(1, None, None, False)
    accounts = await ledger.list_accounts(1, None, False)
    for cursor, kind in ((rows.next, TransactionCursor), (accounts.next, AccountCursor)):
        codec = CursorCodec(kind)
        assert codec.read(codec.write(cursor)) == cursor


async def test_a_forged_cursor_whose_time_has_no_zone_is_none() -> None:
    codec = CursorCodec(TransactionCursor)
    forged = codec.write(TransactionCursor(datetime(2030, 1, 1), UUID(int=0)))  # noqa: DTZ001 - that is the forgery
    with pytest.raises(ValueError, match="Expected a cursor"):
        codec.read(forged)
