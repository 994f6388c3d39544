"""Sample data of the ledger: books that balance, and stay as they are the second time."""

from pathlib import Path

from roadbed.domains.ledger import seeds
from roadbed.kernel.clock import now
from roadbed.resource.seeding import Seeded, Seeding
from tests.integration.ledger.books import audit, read_books
from tests.integration.ledger.databases import Opened


async def test_a_second_time_changes_nothing(open_ledger: Opened) -> None:
    seeding = Seeding(open_ledger.database, now, Path(), lambda *_: None)
    (first,) = await seeds.seed(seeding)
    accounts = (await open_ledger.ledger.list_accounts(100, None, False)).items
    assert (first.new > 100, first.there, len(accounts)) == (True, 0, len(seeds.ACCOUNTS))
    assert await seeds.seed(seeding) == [Seeded("transactions", 0, first.new)]
    assert (await open_ledger.ledger.list_accounts(100, None, False)).items == accounts
    assert all(one.balance > 0 for one in accounts)
    audit(await read_books(open_ledger.database, [one.account_id for one in accounts]))
