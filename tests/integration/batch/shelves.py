"""A declared domain to be part of batches, beside the ledger, which was written by hand."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec

from roadbed.resource.declaration import Resource, Write
from roadbed.resource.domain import Domain
from roadbed.resource.markers import Reference, Unique


class Shelf(msgspec.Struct):
    """Where books stand."""

    id: UUID
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40), Unique()]


class Book(msgspec.Struct):
    """A book on a shelf."""

    id: UUID
    title: str
    shelf: Annotated[UUID, Reference("shelves")]
    note: Any = None


async def _heard(_run: Any, write: Write[Any]) -> None:
    """Do nothing: but a resource with a hook writes in transactions, and not in flights."""
    assert write.action in ("create", "change", "delete")


domain: Domain[None] = Domain(
    name="shelves",
    title="Shelves and books",
    resources=[
        Resource(struct=Shelf, path="/shelves", history=True, after=_heard),
        Resource(struct=Book, path="/books", history=True),
    ],
    path="tests.integration.batch.shelves:domain",
)
