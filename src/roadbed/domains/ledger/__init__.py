"""The ledger: accounts and transactions with exact balances."""

from roadbed.domains.ledger.api import operations
from roadbed.domains.ledger.service import Ledger
from roadbed.resource.domain import Domain


def _metadata() -> object:
    from roadbed.domains.ledger.tables import metadata

    return metadata()


domain: Domain[Ledger] = Domain(
    name="ledger",
    title="Ledger",
    operations=operations,
    open=Ledger,
    metadata=_metadata,
    migrations="roadbed.domains.ledger.migrations",
)
