"""What an engine does for a request that is traced: its statements by name, across threads and connections."""

import asyncio
from collections.abc import AsyncGenerator

import apsw
import pytest

from roadbed.data.bulk import BulkTable
from roadbed.data.database import Database, Program
from roadbed.data.joining import joined
from roadbed.data.spans import WAIT
from roadbed.data.sqlite.spans import MOST_STATEMENTS, UNTOLD
from roadbed.kernel.errors import Conflict, Unavailable
from roadbed.kernel.spans import CLIENT, Span, enter
from tests.integration.data import things
from tests.integration.data.stores import SqliteStore, Store
from tests.integration.data.things import PUT_THINGS, READ_THINGS, Row, Thing
from tests.support.tracing import Kept

NUMBERS = {
    "sqlite": "CREATE TABLE digit (number INTEGER PRIMARY KEY) STRICT",
    "postgres": "DROP TABLE IF EXISTS digit; CREATE TABLE digit (number bigint PRIMARY KEY)",
}
SYSTEMS = {"sqlite": "sqlite", "postgres": "postgresql"}


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
async def database(store: Store) -> AsyncGenerator[Database]:
    """The store, opened by a service that is traced."""
    opened = await store.open(traced=True)
    yield opened
    await opened.close(5)


def parts(kept: Kept, whole: Span) -> list[str]:
    """Return the names of what a span consists of, in the order of their beginnings."""
    found = [span for span in kept.spans if span.parent_id == whole.span_id]
    return [span.name for span in sorted(found, key=lambda span: span.began)]


async def test_a_read_is_a_part_of_its_request(database: Database, engine: str, kept: Kept) -> None:
    with kept.request() as request:
        assert await database.fetch(things.ALL) == []
        assert await database.fetch_one(things.ONE, id=1) is None
    assert parts(kept, request) == ["all_things", "thing"]
    (span,) = kept.named("all_things")
    assert (span.kind, span.trace_id, span.error) == (CLIENT, request.trace_id, "")
    assert span.attributes == {"db.system.name": SYSTEMS[engine], "db.query.summary": "all_things"}


async def test_the_wait_for_a_turn_is_told(database: Database, kept: Kept) -> None:
    with kept.request() as request:
        await database.fetch(things.ALL)
    assert float(request.attributes[WAIT]) > 0.0


async def test_a_write_is_a_part_of_its_request(database: Database, engine: str, kept: Kept) -> None:
    with kept.request() as request:
        await database.execute(things.PUT, id=1, name="a", amount=1)
    assert parts(kept, request) == (["put", "COMMIT"] if engine == "sqlite" else ["put"])


async def test_spans_lie_within_each_other(database: Database, kept: Kept) -> None:
    with kept.request() as request:
        await database.execute(things.PUT, id=1, name="a", amount=1)
        await database.fetch(things.ALL)
    assert all(request.began <= span.began <= span.ended <= request.ended for span in kept.spans)


async def test_no_value_and_no_statement_is_in_a_span(database: Database, kept: Kept) -> None:
    with kept.request():
        await database.execute(things.PUT, id=1, name="hidden", amount=4711)
        await database.fetch(things.ALL)
    told = " ".join(f"{span.name} {span.attributes} {span.notes} {span.error}" for span in kept.spans)
    assert [word for word in ("hidden", "4711", "INSERT", "SELECT") if word in told] == []


async def test_a_failure_is_told_by_its_kind(database: Database, kept: Kept) -> None:
    await database.execute(things.PUT, id=1, name="a", amount=1)
    with kept.request(), pytest.raises(Conflict):
        await database.execute(things.PUT, id=2, name="a", amount=1)
    assert all(span.error for span in kept.named("put"))
    assert "hidden" not in str([span.error for span in kept.spans])


async def test_who_is_not_traced_leaves_nothing(database: Database, kept: Kept) -> None:
    with kept.request():
        pass
    await database.execute(things.PUT, id=1, name="a", amount=1)
    flight = database.flight(PUT_THINGS)
    await flight.join(Thing(2, "b"))
    async with database.transaction() as run:
        await run.fetch(things.ALL)
    assert kept.names == ["GET /x"]


async def test_a_transaction_is_told_statement_by_statement(database: Database, engine: str, kept: Kept) -> None:
    with kept.request() as request:
        async with database.transaction() as run:
            await run.execute(things.PUT, id=1, name="a", amount=1)
            assert await run.fetch_one(things.ONE, id=1) == Row(1, "a", 1)
    inside = ["put", "thing", "COMMIT"]
    assert parts(kept, request) == (inside if engine == "sqlite" else ["BEGIN", *inside])


