"""``created_at`` strictly rises within an account, whatever the clock does."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from roadbed.data.queries import Query, parse
from roadbed.domains.ledger.service import Ledger
from tests.integration.ledger.asking import move, new, put
from tests.integration.ledger.books import audit, read_books
from tests.integration.ledger.databases import Opened, opened

A, B = sorted(uuid4() for _ in range(2))
NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)

AHEAD = Query("ahead", parse("-- name: ahead\nUPDATE ledger_account SET updated_at = :at")["ahead"], tuple)


class Hands:
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def hands() -> Hands:
    return Hands()


async def test_the_clock_stands_still(sqlite_ledger_url: str, hands: Hands) -> None:
    async with opened(sqlite_ledger_url, hands) as one:
        entries = await put(one.ledger, A, 1, 2, 3)
        assert [entry.created_at for entry in entries] == [NOON, NOON + TICK, NOON + 2 * TICK]


async def test_the_clock_stands_still_within_a_flight(sqlite_ledger_url: str, hands: Hands) -> None:
    async with opened(sqlite_ledger_url, hands) as one:
        posted = await asyncio.gather(*[one.ledger.create(new(account, 1)) for account in (A, B, A, B, A)])
        times = [answer.legs[0].created_at for answer in posted]
        assert times == [NOON, NOON, NOON + TICK, NOON + TICK, NOON + 2 * TICK]


async def test_the_clock_goes_back(sqlite_ledger_url: str, hands: Hands) -> None:
    async with opened(sqlite_ledger_url, hands) as one:
        await put(one.ledger, A, 1)
        hands.at = NOON - HOUR
        entries = [*await put(one.ledger, A, 2, 3), *await put(one.ledger, B, 1)]
        assert [entry.created_at for entry in entries] == [NOON + TICK, NOON + 2 * TICK, NOON - HOUR]
        hands.at = NOON + HOUR
        assert (await put(one.ledger, A, 4))[0].created_at == NOON + HOUR


async def test_a_transfer_is_later_than_both_accounts(sqlite_ledger_url: str, hands: Hands) -> None:
    async with opened(sqlite_ledger_url, hands) as one:
        await put(one.ledger, A, 1)
        await put(one.ledger, B, 1, 1, 1)
        for source, target, expected in ((A, B, NOON + 3 * TICK), (B, A, NOON + 4 * TICK)):
            taken, given = await move(one.ledger, source, target, 1)
            assert (taken.created_at, given.created_at) == (expected, expected)
        audit(await read_books(one.database, [A, B]))


async def test_the_server_clock_goes_back(open_ledger: Opened) -> None:
    """An account whose last entry is in the future goes on from there, on both engines; others follow the clock."""
    ledger = open_ledger.ledger
    await put(ledger, A, 1)
    ahead = datetime.now(UTC).replace(microsecond=999_998) + HOUR
    await open_ledger.database.execute(AHEAD, at=ahead)
    posted = await asyncio.gather(*[ledger.create(new(A, 1)) for _ in range(3)])
    assert [answer.legs[0].created_at for answer in posted] == [ahead + TICK, ahead + 2 * TICK, ahead + 3 * TICK]
    taken, given = await move(ledger, B, A, 1)
    assert (taken.created_at, given.created_at) == (ahead + 4 * TICK, ahead + 4 * TICK)


async def test_times_are_those_of_the_answer_to_the_microsecond(ledger: Ledger) -> None:
    entries = await put(ledger, A, *range(20))
    stored = (await ledger.list_transactions(100, None, A, False)).items
    assert [entry.created_at for entry in reversed(stored)] == [entry.created_at for entry in entries]
    assert all(entry.created_at.tzinfo is not None for entry in stored)
    assert (await ledger.account(A)).updated_at == entries[-1].created_at
