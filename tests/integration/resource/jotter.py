"""A domain with rows that nothing can stand in the way of, of every kind of column."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from roadbed.resource.declaration import Resource
from roadbed.resource.domain import Domain


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Jot(Struct, kw_only=True):
    """A short note."""

    id: UUID
    text: Annotated[str, Meta(max_length=80)]
    about: UUID | None = None
    number: int = 0
    weight: float | None = None
    done: bool = False
    due: datetime | None = None
    tags: list[str] = []
    more: Any = None
    mood: Mood = Mood.GOOD


domain: Domain[None] = Domain(
    name="jotter",
    title="Jotter",
    resources=[Resource(struct=Jot, path="/jots", name="jot", history=True, events=True, search=["text"])],
)
