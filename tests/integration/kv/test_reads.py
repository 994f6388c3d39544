"""Lists by prefix, history, and a key as of a version."""

import asyncio

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from roadbed.domains.kv import reads
from roadbed.domains.kv.model import Revision
from roadbed.domains.kv.reads import KeyCursor, VersionCursor, bounds
from roadbed.domains.kv.service import Store
from tests.integration.kv.asking import kind_of, text

LAST = chr(0x10FFFF)
KEYS = (
    "A",
    "a",
    "a b",
    "a/b",
    "a/b/c",
    "a/c",
    "a_",
    "ab",
    "a~",
    "b",
    "z",
    "é",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "😀",
    LAST,
)


async def listed(store: Store, prefix: str = "", limit: int = 1000) -> list[str]:
    """Follow the pages of a list to its end; return the keys."""
    found: list[str] = []
    after: KeyCursor | None = None
    while True:
        page = await store.list_entries(limit, after, prefix)
        assert len(page.items) <= limit
        found += [entry.key for entry in page.items]
        after = page.next
        if after is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 5, 17, 18, 1000])
async def test_a_list_is_in_the_order_of_code_points(store: Store, limit: int) -> None:
    await asyncio.gather(*(store.put(name, "1") for name in KEYS[::-1]))
    assert await listed(store, limit=limit) == sorted(KEYS)
    for prefix in (*KEYS, "a/", "a%", "a\\", "_", "", "a/b/c/d", LAST * 2):
        assert await listed(store, prefix, limit) == sorted(name for name in KEYS if name.startswith(prefix))


async def test_a_cursor_from_before_the_prefix_leads_to_its_first_key(store: Store) -> None:
    await asyncio.gather(*(store.put(name, "1") for name in ("a", "b", "c")))
    assert [entry.key for entry in (await store.list_entries(9, KeyCursor("a"), "c")).items] == ["c"]
    assert (await store.list_entries(9, KeyCursor("d"), "c")).items == []


async def test_the_total_counts_the_whole_list(store: Store) -> None:
    await asyncio.gather(*(store.put(name, "1") for name in ("a/1", "a/2", "b")))
    page = await store.list_entries(1, KeyCursor("a/1"), "a/", True)
    assert ([entry.key for entry in page.items], page.next, page.total) == (["a/2"], None, 2)
    assert (await store.list_entries(1, None, "", True)).total == 3


async def test_a_page_ends_early_where_values_are_long(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "PAGE_BYTES", 100)
    sizes = {"a": 60, "b": 60, "c": 500, "d": 3, "e": 3}
    for name, size in sizes.items():
        await store.put(name, f'"{"x" * (size - 2)}"')
        await store.put("h", f'"{"x" * (size - 2)}"')
    first = await store.list_entries(1000)
    assert [entry.key for entry in first.items] == ["a", "b"]
    second = await store.list_entries(1000, first.next)
    assert [entry.key for entry in second.items] == ["c"]
    assert await listed(store) == [*sizes, "h"]
    assert [len(bytes(one.value)) for one in await revisions(store, "h") if one.value is not msgspec.UNSET] == [
        *list(sizes.values())[::-1]
    ]


async def revisions(store: Store, name: str, limit: int = 1000) -> list[Revision]:
    """Follow the pages of a history to its end."""
    found: list[Revision] = []
    after: VersionCursor | None = None
    while True:
        page = await store.history(name, limit, after, True)
        found += page.items
        after = page.next
        if after is None:
            assert page.total == len(found)
            return found


async def test_a_history_has_all_that_a_key_has_been(store: Store) -> None:
    await store.put("a", "1")
    await store.put("other", "1")
    await store.put("a", "2.0")
    await store.delete("a")
    await store.create("a", "null", 60)
    assert [(one.version, one.deleted, shown(one)) for one in await revisions(store, "a")] == [
        (5, False, "null"),
        (4, True, None),
        (3, False, "2.0"),
        (1, False, "1"),
    ]
    assert await revisions(store, "a", 1) == await revisions(store, "a") == await revisions(store, "a", 4)
    newest = (await revisions(store, "a"))[0]
    assert newest.expires_at is not None
    assert (newest.expires_at - newest.updated_at).total_seconds() == 60


def shown(one: Revision) -> str | None:
    return None if one.value is msgspec.UNSET else bytes(one.value).decode()


async def test_the_history_of_a_key_outlives_it(store: Store) -> None:
    await store.put("a", "1")
    await store.delete("a")
    assert [(one.version, one.deleted) for one in await revisions(store, "a")] == [(2, True), (1, False)]


async def test_what_never_was_has_no_history(store: Store) -> None:
    await store.put("a", "1")
    assert await kind_of(store.history("b", 10)) == "not-found"
    assert (await store.history("a", 10, VersionCursor(1))).items == []


async def test_a_key_as_of_a_version(store: Store) -> None:
    await store.put("a", "1")
    await store.put("a", "2")
    await store.delete("a")
    await store.put("b", "4")
    for version, expected in ((1, "1"), (2, "2")):
        entry = await store.get_at("a", version)
        assert (text(entry), entry.version) == (expected, version)
    for version in (3, 4, 5, 2**63 - 1):
        assert await kind_of(store.get_at("a", version)) == "not-found"
    assert text(await store.get_at("b", 4)) == "4"


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


@settings(max_examples=300)
@given(prefix=_texts, other=_texts)
@example(prefix=LAST, other=LAST * 2)
@example(prefix="a" + LAST, other="b")
@example(prefix="\ud7ff", other="\ue000")
def test_bounds_hold_what_has_the_prefix_and_nothing_else(prefix: str, other: str) -> None:
    lower, upper = bounds(prefix)
    for name in (other, prefix + other, prefix + LAST * 3):
        assert (lower.encode() <= name.encode() < upper.encode()) is name.startswith(prefix)
