"""The four verbs give the same answers on both engines."""

from datetime import UTC, datetime
from uuid import UUID

import apsw
import asyncpg
import pytest

from roadbed.data.database import Database
from roadbed.kernel.errors import Conflict, Invalid
from roadbed.kernel.events import DatabaseFailed
from tests.integration.data import things
from tests.integration.data.stores import Heard, Store
from tests.integration.data.things import Row, Sample

AT = datetime(2024, 5, 6, 7, 8, 9, 10, tzinfo=UTC)
SAMPLES = [
    Sample(1),
    Sample(2, True, b"\0\xff", AT, UUID(int=7), 1.5, "naïve 😀", 2**63 - 1),
    Sample(3, False, b"", datetime.min.replace(tzinfo=UTC), UUID(int=2**128 - 1), -0.0, "", -(2**63)),
    Sample(4, True, None, datetime.max.replace(tzinfo=UTC), None, 1e308, "null", 0),
]
DRIVER_ERRORS = (apsw.Error, asyncpg.PostgresError)


def as_arguments(sample: Sample) -> dict[str, object]:
    return {name: getattr(sample, name) for name in sample.__struct_fields__}


async def test_values_come_back_as_they_went(database: Database) -> None:
    for sample in SAMPLES:
        assert await database.execute(things.PUT_SAMPLE, **as_arguments(sample)) == 1
    assert await database.fetch(things.SAMPLES) == SAMPLES


async def test_text_sorts_by_code_point(database: Database) -> None:
    notes = ["", "A", "Z", "a", "z", "é", "€", "\ufb01", "😀"]
    await database.execute_many(
        things.PUT_SAMPLE, [as_arguments(Sample(index, note=note)) for index, note in enumerate(reversed(notes))]
    )
    assert [note for (note,) in await database.fetch(things.NOTES)] == notes


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("note", "a\0b", "must not contain the character NUL"),
        ("note", "\udc80", "must be text that UTF-8 can encode"),
        ("count", 2**63, "must fit 64 bits"),
        ("ratio", float("nan"), "must be a number"),
    ],
)
async def test_what_one_engine_would_not_store_both_refuse(
    database: Database, name: str, value: object, said: str
) -> None:
    arguments = {**as_arguments(Sample(1)), name: value}
    with pytest.raises(Invalid, match=f"/{name}: {said}"):
        await database.execute(things.PUT_SAMPLE, **arguments)
    assert await database.fetch(things.SAMPLES) == []


async def test_fetch_one_gives_the_first_row_or_none(database: Database) -> None:
    await database.execute(things.PUT, id=1, name="a", amount=3)
    assert await database.fetch_one(things.ONE, id=1) == Row(1, "a", 3)
    assert await database.fetch_one(things.ONE, id=2) is None


async def test_execute_counts_the_rows_it_changed(database: Database) -> None:
    counts = [
        await database.execute(things.PUT, id=1, name="a", amount=1),
        await database.execute(things.PUT, id=2, name="b", amount=1),
        await database.execute(things.PUT_OR_LEAVE, id=2, name="c", amount=1),
        await database.execute(things.ADD_TO_ALL, amount=1),
        await database.execute(things.ADD, id=7, amount=1),
        await database.execute(things.ALL),
        await database.execute(things.REMOVE, id=1),
        await database.execute(things.REMOVE, id=1),
    ]
    assert counts == [1, 1, 0, 2, 0, 0, 1, 0]


async def test_execute_many_writes_all(database: Database) -> None:
    rows = [{"id": number, "name": str(number), "amount": number} for number in range(300)]
    await database.execute_many(things.PUT, rows)
    assert await database.fetch_one(things.TOTAL) == things.Total(300, sum(range(300)))


async def test_execute_many_of_nothing_does_nothing(database: Database) -> None:
    await database.execute_many(things.PUT, [])
    assert await database.fetch(things.ALL) == []