async def test_a_program_inside_a_transaction_is_told(database: Database, kept: Kept) -> None:
    flight = database.flight(PUT_THINGS)
    with kept.request() as request:
        async with database.transaction() as run:
            with joined(run, []):
                assert await flight.join(Thing(1, "a")) == 1
    assert [name for name in parts(kept, request) if name.startswith("put")] != []


async def fly(database: Database, program: Program, requests: list[tuple[Span | None, object]]) -> None:
    """Put all on one flight, each in the context of its own request."""
    flight = database.flight(program)
    seats: list[asyncio.Future[object]] = []
    for span, item in requests:
        enter(span)
        seats.append(flight.join(item))
    enter(None)
    await asyncio.gather(*seats)


async def test_a_flight_is_a_part_of_the_first_and_leads_to_all(database: Database, engine: str, kept: Kept) -> None:
    first, second = kept.span(trace_id=1), kept.span(trace_id=2)
    requests = [(None, Thing(1, "a")), (first, Thing(2, "b")), (second, Thing(3, "c"))]
    await fly(database, PUT_THINGS, requests)
    (ride,) = kept.named("flight put")
    assert (ride.trace_id, ride.parent_id) == (1, first.span_id)
    assert ride.links == [(1, first.span_id), (2, second.span_id)]
    assert (first.links, second.links) == ([(1, ride.span_id)], [(1, ride.span_id)])
    assert (ride.attributes["roadbed.flight.size"], ride.error) == (3, "")
    assert parts(kept, ride) == (["put", "COMMIT"] if engine == "sqlite" else ["put"])
    assert {span.trace_id for span in kept.spans} == {1}


async def test_a_flight_of_reads_is_told(database: Database, engine: str, kept: Kept) -> None:
    await database.execute(things.PUT, id=1, name="a", amount=1)
    await fly(database, READ_THINGS, [(kept.span(), 1), (None, 2)])
    (ride,) = kept.named("flight read")
    assert parts(kept, ride) == (["thing", "thing"] if engine == "sqlite" else ["read"])


async def test_a_flight_that_is_split_is_told_more_than_once(database: Database, kept: Kept) -> None:
    await database.execute(things.PUT, id=1, name="a", amount=1)
    flight = database.flight(PUT_THINGS)
    enter(kept.span())
    seats = [flight.join(Thing(2, "b")), flight.join(Thing(3, "a"))]
    enter(None)
    outcomes = await asyncio.gather(*seats, return_exceptions=True)
    assert (outcomes[0], type(outcomes[1])) == (2, Conflict)
    (ride,) = kept.named("flight put")
    assert len([name for name in parts(kept, ride) if name == "put"]) > 1
    assert [span.error != "" for span in kept.named("put")].count(True) >= 1


async def test_very_many_statements_are_counted(sqlite_store: Store, kept: Kept) -> None:
    database = await sqlite_store.open(traced=True)
    await fly(database, READ_THINGS, [(kept.span(), number) for number in range(MOST_STATEMENTS + 5)])
    (ride,) = kept.named("flight read")
    assert (len(parts(kept, ride)), ride.attributes[UNTOLD]) == (MOST_STATEMENTS, 5)
    await database.close(5)


async def test_a_commit_that_is_shared_says_so(sqlite_store: Store, kept: Kept) -> None:
    database = await sqlite_store.open(traced=True)
    spans = [kept.span(trace_id=number) for number in range(1, 6)]

    async def write(span: Span) -> None:
        enter(span)
        await database.execute(things.PUT, id=span.trace_id, name=str(span.trace_id), amount=1)

    await asyncio.gather(*(asyncio.create_task(write(span)) for span in spans))
    commits = kept.named("COMMIT")
    assert {span.parent_id for span in commits} == {span.span_id for span in spans}
    assert sum(1 / int(span.attributes["roadbed.commit.jobs"]) for span in commits) <= 5
    await database.close(5)


async def test_a_lock_that_another_program_holds_is_told(sqlite_store: SqliteStore, kept: Kept) -> None:
    """No statement of the request ever began, so the trace had nothing but a long flight."""
    database = await sqlite_store.open(traced=True, busy_timeout=0.1)
    foreign = apsw.Connection(str(sqlite_store.path))
    foreign.execute("BEGIN IMMEDIATE")
    with kept.request() as request, pytest.raises(Unavailable):
        await database.execute(things.PUT, id=1, name="1", amount=1)
    foreign.close()
    assert [(name, said) for _, name, said in request.notes] == [("database failed", {"error.type": "busy"})]
    await database.close(5)


async def test_a_bulk_is_one_span(database: Database, store: Store, engine: str, kept: Kept) -> None:
    store.rows(NUMBERS[engine])
    with kept.request() as request:
        await database.merge(BulkTable("digit", (("number", "integer"),), key=1), ([1, 2],))
    assert parts(kept, request)[0] == "merge:digit"
