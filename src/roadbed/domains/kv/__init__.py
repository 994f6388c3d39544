"""The key-value store: any JSON under a name, with versions, history, expiry and a watch."""

from roadbed.domains.kv.api import operations
from roadbed.domains.kv.service import Store
from roadbed.resource.domain import Domain


def _metadata() -> object:
    from roadbed.domains.kv.tables import metadata

    return metadata()


domain: Domain[Store] = Domain(
    name="kv",
    title="Key-value store",
    operations=operations,
    open=Store,
    metadata=_metadata,
    migrations="roadbed.domains.kv.migrations",
)
