"""Merge patches: under the key's lock, by the conditions, and nothing lost on the way."""

import asyncio

import msgspec

from roadbed.domains.kv.model import MAX_VALUE
from roadbed.domains.kv.service import Store
from roadbed.http.preconditions import EVERY
from tests.integration.kv.asking import kind_of, text, value


async def test_what_the_patch_does_not_touch_stays_as_it_was(store: Store) -> None:
    await store.put(
        "a", '{"big": 10000000000000000000000000000001, "exact": 1.10, "e": 1E2, "gone": 0, "in": {"x": 1}}'
    )
    stored = await store.patch("a", '{"gone": null, "in": {"y": 9007199254740993}}')
    expected = '{"big":10000000000000000000000000000001,"exact":1.10,"e":1E2,"in":{"x":1,"y":9007199254740993}}'
    assert (text(stored.entry), stored.status, stored.entry.version) == (expected, 200, 2)
    assert await value(store, "a") == expected
    assert (await store.history("a", 10)).items[0].version == 2


async def test_conditions(store: Store) -> None:
    assert await kind_of(store.patch("a", "1", if_match=EVERY)) == "not-found"
    await store.put("a", "1")
    assert await kind_of(store.patch("a", "2", if_match={2})) == "precondition-failed"
    assert await kind_of(store.patch("a", "2", if_none_match=EVERY)) == "precondition-failed"
    assert text((await store.patch("a", "2", if_match={1})).entry) == "2"
    assert text((await store.patch("a", "3", if_none_match={1})).entry) == "3"


async def test_no_patch_is_lost(store: Store) -> None:
    await store.put("a", "{}")
    stored = await asyncio.gather(*(store.patch("a", f'{{"k{number}": {number}}}') for number in range(30)))
    assert sorted(one.entry.version for one in stored) == list(range(2, 32))
    assert msgspec.json.decode(await value(store, "a")) == {f"k{number}": number for number in range(30)}
    assert len((await store.history("a", 100)).items) == 31


async def test_a_patch_and_other_writes_take_turns(store: Store) -> None:
    await store.put("a", '{"n": 0}')
    writes = [store.put("a", f'{{"n": {number}}}') for number in range(20)]
    patches = [store.patch("a", f'{{"m": {number}}}') for number in range(20)]
    await asyncio.gather(*(one for pair in zip(writes, patches, strict=True) for one in pair))
    history = (await store.history("a", 100)).items[::-1]
    assert [one.version for one in history] == list(range(1, 42))
    before: dict[str, int] = {}
    for one in history:
        after = msgspec.json.decode(bytes(one.value or b""))
        assert "m" not in after or after["n"] == before["n"]
        before = after


async def test_a_value_does_not_grow_beyond_its_bound(store: Store) -> None:
    await store.put("a", f'{{"a":"{"x" * (MAX_VALUE - 100)}"}}')
    assert await kind_of(store.patch("a", f'{{"b":"{"x" * 100}"}}')) == "too-large"
    assert (await store.get("a")).version == 1
    await store.patch("a", f'{{"b":"{"x" * 50}"}}')
