"""Sample data: what somebody has to do in a week, the same every time."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from roadbed.domains.items.model import ITEMS
from roadbed.kernel.errors import Conflict
from roadbed.resource.compiled import compile_plans
from roadbed.resource.plan import make_plans
from roadbed.resource.seeding import Seeded, Seeding
from roadbed.resource.store import Store

DONE = ("Buy milk", "Pay the rent", "Call the dentist")
TO_DO = (
    "Water the plants",
    "Renew the passport",
    "Return the library books",
    "Book the train",
    "Mend the bike",
)


async def seed(seeding: Seeding) -> list[Seeded]:
    """Add each item under an id of its own, by which it is found the second time."""
    unit = compile_plans(make_plans("items", [ITEMS]))["items"]
    store = Store(unit, seeding.database, seeding.clock)
    new = 0
    for name in (*DONE, *TO_DO):
        chosen = uuid5(NAMESPACE_URL, f"urn:roadbed:items:seed:{name}")
        try:
            await store.create({"id": chosen, "name": name, "completed": name in DONE})
            new += 1
        except Conflict:
            continue
    return [Seeded("items", new, len(DONE) + len(TO_DO) - new)]
