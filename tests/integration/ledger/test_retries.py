"""Safe retries: by an idempotency key, by a chosen id, by both."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from roadbed.data.idempotency import LIFETIME, Idempotency
from roadbed.data.queries import Query, parse
from roadbed.domains.ledger.service import Ledger, Posted
from roadbed.kernel.errors import Conflict, KeyReused
from tests.integration.ledger.asking import balance, key, kind_of, move, moved, new, put
from tests.integration.ledger.books import audit, read_books, stored_keys
from tests.integration.ledger.databases import Opened

A, B, C, CHOSEN = (uuid4() for _ in range(4))

_AGED = "-- name: aged\nUPDATE idempotency SET expires_at = :expires_at WHERE expires_at > :later"
AGE = Query("aged", parse(_AGED)["aged"], tuple)


async def count(ledger: Ledger, account_id: UUID) -> int:
    return len((await ledger.list_transactions(100, None, account_id, False)).items)


async def ask(ledger: Ledger, call: str, idempotency: Idempotency, target: UUID) -> Posted:
    if call == "create":
        return await ledger.create(new(A, 5), idempotency)
    if call == "transfer":
        return await ledger.transfer(moved(A, B, 5), idempotency)
    return await ledger.reverse(target, idempotency)


@pytest.fixture(params=["create", "transfer", "reverse", "reverse a transfer"])
def call(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def target(ledger: Ledger, call: str) -> UUID:
    """What a reversal reverses."""
    if call == "reverse a transfer":
        return (await move(ledger, B, A, 7))[0].transaction_id
    return (await put(ledger, A, 7))[0].transaction_id


async def test_the_same_key_gives_the_very_same_reply(ledger: Ledger, call: str, target: UUID) -> None:
    first = await ask(ledger, call, key("k"), target)
    assert first.replayed is False
    await put(ledger, A, 1)
    before = await balance(ledger, A)
    for _ in range(2):
        assert await ask(ledger, call, key("k"), target) == msgspec.structs.replace(first, replayed=True)
    assert await balance(ledger, A) == before


async def test_the_same_key_many_times_at_once_writes_once(ledger: Ledger, call: str, target: UUID) -> None:
    before = await count(ledger, A)
    answers = await asyncio.gather(*[ask(ledger, call, key("k"), target) for _ in range(20)])
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 19
    assert {answer.legs for answer in answers} == {answers[0].legs}
    assert await count(ledger, A) == before + 1


async def test_the_same_key_with_other_content(ledger: Ledger, call: str, target: UUID) -> None:
    await ask(ledger, call, key("k", "one"), target)
    before = await balance(ledger, A)
    with pytest.raises(KeyReused):
        await ask(ledger, call, key("k", "two"), target)
    assert await balance(ledger, A) == before


async def test_other_content_in_the_same_flight(ledger: Ledger) -> None:
    asked = [ledger.create(new(A, 5), key("k", "five")), ledger.create(new(B, 6), key("k", "six"))]
    first, second = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, Posted)
    assert isinstance(second, KeyReused)


async def test_other_keys_are_other_requests(ledger: Ledger) -> None:
    answers = await asyncio.gather(*[ledger.create(new(A, 5), key(f"k{n}")) for n in range(10)])
    assert await balance(ledger, A) == 50
    assert not any(answer.replayed for answer in answers)


async def test_a_failure_is_not_kept(open_ledger: Opened) -> None:
    ledger = open_ledger.ledger
    await put(ledger, A, 4)
    await ledger.set_limits(A, 0)
    assert await kind_of(ledger.create(new(A, -5), key("k"))) == "balance-floor"
    assert await stored_keys(open_ledger.database) == set()
    await put(ledger, A, 1)
    assert (await ledger.create(new(A, -5), key("k"))).replayed is False
    assert (await ledger.create(new(A, -5), key("k"))).replayed is True
    assert await balance(ledger, A) == 0


async def test_a_key_past_its_time_is_new(open_ledger: Opened, call: str) -> None:
    ledger = open_ledger.ledger
    targets = [(await put(ledger, A, 7))[0].transaction_id for _ in range(2)]
    await ask(ledger, call, key("k", "one"), targets[0])
    now = datetime.now(UTC)
    assert await open_ledger.database.execute(AGE, expires_at=now, later=now + LIFETIME - timedelta(minutes=1)) == 1
    again = await ask(ledger, call, key("k", "two"), targets[1])
    assert again.replayed is False
    assert await ask(ledger, call, key("k", "two"), targets[1]) == msgspec.structs.replace(again, replayed=True)
    assert len(await stored_keys(open_ledger.database)) == 1


async def test_the_same_content_under_a_chosen_id(ledger: Ledger) -> None:
    first = await ledger.create(new(A, 5, CHOSEN))
    await put(ledger, A, 1)
    assert await ledger.create(new(A, 5, CHOSEN)) == Posted(first.legs, repeated=True)
    assert await balance(ledger, A) == 6


async def test_the_same_transfer_under_a_chosen_id(ledger: Ledger) -> None:
    first = await ledger.transfer(moved(A, B, 5, CHOSEN))
    assert [leg.transfer_id for leg in first.legs] == [CHOSEN, CHOSEN]
    await put(ledger, A, 1)
    assert await ledger.transfer(moved(A, B, 5, CHOSEN)) == Posted(first.legs, repeated=True)
    assert (await balance(ledger, A), await balance(ledger, B)) == (-4, 5)


async def test_other_content_under_a_chosen_id(ledger: Ledger) -> None:
    await ledger.create(new(A, 5, CHOSEN))
    for other in (new(B, 5, CHOSEN), new(A, 6, CHOSEN), new(A, -5, CHOSEN)):
        assert await kind_of(ledger.create(other)) == "id-taken"
    assert await count(ledger, A) == 1


async def test_another_transfer_under_a_chosen_id(ledger: Ledger) -> None:
    await ledger.transfer(moved(A, B, 5, CHOSEN))
    for other in (moved(A, B, 6, CHOSEN), moved(B, A, 5, CHOSEN), moved(A, C, 5, CHOSEN), moved(C, B, 5, CHOSEN)):
        assert await kind_of(ledger.transfer(other)) == "id-taken"
    assert (await count(ledger, A), await count(ledger, B)) == (1, 1)


async def test_a_transaction_and_a_transfer_may_have_one_id(ledger: Ledger) -> None:
    """They are different things, found at different places."""
    await ledger.create(new(A, 5, CHOSEN))
    legs = (await ledger.transfer(moved(A, B, 5, CHOSEN))).legs
    assert await ledger.transfer_legs(CHOSEN) == legs
    assert (await ledger.transaction(CHOSEN)).transfer_id is None
    assert (await ledger.create(new(A, 5, CHOSEN))).repeated is True


@pytest.mark.parametrize("leg", [0, 1])
async def test_the_id_of_a_leg_cannot_be_chosen(ledger: Ledger, leg: int) -> None:
    entry = (await move(ledger, A, B, 5))[leg]
    assert await kind_of(ledger.create(new(entry.account_id, entry.amount, entry.transaction_id))) == "id-taken"


async def test_an_id_that_the_service_gave_names_the_same_content(ledger: Ledger) -> None:
    """A client may ask again with the id that it was told: nothing is written twice."""
    (entry,) = await put(ledger, A, 5)
    assert await ledger.create(new(A, 5, entry.transaction_id)) == Posted((entry,), repeated=True)


async def test_one_chosen_id_many_times_at_once(ledger: Ledger) -> None:
    asked = [ledger.create(new(A if n % 2 else B, 5, CHOSEN)) for n in range(20)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, Posted) and not answer.repeated for answer in answers) == 1
    assert sum(isinstance(answer, Posted) and answer.repeated for answer in answers) == 9
    assert sum(isinstance(answer, Conflict) for answer in answers) == 10


async def test_a_refused_choice_leaves_the_id_free(ledger: Ledger) -> None:
    await put(ledger, A, 5)
    await ledger.set_limits(A, 5)
    assert await kind_of(ledger.create(new(A, -1, CHOSEN))) == "balance-floor"
    assert await kind_of(ledger.transfer(moved(A, B, 1, CHOSEN))) == "balance-floor"
    assert (await ledger.create(new(B, 1, CHOSEN))).repeated is False
    assert (await ledger.transfer(moved(B, A, 1, CHOSEN))).repeated is False


async def test_a_key_remembers_whether_its_reply_was_a_first_one(open_ledger: Opened) -> None:
    """A key and a chosen id together: 201 under the first key stays 201, 200 under the second stays 200."""
    ledger = open_ledger.ledger
    first = await ledger.create(new(A, 5, CHOSEN), key("one"))
    assert await ledger.create(new(A, 5, CHOSEN), key("one")) == Posted(first.legs, repeated=False, replayed=True)
    assert await ledger.create(new(A, 5, CHOSEN), key("two")) == Posted(first.legs, repeated=True)
    assert await ledger.create(new(A, 5, CHOSEN), key("two")) == Posted(first.legs, repeated=True, replayed=True)
    assert await stored_keys(open_ledger.database) == {key("one").key, key("two").key}
    audit(await read_books(open_ledger.database, [A]))


async def test_a_known_key_answers_before_a_chosen_id_is_looked_at(ledger: Ledger) -> None:
    first = await ledger.create(new(A, 5), key("k"))
    await ledger.create(new(B, 1, CHOSEN))
    with pytest.raises(KeyReused):
        await ledger.create(new(A, 5, CHOSEN), key("k", "with an id"))
    assert await ledger.create(new(A, 5), key("k")) == Posted(first.legs, replayed=True)


async def test_a_taken_id_is_not_kept_under_a_key(open_ledger: Opened) -> None:
    ledger = open_ledger.ledger
    await ledger.create(new(A, 5, CHOSEN))
    assert await kind_of(ledger.create(new(A, 6, CHOSEN), key("k"))) == "id-taken"
    assert await stored_keys(open_ledger.database) == set()
    assert (await ledger.create(new(A, 6), key("k", "without an id"))).replayed is False
