"""Creates that nothing can stand in the way of, many at once: each row whole, under a number of its own, and told."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from roadbed.data import changes
from roadbed.data.migrations.locations import Location
from roadbed.data.migrations.parent import create_fresh
from roadbed.kernel.clock import now
from roadbed.kernel.errors import Conflict, Invalid
from roadbed.resource.store import Store
from tests.integration.resource.jotter import Mood, domain
from tests.integration.resource.world import open_url
from tests.support.prepared import Prepared

LOCATIONS = [Location("jotter", "tests.integration.resource.none", "tests.integration.resource.jotter:domain.tables")]
MANY = 40
WHOLE: dict[str, Any] = {
    "text": "Straße",
    "about": UUID(int=7),
    "number": -(2**63),
    "weight": 0.5,
    "done": True,
    "due": datetime(2026, 5, 1, 14, tzinfo=timezone(timedelta(hours=2))),
    "tags": ["a", "b"],
    "more": {"n": None},
    "mood": Mood.BAD,
}


@pytest.fixture
def jotter_url(engine: str, tmp_path: Path, prepared: Prepared, request: pytest.FixtureRequest) -> str:
    place = tmp_path / "jotter.db" if engine == "sqlite" else request.getfixturevalue("postgres_server")
    return prepared.schema("jotter", lambda url: create_fresh(url, LOCATIONS), place)


@pytest.fixture
async def jots(jotter_url: str) -> AsyncGenerator[Store]:
    database = await open_url(jotter_url)
    yield domain.opened(database, now)[0][1]
    await database.close(1)


async def test_each_has_a_number_of_its_own_and_is_there(jots: Store) -> None:
    done = await asyncio.gather(*(jots.create({**WHOLE, "number": number}) for number in range(MANY)))

    assert sorted(each.row.version for each in done) == list(range(1, MANY + 1))
    for number, each in enumerate(done):
        assert each.row.number == number
        assert await jots.get(each.row.id) == each.row


async def test_each_is_remembered_and_told_once(jots: Store) -> None:
    done = await asyncio.gather(*(jots.create({"text": f"number {number}"}) for number in range(MANY)))
    told = await changes.read(jots.database, jots.plan.feed, 0)

    assert [(each.number, each.kind) for each in told.changes] == [(n, "create") for n in range(1, MANY + 1)]
    by_key = {each.key: each for each in told.changes}
    for each in done:
        (past,) = await jots.history(each.row.id, 2**63 - 1, 10)
        assert (past.version, past.action, past.before) == (each.row.version, "create", None)
        assert jots.unit.past(past.after or "") == each.row
        assert (by_key[str(each.row.id)].number, by_key[str(each.row.id)].body) == (each.row.version, past.after)


async def test_every_kind_of_value_reads_back_as_it_was_given(jots: Store) -> None:
    row = (await jots.create(WHOLE)).row
    shown = jots.unit.show(await jots.get(row.id))

    assert (shown.text, shown.about, shown.number, shown.weight) == ("Straße", UUID(int=7), -(2**63), 0.5)
    assert (shown.done, shown.due, shown.mood) == (True, datetime(2026, 5, 1, 12, tzinfo=UTC), "bad")
    assert (bytes(shown.tags), bytes(shown.more)) == (b'["a","b"]', b'{"n":null}')


async def test_one_that_cannot_be_stored_disturbs_no_other(jots: Store) -> None:
    wanted = [{"text": "fine"}, {"text": "with \0"}, {"text": "fine too"}, {"text": "n", "number": 2**63}]
    done = await asyncio.gather(*map(jots.create, wanted), return_exceptions=True)

    assert [isinstance(each, Invalid) for each in done] == [False, True, False, True]
    assert {past.key for past in (await changes.read(jots.database, jots.plan.feed, 0)).changes} == {
        str(each.row.id) for each in done if not isinstance(each, BaseException)
    }


async def test_a_chosen_key_is_there_once(jots: Store) -> None:
    chosen = {"id": UUID(int=5), "text": "chosen"}
    row = (await jots.create(chosen)).row

    assert row.id == UUID(int=5)
    with pytest.raises(Conflict):
        await jots.create(chosen)
