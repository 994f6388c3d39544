"""Sample data: the settings of a small web shop, the same every time."""

from __future__ import annotations

from roadbed.domains.kv.service import Store
from roadbed.kernel.errors import Conflict
from roadbed.resource.seeding import Seeded, Seeding

ENTRIES = {
    "shop/name": '"Quantum Cuisine"',
    "shop/open": "true",
    "shop/contact": '{"email": "hello@example.org", "phone": null}',
    "shop/hours": '{"mon-fri": ["09:00", "18:00"], "sat": ["10:00", "16:00"]}',
    "shop/banner": '{"text": "Closed on 1 May", "until": "2027-05-01"}',
    "feature/checkout-v2": '{"enabled": true, "share": 0.25}',
    "feature/gift-cards": '{"enabled": false, "share": 0}',
    "limit/orders-per-day": "250",
    "counter/last-order": "9007199254740993",
}


async def seed(seeding: Seeding) -> list[Seeded]:
    """Create each key; one that is there, whatever its value is by now, stays as it is."""
    store = Store(seeding.database, seeding.clock)
    new = 0
    for key, value in ENTRIES.items():
        try:
            await store.create(key, value)
            new += 1
        except Conflict:
            continue
    return [Seeded("keys", new, len(ENTRIES) - new)]
