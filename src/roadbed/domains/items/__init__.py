"""Items: a to-do list whose reads are cached."""

from roadbed.domains.items.api import operations
from roadbed.domains.items.model import ITEMS
from roadbed.resource.domain import Domain
from roadbed.resource.stores import Stores

domain: Domain[Stores] = Domain(
    name="items",
    title="To-do list",
    resources=[ITEMS],
    operations=operations,
    open_stores=lambda stores: stores,
    migrations="roadbed.domains.items.migrations",
)
