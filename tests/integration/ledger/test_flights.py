"""Flights: what is asked at once is written at once, in order, and what is refused disturbs nobody."""

import asyncio
from uuid import uuid4

import pytest

from roadbed.domains.ledger.model import INT64_MAX, NewTransaction
from roadbed.domains.ledger.service import Ledger, Posted
from roadbed.kernel.errors import Conflict, Overloaded
from roadbed.kernel.events import DatabaseFailed, FlightLanded, FlightRetried, FlightSplit
from tests.integration.ledger.asking import balance, key, moved, new, put
from tests.integration.ledger.books import audit, read_books
from tests.integration.ledger.databases import Opened, opened

A, B, C, D = (uuid4() for _ in range(4))
CAPACITY = 256


class Watched:
    """What the engine told of its flights."""

    def __init__(self, one: Opened) -> None:
        self.sizes: list[int] = []
        self.trouble: list[object] = []
        one.events.on(FlightLanded, self._landed)
        for kind in (FlightSplit, FlightRetried, DatabaseFailed):
            one.events.on(kind, self.trouble.append)

    def _landed(self, event: FlightLanded) -> None:
        if event.flight == "ledger_post":
            self.sizes.append(event.size)


@pytest.fixture
def watched(open_ledger: Opened) -> Watched:
    return Watched(open_ledger)


async def answers(ledger: Ledger, *asked: NewTransaction) -> list[object]:
    """Ask at once; return the balance after each, or why it was refused."""

    async def one(body: NewTransaction) -> object:
        try:
            return (await ledger.create(body)).legs[0].balance
        except Conflict as error:
            return error.kind

    return list(await asyncio.gather(*[one(body) for body in asked]))


async def test_a_full_flight_on_one_account(open_ledger: Opened, watched: Watched) -> None:
    posted = await asyncio.gather(*[open_ledger.ledger.create(new(A, n)) for n in range(CAPACITY)])
    assert watched.sizes == [CAPACITY]
    assert [answer.legs[0].sequence for answer in posted] == list(range(1, CAPACITY + 1))
    assert [answer.legs[0].balance for answer in posted] == [sum(range(n + 1)) for n in range(CAPACITY)]
    audit(await read_books(open_ledger.database, [A]))
    assert watched.trouble == []


async def test_a_full_flight_on_as_many_accounts(open_ledger: Opened, watched: Watched) -> None:
    accounts = [uuid4() for _ in range(CAPACITY)]
    for _ in range(2):
        await asyncio.gather(*[open_ledger.ledger.create(new(account, 1)) for account in accounts])
    assert watched.sizes == [CAPACITY, CAPACITY]
    books = await read_books(open_ledger.database, accounts)
    audit(books)
    assert {held.balance for held in books.accounts.values()} == {2}
    assert watched.trouble == []


async def test_a_full_flight_of_transfers_with_keys(open_ledger: Opened, watched: Watched) -> None:
    accounts = [uuid4() for _ in range(20)]
    pairs = [(accounts[n % 20], accounts[(n * 7 + 3) % 20]) for n in range(CAPACITY)]
    bodies = [moved(source, target, n + 1) for n, (source, target) in enumerate(pairs) if source != target]
    for replayed in (False, True):
        asked = [open_ledger.ledger.transfer(body, key(f"k{n}")) for n, body in enumerate(bodies)]
        assert {answer.replayed for answer in await asyncio.gather(*asked)} == {replayed}
    assert watched.sizes == [len(bodies)] * 2
    books = await read_books(open_ledger.database, accounts)
    audit(books)
    assert len(books.rows()) == 2 * len(bodies)
    assert watched.trouble == []


async def test_more_than_a_flight_holds_makes_the_next(open_ledger: Opened, watched: Watched) -> None:
    await asyncio.gather(*[open_ledger.ledger.create(new(A, 1)) for _ in range(CAPACITY + 44)])
    assert watched.sizes == [CAPACITY, 44]
    assert await balance(open_ledger.ledger, A) == CAPACITY + 44


async def test_the_order_of_asking_is_the_order_of_writing(ledger: Ledger) -> None:
    """Each is decided on what those before it left, refused ones excepted."""
    await put(ledger, A, 10)
    await ledger.set_limits(A, 0)
    amounts = [-8, -3, 1, -3, -1, 5, -5, 1]
    expected = [2, "balance-floor", 3, 0, "balance-floor", 5, 0, 1]
    assert await answers(ledger, *[new(A, amount) for amount in amounts]) == expected


