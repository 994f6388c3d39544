"""Create, put and delete: what is stored, under which version, and what is refused."""

import asyncio

import pytest

from roadbed.domains.kv.model import Entry
from roadbed.domains.kv.service import Store
from roadbed.domains.kv.writes import FEED, LARGE
from roadbed.http.preconditions import EVERY
from tests.integration.kv.asking import key, kind_of, text, value
from tests.integration.kv.databases import Opened


async def test_a_new_key_is_there(store: Store) -> None:
    stored = await store.create("a/b", '{"big": 123456789012345678901234567890.10}')
    assert (stored.status, stored.replayed, stored.entry.key, stored.entry.version) == (201, False, "a/b", 1)
    assert stored.entry.expires_at is None
    found = await store.get("a/b")
    assert text(found) == '{"big": 123456789012345678901234567890.10}'
    assert (found.version, found.updated_at) == (1, stored.entry.updated_at)


async def test_a_key_that_is_there_is_not_created_again(store: Store) -> None:
    await store.create("a", "1")
    assert await kind_of(store.create("a", "2")) == "key-exists"
    assert await value(store, "a") == "1"


async def test_put_stores_over_what_is_there(store: Store) -> None:
    first = await store.put("a", "1")
    second = await store.put("a", "2")
    assert [(one.status, one.entry.version) for one in (first, second)] == [(201, 1), (200, 2)]
    assert await value(store, "a") == "2"


async def test_delete_leaves_nothing_and_versions_go_on(store: Store) -> None:
    await store.put("a", "1")
    assert not await store.delete("a")
    assert await kind_of(store.get("a")) == "not-found"
    assert await kind_of(store.delete("a")) == "not-found"
    again = await store.create("a", "3")
    assert (again.status, again.entry.version) == (201, 3)


async def test_versions_rise_over_all_keys(store: Store) -> None:
    versions = [(await store.put(name, "0")).entry.version for name in ("a", "b", "a", "c")]
    assert versions == [1, 2, 3, 4]


async def test_conditions(store: Store) -> None:
    assert await kind_of(store.put("a", "1", if_match=EVERY)) == "precondition-failed"
    assert await kind_of(store.put("a", "1", if_match={1})) == "precondition-failed"
    assert (await store.put("a", "1", if_none_match=EVERY)).entry.version == 1
    assert await kind_of(store.put("a", "2", if_none_match=EVERY)) == "precondition-failed"
    assert await kind_of(store.put("a", "2", if_match=set())) == "precondition-failed"
    assert await kind_of(store.put("a", "2", if_match={7, 11})) == "precondition-failed"
    assert await kind_of(store.put("a", "2", if_none_match={7, 1})) == "precondition-failed"
    assert (await store.put("a", "2", if_match={7, 1})).entry.version == 2
    assert (await store.put("a", "3", if_none_match={1})).entry.version == 3
    assert (await store.put("a", "4", if_match=EVERY)).entry.version == 4
    assert await kind_of(store.delete("a", if_match={3})) == "precondition-failed"
    assert await kind_of(store.delete("b", if_match={3})) == "not-found"
    assert not await store.delete("a", if_match={4})


@pytest.mark.parametrize("count", [2, 300])
async def test_many_at_once_each_get_a_version_of_their_own(store: Store, count: int) -> None:
    stored = await asyncio.gather(*(store.put(f"k{number % 7}", str(number)) for number in range(count)))
    assert sorted(one.entry.version for one in stored) == list(range(1, count + 1))
    last: dict[str, Entry] = {}
    for one in sorted(stored, key=lambda one: one.entry.version):
        assert one.status == (200 if one.entry.key in last else 201)
        last[one.entry.key] = one.entry
    for name, entry in last.items():
        assert (await store.get(name)).version == entry.version
        assert await value(store, name) == text(entry)


async def test_what_is_refused_takes_nothing_from_its_flight(store: Store) -> None:
    await store.put("a", "0")
    asked = (store.put("b", "1"), store.create("a", "1"), store.delete("c"), store.put("d", "1"), store.delete("a"))
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one).__name__ for one in told] == ["Stored", "Conflict", "NotFound", "Stored", "bool"]
    assert [entry.key for entry in (await store.list_entries(10)).items] == ["b", "d"]


async def test_whoever_waits_for_changes_is_woken_by_them_alone(
    open_store: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, rings = open_store.store, list[str]()
    monkeypatch.setattr(open_store.database.bell, "ring", rings.append)
    for asked, woken in (
        (store.put("a", "{}", idempotency=key("k")), 1),
        (store.put("a", "{}", idempotency=key("k")), 0),
        (store.create("a", "2"), 0),
        (store.patch("a", "{}", idempotency=key("l")), 1),
        (store.patch("a", "{}", idempotency=key("l")), 0),
        (store.patch("b", "{}"), 0),
        (store.delete("a", idempotency=key("m")), 1),
        (store.delete("a", idempotency=key("m")), 0),
        (store.delete("a"), 0),
    ):
        rings.clear()
        await asyncio.gather(asked, return_exceptions=True)
        assert rings == [FEED] * woken


async def test_long_values(store: Store) -> None:
    values = {f"k{number}": f'"{"é" * (LARGE // 2 + number)}"' for number in range(5)}
    await asyncio.gather(*(store.put(name, text) for name, text in values.items()))
    found = await asyncio.gather(*(store.get(name) for name in values))
    assert {entry.key: text(entry) for entry in found} == values


@pytest.mark.parametrize("name", ["/a", "a/", "a//b", ".", "a/..", "./a", "", "x" * 256, "a\0b"])
async def test_the_database_refuses_keys_too(store: Store, name: str) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - an error that nobody foresaw, of either driver
        await store.put(name, "1")
    assert (await store.list_entries(10)).items == []
