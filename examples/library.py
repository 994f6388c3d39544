"""A small library: books by authors, copies that are lent and come back. References, statuses, history, search.

roadbed up --app examples.library:domain
"""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from roadbed.resource.declaration import Resource, Statuses
from roadbed.resource.domain import Domain
from roadbed.resource.markers import Indexed, Reference, Unique

Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Author(Struct, kw_only=True):
    """Who wrote books. One with books cannot be deleted."""

    id: UUID
    name: Annotated[Name, Unique()]
    born: date | None = None


class Book(Struct, kw_only=True):
    """A title, of which there are copies."""

    id: UUID
    title: Name
    author: Annotated[UUID, Reference("authors")]
    isbn: Annotated[str, Meta(pattern=r"^97[89]\d{10}$"), Unique()] | None = None
    pages: Annotated[int, Meta(ge=1, le=100_000)] | None = None


class Copy(Struct, kw_only=True):
    """One of the copies: it goes with its book. Lent copies come back, or are lost; a lost one may be found again."""

    id: UUID
    book: Annotated[UUID, Reference("books", on_delete="cascade")]
    status: Literal["shelf", "lent", "lost", "sold"] = "shelf"
    reader: Annotated[Name, Indexed()] | None = None
    updated_at: datetime


domain = Domain(
    name="library",
    title="Library",
    resources=[
        Resource(struct=Author, path="/authors", order="name", search=["name"]),
        Resource(struct=Book, path="/books", order="title", search=["title"], history=True),
        Resource(
            struct=Copy,
            path="/copies",
            history=True,
            statuses=Statuses({"shelf": ["lent", "lost", "sold"], "lent": ["shelf", "lost"], "lost": ["shelf"]}),
        ),
    ],
)
