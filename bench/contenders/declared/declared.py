"""The ledger's rows as a declared resource, in one file: create, get, list as the compiler makes them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from roadbed.http.call import Call
from roadbed.http.operations import Operations
from roadbed.resource.declaration import Resource
from roadbed.resource.domain import Domain
from roadbed.resource.markers import Indexed
from roadbed.resource.stores import Stores


class Entry(Struct, kw_only=True):
    """What the ledger's transaction is to its clients, without the balance that it keeps."""

    id: UUID
    account_id: Annotated[UUID, Indexed()]
    amount: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    created_at: datetime


operations: Operations[Stores] = Operations("declared", "Entries as the compiler makes them")


@operations.get("/ping")
async def ping(_call: Call[Stores]) -> dict[str, str]:
    """Answer."""
    return {"status": "ok"}


domain = Domain(
    name="declared",
    title="Declared entries",
    # History and cache are off: the ledger has neither.
    resources=[Resource(struct=Entry, path="/entries")],
    operations=operations,
    open_stores=lambda stores: stores,
)
