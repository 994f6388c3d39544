"""A write with an ``Idempotency-Key`` happens once, whatever happened to the key meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from roadbed.data.idempotency import Idempotency
from roadbed.domains.kv.service import Store, Stored
from tests.integration.kv.asking import key, kind_of, text

Ask = Callable[[Store, str, Idempotency], Awaitable[Stored]]

WRITES: dict[str, Ask] = {
    "put": lambda store, content, once: store.put("a", content, idempotency=once),
    "create": lambda store, content, once: store.create("b", content, idempotency=once),
    "patch": lambda store, content, once: store.patch("a", content, idempotency=once),
}


@pytest.mark.parametrize("ask", WRITES.values(), ids=WRITES)
async def test_the_first_reply_again(store: Store, ask: Ask) -> None:
    await store.put("a", "0")
    first = await ask(store, "1", key("k", "1"))
    for name in ("a", "b"):
        await store.put(name, "9")
        await store.delete(name)
    again = await ask(store, "1", key("k", "1"))
    assert again.replayed
    assert not first.replayed
    assert (again.status, text(again.entry), again.entry) == (first.status, "1", again.entry)
    assert (again.entry.version, again.entry.updated_at) == (first.entry.version, first.entry.updated_at)
    assert await kind_of(ask(store, "2", key("k", "2"))) == "idempotency-key-reused"
    assert await kind_of(store.get("a")) == "not-found"


@pytest.mark.parametrize("ask", WRITES.values(), ids=WRITES)
async def test_of_many_at_once_one_is_done(store: Store, ask: Ask) -> None:
    await store.put("a", "0")
    told = await asyncio.gather(*(ask(store, "1", key("k")) for _ in range(20)))
    assert sorted(one.replayed for one in told) == [False, *[True] * 19]
    assert len({(one.status, one.entry.version) for one in told}) == 1
    assert (await store.put("z", "1")).entry.version == 3


async def test_a_deletion_is_repeated(store: Store) -> None:
    await store.put("a", "0")
    assert not await store.delete("a", idempotency=key("k"))
    assert await store.delete("a", idempotency=key("k"))
    await store.put("a", "1")
    assert await store.delete("a", idempotency=key("k"))
    assert await kind_of(store.delete("a", {7}, idempotency=key("k", "other"))) == "idempotency-key-reused"
    assert text(await store.get("a")) == "1"


async def test_what_was_refused_leaves_the_key_free(store: Store) -> None:
    assert await kind_of(store.delete("a", idempotency=key("k"))) == "not-found"
    assert await kind_of(store.patch("a", "1", idempotency=key("l"))) == "not-found"
    assert await kind_of(store.put("a", "1", if_match={1}, idempotency=key("m"))) == "precondition-failed"
    await store.put("a", "1")
    assert not (await store.patch("a", "2", idempotency=key("l"))).replayed
    assert not (await store.put("a", "1", if_match={2}, idempotency=key("m"))).replayed
    assert not await store.delete("a", idempotency=key("k"))
