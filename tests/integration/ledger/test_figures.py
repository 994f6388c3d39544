"""The ledger's figures: what is written is counted once, what is repeated or refused is not."""

import asyncio
from uuid import uuid4

import pytest

from roadbed.data.atomic import Atomic
from roadbed.domains.ledger.figures import BOOKS, FIGURES, POSTED, VOLUME, Books
from roadbed.domains.ledger.model import NewTransaction, NewTransfer
from roadbed.domains.ledger.service import Ledger
from roadbed.kernel.clock import now
from roadbed.kernel.errors import Conflict
from roadbed.runtime.counters import Counter, Counters
from tests.integration.ledger.databases import Opened


class Counted:
    """A ledger, and what it has counted."""

    def __init__(self, opened: Opened) -> None:
        self.counters = Counters(figure for figure in FIGURES if isinstance(figure, Counter))
        self.ledger = Ledger(opened.database, now, self.counters)

    def taken(self) -> dict[str, float]:
        return {values[0]: amount for _, values, count in self.counters.all() if (amount := count.take())}


@pytest.fixture
def counted(open_ledger: Opened) -> Counted:
    return Counted(open_ledger)


async def test_transactions_by_how_they_came(counted: Counted) -> None:
    a, b = uuid4(), uuid4()
    first = await counted.ledger.create(NewTransaction(account_id=a, amount=500))
    await counted.ledger.create(NewTransaction(account_id=a, amount=0))
    assert counted.taken() == {"transaction": 2, "credit": 500}
    moved = await counted.ledger.transfer(NewTransfer(source=a, target=b, amount=200))
    assert counted.taken() == {"transfer": 2, "credit": 200, "debit": 200}
    await counted.ledger.reverse(first.legs[0].transaction_id)
    assert counted.taken() == {"reversal": 1, "debit": 500}
    await counted.ledger.reverse(moved.legs[0].transaction_id)
    assert counted.taken() == {"reversal": 2, "credit": 200, "debit": 200}


async def test_what_is_repeated_or_refused_is_not_counted(counted: Counted) -> None:
    account, chosen = uuid4(), uuid4()
    new = NewTransaction(account_id=account, amount=-7, transaction_id=chosen)
    for _ in range(3):
        await counted.ledger.create(new)
    await counted.ledger.set_limits(account, -10)
    with pytest.raises(Conflict):
        await counted.ledger.create(NewTransaction(account_id=account, amount=-4))
    assert counted.taken() == {"transaction": 1, "debit": 7}


async def test_a_posting_that_nobody_waits_for_any_more_is_counted(counted: Counted, open_ledger: Opened) -> None:
    """Its client has gone while it was in the air: it is written all the same, and so it is counted."""
    account, chosen = uuid4(), uuid4()
    new = NewTransaction(account_id=account, amount=7, transaction_id=chosen)
    left = asyncio.ensure_future(counted.ledger.create(new))
    # It joins the flight in one turn of the event loop, which departs in the next.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert counted.ledger._post._airborne is not None
    left.cancel()
    await asyncio.wait((left,))
    # In the flight after it.
    await counted.ledger.create(NewTransaction(account_id=account, amount=-2))
    assert (await counted.ledger.account(account)).balance == 5
    assert counted.taken() == {"transaction": 2, "credit": 7, "debit": 2}
    # Who asks again meets what is there: that is no second posting.
    assert (await counted.ledger.create(new)).repeated
    assert counted.taken() == {}


async def test_in_a_batch_postings_count_when_that_is_committed(counted: Counted, open_ledger: Opened) -> None:
    batches = Atomic(open_ledger.database)

    async def work() -> str:
        await counted.ledger.create(NewTransaction(account_id=uuid4(), amount=7))
        assert counted.taken() == {}
        return "done"

    async def broken() -> str:
        await work()
        raise Conflict("undone")

    with pytest.raises(Conflict):
        await batches.run(None, broken)
    assert counted.taken() == {}
    await batches.run(None, work)
    assert counted.taken() == {"transaction": 1, "credit": 7}


async def test_all_accounts_together(counted: Counted, open_ledger: Opened) -> None:
    assert await open_ledger.database.fetch(BOOKS.query) == [Books(0, 0, 0.0)]
    largest = 2**63 - 1
    for amount in (largest, largest, -5):
        await counted.ledger.create(NewTransaction(account_id=uuid4(), amount=amount))
    # Beyond int64, where a sum of integers would fail.
    assert await open_ledger.database.fetch(BOOKS.query) == [Books(3, 1, 2.0**64)]


def test_series_are_named(counted: Counted) -> None:
    assert {(counter.name, values) for counter, values, _ in counted.counters.all()} == {
        *((POSTED.name, (kind,)) for kind in ("transaction", "transfer", "reversal")),
        *((VOLUME.name, (direction,)) for direction in ("credit", "debit")),
    }
