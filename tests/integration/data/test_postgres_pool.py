"""The pool of PostgreSQL connections: its bounds, its wrong addresses, its end, and a pooler before the server."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from roadbed.data.database import Database, Program
from roadbed.data.postgres import PostgresOptions, open_postgres
from roadbed.kernel.errors import ConfigurationError, DeadlineExceeded, OutcomeUnknown, Overloaded, Unavailable
from roadbed.kernel.events import DatabaseFailed, Events, RequestShed
from tests.integration.data import things
from tests.integration.data.lines import pooler_before
from tests.integration.data.stores import Heard, PostgresStore
from tests.integration.data.things import PUT_THINGS, Row, Thing
from tests.support.ports import free_port
from tests.support.waiting import eventually

SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

AWAY = "The database cannot be reached: nothing was written"


async def open_url(url: str) -> None:
    database = await open_postgres(PostgresOptions(url, connect_timeout=5.0), Events())
    await database.close(1)


async def test_a_wrong_database_is_said(postgres_store: PostgresStore) -> None:
    with pytest.raises(ConfigurationError, match='database_url: database "nowhere" does not exist'):
        await open_url(f"{postgres_store.url.rpartition('/')[0]}/nowhere")


async def test_a_wrong_user_is_said(postgres_store: PostgresStore) -> None:
    with pytest.raises(ConfigurationError, match='database_url: role "nobody" does not exist'):
        await open_url(postgres_store.url.replace("roadbed@", "nobody@"))


async def test_a_user_who_may_not_connect_is_told(own_postgres_store: PostgresStore) -> None:
    own_postgres_store.rows("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN")
    own_postgres_store.rows(f"REVOKE CONNECT ON DATABASE {own_postgres_store.url.rpartition('/')[2]} FROM PUBLIC")
    with pytest.raises(ConfigurationError, match="database_url: permission denied"):
        await open_url(own_postgres_store.url.replace("roadbed@", "guest@"))


@pytest.mark.parametrize(
    ("refusal", "told", "logged"),
    [
        ("ALTER ROLE guest NOLOGIN", AWAY, "not permitted to log in"),
        ("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", "unreachable", "permission denied"),
    ],
)
async def test_the_words_of_the_server_are_for_the_log(
    own_postgres_store: PostgresStore, heard: Heard, refusal: str, told: str, logged: str
) -> None:
    """Whether the service is ready may be asked by anybody."""
    own_postgres_store.rows("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN")
    guest = PostgresStore(own_postgres_store.server, own_postgres_store.url.replace("roadbed@", "guest@"))
    database = await guest.open(heard, pool_size=1)
    assert (await database.ping()).detail == ""
    own_postgres_store.rows(refusal.format(own_postgres_store.url.rpartition("/")[2]))
    own_postgres_store.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'guest'")
    details = {(await database.ping()).detail for _ in range(3)}
    # The first look may find the connection that was ended.
    assert details <= {told, AWAY}
    assert told in details
    assert any(logged in str(event.error) for event in heard.of(DatabaseFailed))
    await database.close(1)


@pytest.mark.parametrize(
    "url", ["postgresql://u:pa/ss@host/db", "postgresql://u:secret@host:port/db", "postgresql://[u"]
)
async def test_what_is_no_address_is_said_without_the_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="database_url is not an address of PostgreSQL") as refused:
        await open_url(url)
    assert ("secret" in str(refused.value), "pa/ss" in str(refused.value)) == (False, False)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
async def test_a_server_that_does_not_answer_may_answer_later(host: str) -> None:
    with pytest.raises(Unavailable, match=r"PostgreSQL does not answer: .+"):
        await open_url(f"postgresql://roadbed@{host}:{free_port()}/x")


async def test_the_pool_grows_to_its_bound_and_no_further(postgres_store: PostgresStore) -> None:
    database = await postgres_store.open(None, pool_size=3)
    assert (database.gauges()["pool_size"], database.gauges()["pool_limit"]) == (1.0, 3.0)
    await asyncio.gather(*(database.fetch(things.ALL) for _ in range(50)))
    figures = database.gauges()
    assert (figures["pool_size"], figures["pool_idle"], postgres_store.rows(SESSIONS)) == (3.0, 3.0, ["3"])
    await database.close(5)
    await eventually(lambda: postgres_store.rows(SESSIONS) == ["0"], "the sessions to end")


async def test_a_full_queue_before_the_pool_turns_away_at_once(postgres_store: PostgresStore, heard: Heard) -> None:
    database = await postgres_store.open(heard, pool_size=1, pool_queue=2)
    async with database.transaction():
        waiting = [asyncio.ensure_future(database.fetch(things.ALL)) for _ in range(2)]
        await asyncio.sleep(0)
        assert database.gauges()["queue_depth:pool"] == 2.0
        with pytest.raises(Overloaded, match="2 requests already wait for a database connection"):
            await database.fetch(things.ALL)
    assert await asyncio.gather(*waiting) == [[], []]
    assert heard.of(RequestShed) == [RequestShed("pool")]
    await database.close(5)


async def test_nobody_waits_for_a_connection_for_ever(postgres_store: PostgresStore, heard: Heard) -> None:
    database = await postgres_store.open(heard, pool_size=1, pool_timeout=0.5)
    async with database.transaction():
        with pytest.raises(Overloaded, match=r"No database connection became free within 0\.5 s"):
            await database.fetch(things.ALL)
        with pytest.raises(Overloaded):
            await database.flight(PUT_THINGS).join(Thing(1, "a"))
    assert (await database.fetch(things.ALL), heard.of(RequestShed)) == ([], [RequestShed("pool")] * 2)
    await database.close(5)


async def test_timeouts_are_set_on_every_session(postgres_store: PostgresStore) -> None:
    database: Any = await postgres_store.open(
        None, statement_timeout=1.5, lock_timeout=0.25, transaction_timeout=0.75, pool_size=1
    )
    names = "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "jit", "application_name"

    async def settings(connection: Any, items: list[Any]) -> Sequence[Any]:
        return [[await connection.fetchval(f"SHOW {name}") for name in names] for _ in items]

    flight = database.flight(Program("settings", False, lambda run, items: items, settings))
    assert await flight.join(None) == ["1500ms", "250ms", "750ms", "off", "roadbed"]
    await database.close(5)


async def test_closing_cuts_off_what_does_not_end(postgres_store: PostgresStore) -> None:
    database = await postgres_store.open(None, statement_timeout=2.0)

    async def linger(connection: Any, items: list[Any]) -> Sequence[Any]:
        await connection.execute("SELECT pg_sleep(60)")
        return items

    flight = database.flight(Program("linger", True, lambda run, items: items, linger))
    flies = flight.join(1)
    reads = asyncio.ensure_future(database.fetch(things.LINGER))
    await eventually(lambda: database.gauges()["pool_size"] == 2.0, "both to run")
    waits = flight.join(2)
    await database.close(0)
    outcomes = await asyncio.gather(flies, waits, reads, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown, Unavailable, Unavailable]
    await eventually(lambda: postgres_store.rows(SESSIONS) == ["0"], "the sessions to end")


async def test_a_closed_database_takes_nothing(postgres_store: PostgresStore) -> None:
    database = await postgres_store.open()
    flight = database.flight(PUT_THINGS)
    await database.close(5)
    await database.close(5)
    for late in (database.fetch(things.ALL), database.transaction().__aenter__()):
        with pytest.raises(Unavailable, match="nothing was written"):
            await late
    with pytest.raises(Unavailable, match="shutting down"):
        flight.join(Thing(1, "a"))
    assert (await database.ping()).ok is False


async def everything(database: Database) -> None:
    """One of each: single statements, flights, a transaction, several at once."""
    flight = database.flight(PUT_THINGS, keys=lambda thing: [thing.id])
    assert await asyncio.gather(*(flight.join(Thing(number, str(number))) for number in range(20))) == list(range(20))
    await asyncio.gather(*(database.execute(things.ADD, id=number, amount=1) for number in range(20)))
    async with database.transaction() as run:
        await run.execute(things.ADD_TO_ALL, amount=1)
        assert await run.fetch_one(things.ONE, id=7) == Row(7, "7", 3)
    rows = await asyncio.gather(*(database.fetch_one(things.ONE, id=number) for number in range(20)))
    assert rows == [Row(number, str(number), 3) for number in range(20)]


async def test_a_transaction_pooler_may_stand_before_the_server(postgres_store: PostgresStore) -> None:
    async with pooler_before(postgres_store.url) as (url, pooler):
        database = await open_postgres(PostgresOptions(url, pool_size=3, pooler=True), Events())
        await everything(database)
        assert pooler.changes > 40
        await database.close(1)


async def test_naively_prepared_statements_are_lost_behind_a_pooler(postgres_store: PostgresStore) -> None:
    async with pooler_before(postgres_store.url) as (url, _):
        database = await open_postgres(PostgresOptions(url, pool_size=3, pooler=False), Events())
        with pytest.raises((asyncpg.PostgresError, DeadlineExceeded)):
            await everything(database)
        await database.close(1)


async def test_a_flight_is_one_request_and_one_transaction(postgres_store: PostgresStore) -> None:
    """Naively, each item is a request of its own: what that costs is seen in the benchmarks."""
    async with pooler_before(postgres_store.url) as (url, pooler):
        database = await open_postgres(PostgresOptions(url, pooler=True), Events())
        flight = database.flight(PUT_THINGS)
        # The first time, asyncpg asks what arrays are.
        await flight.join(Thing(1000, "warm"))
        before = pooler.changes
        await asyncio.gather(*(flight.join(Thing(number, str(number))) for number in range(200)))
        together = pooler.changes - before
        await asyncio.gather(
            *(database.execute(things.PUT, id=number, name=str(number), amount=1) for number in range(200, 400))
        )
        assert (together, pooler.changes - before - together) == (1, 200)
        await database.close(1)
