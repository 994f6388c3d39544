"""The key-value store: any JSON under a name, with versions, history, expiry and a watch."""

from roadbed.domains.kv.api import Watched, operations
from roadbed.resource.domain import Domain


def _metadata() -> object:
    from roadbed.domains.kv.tables import metadata

    return metadata()


domain: Domain[Watched] = Domain(
    name="kv",
    title="Key-value store",
    operations=operations,
    open=Watched,
    metadata=_metadata,
    migrations="roadbed.domains.kv.migrations",
)
