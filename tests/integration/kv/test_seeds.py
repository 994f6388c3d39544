"""Sample data of the store: there once, and what somebody has changed since stays as it is."""

from pathlib import Path

from roadbed.domains.kv import seeds
from roadbed.kernel.clock import now
from roadbed.resource.seeding import Seeded, Seeding
from tests.integration.kv.databases import Opened


async def test_a_second_time_changes_nothing(open_store: Opened) -> None:
    seeding = Seeding(open_store.database, now, Path(), lambda *_: None)
    assert await seeds.seed(seeding) == [Seeded("keys", len(seeds.ENTRIES), 0)]
    await open_store.store.put("shop/open", "false")
    assert await seeds.seed(seeding) == [Seeded("keys", 0, len(seeds.ENTRIES))]
    assert bytes((await open_store.store.get("counter/last-order")).value) == b"9007199254740993"
    assert bytes((await open_store.store.get("shop/open")).value) == b"false"
