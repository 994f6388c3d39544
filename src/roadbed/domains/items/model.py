"""What the list holds."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from roadbed.resource.declaration import Resource


class Item(Struct):
    """A thing to do."""

    id: UUID
    name: Annotated[str, Meta(min_length=1, max_length=300, examples=["Buy milk"])]
    completed: bool = False


ITEMS = Resource(
    struct=Item,
    path="/items",
    title="Items",
    history=True,
    cache=True,
    events=True,
    search=["name"],
    limit=1000,
    consumes=("application/json", "application/x-www-form-urlencoded"),  # curl's default
)
