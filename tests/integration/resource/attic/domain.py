"""A small domain whose books are watched and cached."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from roadbed.data.migrations.locations import Location
from roadbed.resource.declaration import Resource, Statuses
from roadbed.resource.domain import Domain
from roadbed.resource.markers import Reference


class Shelf(msgspec.Struct):
    """A shelf."""

    id: UUID
    name: str


class Tome(msgspec.Struct):
    """A book on a shelf."""

    id: UUID
    shelf: Annotated[UUID, Reference("shelves", on_delete="cascade")]
    title: str
    pages: int = 0
    bought: datetime | None = None
    tags: list[str] = []
    state: Literal["new", "lent"] = "new"
    version: int = 0


domain: Domain[Any] = Domain(
    name="attic",
    title="Attic",
    resources=[
        Resource(struct=Shelf, path="/shelves", cache=True),
        Resource(
            struct=Tome,
            path="/tomes",
            cache=True,
            events=True,
            search=["title"],
            statuses=Statuses({"new": ["lent"]}, "state"),
            history=True,
        ),
    ],
)
LOCATION = Location("attic", "tests.integration.resource.attic.none", f"{__name__}:domain.tables")
