"""Sample data: a third template, and a dozen purchases in every status, the same every time."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

from roadbed.domains.vouchers.writes import RESOURCES
from roadbed.kernel.errors import NotFound
from roadbed.resource.compiled import compile_plans
from roadbed.resource.plan import make_plans
from roadbed.resource.seeding import Seeded, Seeding
from roadbed.resource.store import Store
from roadbed.resource.writes import Asked

BUYERS = (
    *("Ada Lovelace", "Blaise Pascal", "Charles Babbage", "Emmy Noether", "Erwin Schrödinger", "Grace Hopper"),
    *("Katherine Johnson", "Lise Meitner", "Max Planck", "Niels Bohr", "Sofya Kovalevskaya", "Werner Heisenberg"),
)
WAYS = ((), ("used",), (), ("cancelled",), ("used",), ("cancelled", "refunded"), (), ("expired",))
"""What becomes of the vouchers, in turn."""

TEMPLATE = {
    "title": "Quantum Cuisine - dinner for two observers",
    "description": "One evening, seven courses. Which ones is settled when you look.",
    "price": 12_800,
    "currency": "USD",
    "active": True,
}


async def seed(seeding: Seeding) -> list[Seeded]:
    """Write what is not there yet. Nobody knows the codes: they are told in the reply to a purchase alone."""
    units = compile_plans(make_plans("vouchers", RESOURCES))
    stores = {name: Store(unit, seeding.database, seeding.clock) for name, unit in units.items()}
    templates, vouchers = stores["templates"], stores["vouchers"]
    asked = Asked(seeding.clock(), "roadbed seed")
    dinner = _id("template")
    known = await _is_there(templates, dinner)
    if not known:
        await templates.create({"id": dinner, **TEMPLATE}, actor=asked.actor)
    new = there = 0
    for number, buyer in enumerate(BUYERS):
        voucher = _id(f"voucher:{number}")
        if await _is_there(vouchers, voucher):
            there += 1
            continue
        email = f"{buyer.split()[0].lower()}@example.org" if number % 3 else None
        values = {"id": voucher, "template_id": dinner, "buyer": buyer, "email": email, "expires_at": None}
        await vouchers.create(values, actor=asked.actor)
        for status in WAYS[number % len(WAYS)]:
            await vouchers.move(voucher, {"status": status}, asked)
        new += 1
    return [Seeded("templates", int(not known), int(known)), Seeded("vouchers", new, there)]


async def _is_there(store: Store, key: UUID) -> bool:
    try:
        await store.get(key)
    except NotFound:
        return False
    return True


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"urn:roadbed:vouchers:seed:{name}")