@pytest.mark.parametrize("bad", [{"id": 3, "name": "a", "amount": 1}, {"id": 3, "name": "c\0", "amount": 1}])
async def test_execute_many_writes_all_or_none(database: Database, bad: dict[str, object]) -> None:
    good = [{"id": 1, "name": "a", "amount": 1}, {"id": 2, "name": "b", "amount": 1}]
    with pytest.raises((Conflict, Invalid)):
        await database.execute_many(things.PUT, [*good, bad])
    assert await database.fetch(things.ALL) == []


async def test_a_write_may_return_rows(database: Database) -> None:
    assert await database.fetch(things.PUT_RETURNING, id=1, name="a", amount=1) == [Row(1, "a", 1)]
    assert await database.fetch_one(things.PUT_RETURNING, id=2, name="b", amount=1) == Row(2, "b", 1)
    assert things.names(await database.fetch(things.ALL)) == ["a", "b"]


async def test_sums_are_integers(database: Database) -> None:
    await database.execute(things.PUT, id=1, name="a", amount=2**62)
    found = await database.fetch_one(things.TOTAL)
    assert (found, type(found and found.total)) == (things.Total(1, 2**62), int)


async def test_a_row_that_is_there_already_is_a_conflict(database: Database, heard: Heard) -> None:
    await database.execute(things.PUT, id=1, name="a", amount=1)
    for repeated in ({"id": 1, "name": "b"}, {"id": 2, "name": "a"}):
        with pytest.raises(Conflict) as refused:
            await database.execute(things.PUT, amount=1, **repeated)
        assert refused.value.kind == "duplicate"
    assert heard.of(DatabaseFailed) == []


async def test_a_row_without_its_parent_is_a_conflict(database: Database) -> None:
    with pytest.raises(Conflict) as refused:
        await database.execute(things.PUT_CHILD, id=1, name="a", parent=9)
    assert refused.value.kind == "reference"


async def test_a_parent_that_has_children_cannot_go(database: Database) -> None:
    await database.execute(things.PUT, id=1, name="a", amount=1)
    await database.execute(things.PUT_CHILD, id=2, name="b", parent=1)
    with pytest.raises(Conflict) as refused:
        await database.execute(things.REMOVE, id=1)
    assert refused.value.kind == "reference"


async def test_what_nobody_foresaw_stays_an_error_of_the_driver(database: Database) -> None:
    with pytest.raises(DRIVER_ERRORS):
        await database.execute(things.PUT, id=1, name="a", amount=-1)
    with pytest.raises(DRIVER_ERRORS):
        await database.fetch(things.BROKEN)
    assert await database.fetch(things.ALL) == []


async def test_a_wrong_argument_is_a_mistake_of_ours(database: Database) -> None:
    with pytest.raises(TypeError, match="needs a value for amount"):
        await database.execute(things.PUT, id=1, name="a")
    with pytest.raises(TypeError, match="has no parameter nam"):
        await database.fetch(things.ONE, id=1, nam="a")


async def test_it_is_well_and_says_so(database: Database) -> None:
    health = await database.ping()
    assert (health.ok, health.detail) == (True, "")


async def test_a_new_database_is_at_no_revision(database: Database, store: Store) -> None:
    assert await database.stored_heads() == ()
    store.rows("CREATE TABLE alembic_version (version_num text NOT NULL)")
    store.rows("INSERT INTO alembic_version VALUES ('b_0002'), ('a_0001')")
    assert await database.stored_heads() == ("a_0001", "b_0002")


async def test_gauges_tell_of_every_queue(database: Database) -> None:
    database.flight(things.READ_THINGS)
    database.flight(things.READ_THINGS)
    queues = {name for name in database.gauges() if name.startswith("queue_depth:")}
    expected = {"sqlite": {"writer", "readers"}, "postgres": {"pool"}}[database.dialect] | {"flight:read"}
    assert queues == {f"queue_depth:{name}" for name in expected}
    assert set(database.gauges().values()) >= {0.0}
