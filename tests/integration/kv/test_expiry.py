"""What is past its ``expires_at`` is gone, in every read and every write; its versions never come again."""

from datetime import UTC, datetime, timedelta

import msgspec

from roadbed.data.queries import Query, parse
from roadbed.domains.kv.service import Store
from roadbed.http.preconditions import EVERY
from tests.integration.kv.asking import key, kind_of, text, value
from tests.integration.kv.databases import Opened

_SQL = parse(
    """
-- name: age
-- dialect: sqlite
UPDATE kv_entry SET updated_at = updated_at - :seconds * 1000000, expires_at = expires_at - :seconds * 1000000

-- name: age
-- dialect: postgres
UPDATE kv_entry SET updated_at = updated_at - CAST(:seconds AS bigint) * interval '1 second',
       expires_at = expires_at - CAST(:seconds AS bigint) * interval '1 second'
"""
)
_AGE = Query("age", _SQL["age"], tuple)


async def pass_time(open_store: Opened, seconds: int) -> None:
    """Make everything older, as if so many seconds had passed."""
    await open_store.database.execute(_AGE, seconds=seconds)


async def test_a_ttl_counts_from_the_write(store: Store) -> None:
    stored = (await store.put("a", "1", 90)).entry
    assert stored.expires_at == stored.updated_at + timedelta(seconds=90)
    assert (await store.get("a")).expires_at == stored.expires_at
    assert abs(stored.updated_at - datetime.now(UTC)) < timedelta(minutes=5)


async def test_until_then_it_is_there(open_store: Opened) -> None:
    store = open_store.store
    await store.put("a", "1", 90)
    await pass_time(open_store, 89)
    assert await value(store, "a") == "1"
    assert await kind_of(store.create("a", "2")) == "key-exists"


async def test_then_it_is_gone_in_every_read(open_store: Opened) -> None:
    store = open_store.store
    await store.put("a", "1", 90)
    await store.put("b", f'"{"x" * 100_000}"', 90)
    await pass_time(open_store, 91)
    for name, version in (("a", 1), ("b", 2)):
        assert await kind_of(store.get(name)) == "not-found"
        assert await kind_of(store.get_at(name, version)) == "not-found"
        (revision,) = (await store.history(name, 10)).items
        assert (revision.version, revision.deleted, revision.value) == (version, False, msgspec.UNSET)
    page = await store.list_entries(10, total=True)
    assert (page.items, page.total) == ([], 0)


async def test_then_it_is_gone_for_every_write(open_store: Opened) -> None:
    store = open_store.store
    for name in "abcde":
        await store.put(name, "1", 90)
    await pass_time(open_store, 91)
    assert await kind_of(store.delete("a")) == "not-found"
    assert await kind_of(store.patch("a", "2")) == "not-found"
    assert await kind_of(store.put("a", "2", if_match=EVERY)) == "precondition-failed"
    assert await kind_of(store.put("a", "2", if_match={1})) == "precondition-failed"
    assert (await store.create("a", "2")).entry.version == 6
    again = [await store.put("b", "2"), await store.put("c", "2", if_none_match=EVERY)]
    assert [(one.status, one.entry.version, one.entry.expires_at) for one in again] == [(201, 7, None), (201, 8, None)]
    assert [(one.version, one.deleted) for one in (await store.history("a", 10)).items] == [(6, False), (1, False)]
    assert await kind_of(store.get_at("a", 1)) == "not-found"


async def test_a_put_without_a_ttl_lets_it_stay(open_store: Opened) -> None:
    store = open_store.store
    await store.put("a", "1", 90)
    await store.put("a", "2")
    await pass_time(open_store, 91)
    assert await value(store, "a") == "2"


async def test_a_patch_does_not_change_when_it_expires(open_store: Opened) -> None:
    store = open_store.store
    until = (await store.put("a", '{"a": 1}', 90)).entry.expires_at
    assert (await store.patch("a", '{"b": 2}')).entry.expires_at == until
    await pass_time(open_store, 91)
    assert await kind_of(store.get("a")) == "not-found"


async def test_a_retry_gets_the_first_reply_though_its_value_is_gone(open_store: Opened) -> None:
    store = open_store.store
    first = await store.put("a", "1", 90, idempotency=key("k"))
    await pass_time(open_store, 91)
    again = await store.put("a", "1", 90, idempotency=key("k"))
    assert (again.replayed, again.status, text(again.entry)) == (True, first.status, "1")
    await store.put("a", "2")
    again = await store.put("a", "1", 90, idempotency=key("k"))
    assert (again.replayed, text(again.entry), again.entry.version) == (True, "1", 1)
