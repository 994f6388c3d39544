"""The ledger: accounts and transactions with exact balances."""

from roadbed.domains.ledger.api import operations
from roadbed.domains.ledger.figures import FIGURES
from roadbed.domains.ledger.service import Ledger
from roadbed.resource.domain import Domain
from roadbed.resource.stores import Stores


def _metadata() -> object:
    from roadbed.domains.ledger.tables import metadata

    return metadata()


def _open(stores: Stores) -> Ledger:
    return Ledger(stores.database, stores.clock, stores.counters)


domain: Domain[Ledger] = Domain(
    name="ledger",
    title="Ledger",
    operations=operations,
    open_stores=_open,
    metadata=_metadata,
    migrations="roadbed.domains.ledger.migrations",
    figures=FIGURES,
)