async def test_overflow_within_a_flight(ledger: Ledger) -> None:
    amounts = [INT64_MAX, 1, -1, 1, 1]
    expected = [INT64_MAX, "balance-overflow", INT64_MAX - 1, INT64_MAX, "balance-overflow"]
    assert await answers(ledger, *[new(A, amount) for amount in amounts]) == expected


async def test_one_account_may_be_both_ends_of_a_flight(open_ledger: Opened) -> None:
    """Money passes on through accounts that begin in the same flight."""
    ledger = open_ledger.ledger
    chain = [(A, B), (B, C), (C, D), (D, A)]
    posted = await asyncio.gather(*[ledger.transfer(moved(*pair, 5)) for pair in chain])
    assert [[leg.balance for leg in answer.legs] for answer in posted] == [[-5, 5], [0, 5], [0, 5], [0, 0]]
    audit(await read_books(open_ledger.database, [A, B, C, D]))


async def test_the_bad_ones_disturb_nobody(open_ledger: Opened, watched: Watched) -> None:
    """One flight with every kind of refusal in it: all others are written, nothing is retried, nothing split."""
    ledger = open_ledger.ledger
    first, taken = await put(ledger, A, 5), uuid4()
    await ledger.set_limits(A, 5)
    await ledger.reverse((await put(ledger, B, 1))[0].transaction_id)
    undone = (await ledger.list_transactions(2, None, B, False)).items[1]
    await put(ledger, C, INT64_MAX)
    await ledger.create(new(D, 1, taken))
    await ledger.create(new(D, 1), key("used", "content"))
    watched.sizes.clear()
    asked = [
        ledger.create(new(B, 10)),
        ledger.create(new(A, -1)),
        ledger.create(new(C, 1)),
        ledger.transfer(moved(D, C, 1)),
        ledger.create(new(D, 7, taken)),
        ledger.create(new(D, 7), key("used", "other")),
        ledger.create(new(D, 1), key("used", "content")),
        ledger.transfer(moved(D, B, 1)),
        ledger.reverse(first[0].transaction_id),
        ledger.reverse(undone.transaction_id),
    ]
    told = await asyncio.gather(*asked, return_exceptions=True)
    kinds = [answer.kind if isinstance(answer, Conflict) else type(answer).__name__ for answer in told]
    assert kinds == [
        "Posted",
        "balance-floor",
        "balance-overflow",
        "balance-overflow",
        "id-taken",
        "KeyReused",
        "Posted",
        "Posted",
        "balance-floor",
        "already-reversed",
    ]
    assert [await balance(ledger, one) for one in (A, B, C, D)] == [5, 11, INT64_MAX, 1]
    audit(await read_books(open_ledger.database, [A, B, C, D]))
    assert watched.trouble == []


async def test_what_shares_a_key_or_a_choice_waits_for_the_next(open_ledger: Opened, watched: Watched) -> None:
    chosen = uuid4()
    asked = [open_ledger.ledger.create(new(A, 1, chosen)) for _ in range(3)]
    asked += [open_ledger.ledger.create(new(A, 1), key("k")) for _ in range(2)]
    asked += [open_ledger.ledger.create(new(A, 1))]
    await asyncio.gather(*asked)
    assert watched.sizes == [3, 2, 1]
    assert await balance(open_ledger.ledger, A) == 3


async def test_an_id_that_the_service_gives_within_a_flight_cannot_be_met_by_choice(
    open_ledger: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can guess the id that is being given. If it happened all the same, one of the two would be refused."""
    met = uuid4()
    monkeypatch.setattr("roadbed.domains.ledger.service.new_id", lambda: met)
    asked = [open_ledger.ledger.create(new(A, 1)), open_ledger.ledger.create(new(B, 2, met))]
    first, second = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, Posted)
    assert isinstance(second, Conflict)
    audit(await read_books(open_ledger.database, [A, B]))


async def test_beyond_the_queue_requests_are_turned_away_at_once(ledger_url: str) -> None:
    async with opened(ledger_url, flight_queue=10, flight_capacity=5) as one:
        asked = [one.ledger.create(new(A, 1)) for _ in range(15)]
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(answer) for answer in told] == [Posted] * 10 + [Overloaded] * 5
        assert await balance(one.ledger, A) == 10


async def test_a_client_that_leaves_a_flight_in_the_air_stops_nothing(open_ledger: Opened) -> None:
    ledger = open_ledger.ledger
    leaving = asyncio.create_task(ledger.create(new(A, 1)))
    staying = asyncio.create_task(ledger.create(new(A, 2)))
    for _ in ("both take their seats", "the flight departs"):
        await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).legs[0].balance == 3
    assert await balance(ledger, A) == 3
    assert isinstance((await asyncio.gather(leaving, return_exceptions=True))[0], asyncio.CancelledError)
