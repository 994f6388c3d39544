"""A domain of somebody else, whose revision touches the ledger's tables: what a migration under load meets."""

from typing import Any

from roadbed.http.operations import Operations
from roadbed.resource.domain import Domain

operations: Operations[object] = Operations("guest", "A guest in the ledger's database")


def metadata() -> Any:
    """Return no tables: the revision only changes those of others."""
    from roadbed.data.schema import new_metadata

    return new_metadata()


domain: Domain[object] = Domain(
    name="guest",
    title="Guest",
    operations=operations,
    open=lambda _database, _clock: object(),
    metadata=metadata,
    migrations="tests.faults.guest.migrations",
)
