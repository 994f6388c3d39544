"""Work under an Idempotency-Key is done once: also when it comes twice at the same time, or from two processes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from roadbed.data.database import Database, Statements
from roadbed.data.idempotency import LIFETIME, Idempotency, once, sweep
from roadbed.data.named_sql import parse
from roadbed.data.queries import Query
from roadbed.kernel.clock import now
from roadbed.kernel.errors import Conflict, KeyReused
from tests.integration.data import things
from tests.integration.data.stores import PostgresStore, Store

KEY = Idempotency(b"k" * 16, b"f" * 16)
OTHER_CONTENT = Idempotency(KEY.key, b"g" * 16)
PUT_KEY = Query(
    "put_key",
    parse(
        "-- name: p\nINSERT INTO idempotency (key, fingerprint, outcome, expires_at)"
        " VALUES (:key, :fingerprint, :outcome, :expires_at)"
    )["p"],
    tuple,
)
KEPT = Query(
    "kept",
    parse("-- name: k\nSELECT expires_at FROM idempotency WHERE expires_at BETWEEN :first AND :last")["k"],
    tuple,
)
HOLD = Query("hold", parse("-- name: h\nSELECT 1 FROM idempotency WHERE key = :key FOR UPDATE")["h"], tuple)
COUNT_KEYS = "SELECT count(*) FROM idempotency"


def putting(number: int, outcome: str = "done") -> Callable[[Statements], Awaitable[str]]:
    """Write one thing; the outcome tells which."""

    async def work(run: Statements) -> str:
        await run.execute(things.PUT, id=number, name=str(number), amount=1)
        return f"{outcome} {number}"

    return work


async def keep(database: Database, *, expires_in: timedelta, outcome: str = "an old outcome") -> None:
    await database.execute(
        PUT_KEY, key=KEY.key, fingerprint=KEY.fingerprint, outcome=outcome, expires_at=now() + expires_in
    )


async def written(database: Database) -> list[int]:
    return [row.id for row in await database.fetch(things.ALL)]


async def test_the_first_time_it_is_done(database: Database, store: Store) -> None:
    assert await once(database, KEY, putting(1)) == ("done 1", False)
    assert (await written(database), store.rows(COUNT_KEYS)) == ([1], ["1"])


async def test_the_second_time_the_first_outcome_is_replayed(database: Database) -> None:
    await once(database, KEY, putting(1))
    for _ in range(3):
        assert await once(database, KEY, putting(2)) == ("done 1", True)
    assert await written(database) == [1]


async def test_another_key_is_other_work(database: Database) -> None:
    await once(database, KEY, putting(1))
    assert await once(database, Idempotency(b"l" * 16, KEY.fingerprint), putting(2)) == ("done 2", False)


async def test_without_a_key_it_is_done_every_time(database: Database, store: Store) -> None:
    assert await once(database, None, putting(1)) == ("done 1", False)
    assert await once(database, None, putting(2)) == ("done 2", False)
    assert (await written(database), store.rows(COUNT_KEYS)) == ([1, 2], ["0"])


async def test_other_content_under_the_same_key_is_refused(database: Database) -> None:
    await once(database, KEY, putting(1))
    with pytest.raises(KeyReused, match="came with other content before"):
        await once(database, OTHER_CONTENT, putting(2))
    assert await written(database) == [1]


@pytest.mark.parametrize("error", [Conflict("not now"), ValueError("a mistake")])
async def test_failure_stores_nothing_and_may_be_tried_again(
    database: Database, store: Store, error: Exception
) -> None:
    async def fail(run: Statements) -> str:
        await putting(1)(run)
        raise error

    with pytest.raises(type(error)):
        await once(database, KEY, fail)
    assert (await written(database), store.rows(COUNT_KEYS)) == ([], ["0"])
    assert await once(database, OTHER_CONTENT, putting(2)) == ("done 2", False)


async def test_after_its_time_a_key_is_new(database: Database, store: Store) -> None:
    await keep(database, expires_in=timedelta(seconds=-1))
    assert await once(database, OTHER_CONTENT, putting(1)) == ("done 1", False)
    assert await once(database, OTHER_CONTENT, putting(2)) == ("done 1", True)
    assert store.rows(COUNT_KEYS) == ["1"]


async def test_before_its_time_is_over_a_key_holds(database: Database) -> None:
    await keep(database, expires_in=timedelta(minutes=1))
    assert await once(database, KEY, putting(1)) == ("an old outcome", True)


async def test_a_key_is_kept_for_its_lifetime(database: Database) -> None:
    before = now()
    await once(database, KEY, putting(1))
    after = now()
    assert len(await database.fetch(KEPT, first=before + LIFETIME, last=after + LIFETIME)) == 1


async def keep_many(database: Database, old: int, young: int) -> None:
    """Store keys of which the first ``old`` are past their time."""
    rows = [
        {
            "key": number.to_bytes(16, "big"),
            "fingerprint": b"f" * 16,
            "outcome": "x",
            "expires_at": now() + timedelta(seconds=-10 if number < old else 60),
        }
        for number in range(old + young)
    ]
    await database.execute_many(PUT_KEY, rows)


async def test_sweeping_takes_all_that_is_past_its_time(database: Database, store: Store) -> None:
    """A thousand a minute would be fewer than come: the table would grow for ever."""
    await keep_many(database, 2500, 10)
    assert [await sweep(database) for _ in range(2)] == [2500, 0]
    assert store.rows(COUNT_KEYS) == ["10"]


async def test_a_sweep_ends_with_its_time(database: Database) -> None:
    await keep_many(database, 1500, 0)
    assert [await sweep(database, budget=0) for _ in range(2)] == [1000, 500]


async def test_a_sweep_waits_for_nobody(postgres: Database, postgres_store: PostgresStore) -> None:
    """A key that a request is about to use again is held by it: another time will do."""
    await keep_many(postgres, 3, 0)
    async with postgres.transaction() as run:
        await run.fetch(HOLD, key=(1).to_bytes(16, "big"))
        other = await postgres_store.open(None, lock_timeout=0.1)
        assert await sweep(other) == 2
        await other.close(5)
    assert await sweep(postgres) == 1


async def race(*databases: Database) -> list[tuple[str, bool]]:
    """Send the same request many times at once; its work takes a while."""
    attempts = 0

    async def slowly(run: Statements) -> str:
        nonlocal attempts
        attempts += 1
        number = attempts
        await asyncio.sleep(0.02)
        return await putting(number)(run)

    calls = [once(database, KEY, slowly) for database in databases for _ in range(8)]
    return await asyncio.gather(*calls)


async def test_duplicates_that_come_at_the_same_time_wait_and_are_replayed(database: Database, store: Store) -> None:
    outcomes = await race(database)
    assert sorted(outcomes) == [("done 1", False)] + [("done 1", True)] * 7
    assert (await written(database), store.rows(COUNT_KEYS)) == ([1], ["1"])


async def test_so_they_do_over_two_processes(store: Store) -> None:
    first, second = await store.open(), await store.open()
    outcomes = await race(first, second)
    assert sorted(outcomes) == [("done 1", False)] + [("done 1", True)] * 15
    assert await written(first) == [1]
    await first.close(5)
    await second.close(5)


async def test_naively_two_duplicates_are_both_done(postgres_store: PostgresStore) -> None:
    """Look, then write, without the queue in between: neither sees the other's key until it is too late."""
    database = await postgres_store.open()
    find = Query("find", parse("-- name: f\nSELECT outcome FROM idempotency WHERE key = :key")["f"], tuple)
    looked = asyncio.Barrier(2)

    async def naive(number: int) -> None:
        async with database.transaction() as run:
            found = await run.fetch_one(find, key=KEY.key)
            await looked.wait()
            if found is None:
                await putting(number)(run)

    await asyncio.gather(naive(1), naive(2))
    assert await written(database) == [1, 2]
    await database.close(5)


async def test_a_duplicate_that_waits_too_long_hears_that_the_first_still_runs(postgres_store: PostgresStore) -> None:
    database = await postgres_store.open(None, lock_timeout=0.05)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(run: Statements) -> str:
        begun.set()
        await go_on.wait()
        return await putting(1)(run)

    first = asyncio.ensure_future(once(database, KEY, slowly))
    await begun.wait()
    with pytest.raises(Conflict) as refused:
        await once(database, KEY, putting(2))
    assert refused.value.kind == "still-running"
    go_on.set()
    assert await first == ("done 1", False)
    assert await once(database, KEY, putting(2)) == ("done 1", True)
    await database.close(5)


async def test_a_key_of_which_the_first_was_cancelled_is_free(database: Database) -> None:
    begun = asyncio.Event()

    async def never_ends(run: Statements) -> str:
        await putting(1)(run)
        begun.set()
        await asyncio.Event().wait()
        return "unreachable"

    first = asyncio.ensure_future(once(database, KEY, never_ends))
    await begun.wait()
    first.cancel()
    assert await once(database, KEY, putting(2)) == ("done 2", False)
    assert await written(database) == [2]
