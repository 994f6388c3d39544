"""Sample data: a household's accounts over a while of salaries, rent and purchases, the same every time."""

from __future__ import annotations

from random import Random
from uuid import NAMESPACE_URL, UUID, uuid5

from roadbed.domains.ledger.model import NewTransaction, NewTransfer
from roadbed.domains.ledger.service import Ledger
from roadbed.resource.seeding import Seeded, Seeding

SEED = 4136
MONTHS = 6
ACCOUNTS = ("current", "savings", "rent", "groceries", "travel")
"""Names for us: the ledger knows accounts by id."""

SALARY = 520_000
"""Minor units."""


def account(name: str) -> UUID:
    """Return the id of a sample account."""
    return _id(f"account:{name}")


def postings() -> list[NewTransaction | NewTransfer]:
    """Return everything that happens, in order. Each has an id of its own, so it is stored once."""
    chance = Random(SEED)  # noqa: S311 - no secret: the same every time is what is wanted
    made: list[NewTransaction | NewTransfer] = [NewTransaction(account("savings"), 1_250_000, _id("opening"))]
    for month in range(MONTHS):
        made.append(NewTransaction(account("current"), SALARY, _id(f"salary:{month}")))
        plan = [("rent", 165_000), ("savings", chance.randrange(40_000, 90_000, 5000))]
        plan += [("groceries", chance.randrange(1500, 16_000)) for _ in range(8)]
        plan += [("travel", chance.randrange(900, 24_000)) for _ in range(3)]
        for number, (target, amount) in enumerate(plan):
            made.append(NewTransfer(account("current"), account(target), amount, _id(f"transfer:{month}:{number}")))
    return made


async def seed(seeding: Seeding) -> list[Seeded]:
    """Post everything; what was posted before is found by its id. Savings never fall below nothing."""
    ledger = Ledger(seeding.database, seeding.clock)
    new = there = 0
    for posting in postings():
        if isinstance(posting, NewTransaction):
            posted = await ledger.create(posting)
        else:
            posted = await ledger.transfer(posting)
        new, there = new + (not posted.repeated) * len(posted.legs), there + posted.repeated * len(posted.legs)
    if (await ledger.account(account("savings"))).min_balance is None:
        await ledger.set_limits(account("savings"), 0)
    return [Seeded("transactions", new, there)]


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"urn:roadbed:ledger:seed:{name}")
