"""A domain with something of everything that a resource may be."""

from collections.abc import Generator, Mapping
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from roadbed.data.database import Statements
from roadbed.kernel.errors import Conflict
from roadbed.kernel.ids import new_id
from roadbed.resource.declaration import Resource, Statuses, Write
from roadbed.resource.domain import Domain
from roadbed.resource.markers import Computed, Indexed, Key, ReadOnly, Reference, Secret, Unique
from roadbed.resource.statements import query


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Author(Struct):
    """Who writes."""

    id: UUID
    name: Annotated[str, Unique(), Meta(min_length=1, max_length=60)]
    size: Size = Size.SMALL


class Book(Struct):
    """What is written. Some of its fields have names that mean something else to SQL and to handlers."""

    id: UUID
    title: Annotated[str, Meta(min_length=1, max_length=80)]
    author: Annotated[UUID, Reference("author")]
    order: int = 0
    body: str = ""
    total: Annotated[float, Meta(ge=0, le=1e6)] = 0.0
    published: datetime | None = None
    editor: Annotated[UUID | None, Reference("author", on_delete="set_null")] = None
    reader: Annotated[UUID | None, Reference("author", on_delete="set_null")] = None
    tags: list[str] = []
    note: Any = None
    lent: bool = False
    url: Annotated[str, Computed(lambda row, base: f"{base}/books/{row.id}")] = ""
    state: Literal["new", "lent", "lost", "sold"] = "new"


class Page(Struct):
    """A part of a book, which goes with it."""

    id: UUID
    book: Annotated[UUID, Reference("book", on_delete="cascade")]
    number: Annotated[int, Indexed(), Meta(ge=1)]
    version: int
    created_at: datetime
    updated_at: datetime


class Tag(Struct):
    """A row whose key the client chooses."""

    code: Annotated[str, Key(), Meta(max_length=40)]
    parent: Annotated[str | None, Reference("tag")] = None
    text: str = ""


class Box(Struct):
    """There are three at most."""

    number: Annotated[int, Key()]
    seal: Annotated[str, ReadOnly()] = "none"


class Deed(Struct):
    """What hooks watch."""

    id: UUID
    name: str
    slug: Annotated[str, ReadOnly()] = ""


class Ticket(Struct):
    """What lets a reader in."""

    id: UUID
    reader: str
    code: Annotated[str, Secret(lambda: f"secret-{new_id()}")]


class Loan(Struct):
    """What is filled from what was given."""

    id: UUID
    reader: str
    days: int = 14
    told: Annotated[str, ReadOnly()] = ""


class Echo(Struct):
    """What a hook writes."""

    id: UUID
    text: str


_echo = query(
    "echo",
    tuple,
    "INSERT INTO library_echo (id, text, version, created_at, updated_at) "
    "VALUES (:id, :text, 1, :created_at, :created_at)",
)


async def before(_run: Statements, write: Write[Deed]) -> None:
    if write.after is not None:
        write.after.slug = write.after.name.lower()


async def after(run: Statements, write: Write[Any]) -> None:
    row = write.after or write.before
    assert row is not None
    told = f"{write.action} {row.name} {row.version}"
    await run.execute(_echo, id=new_id(), text=told, created_at=row.updated_at)
    if row.name.startswith("bad"):
        raise Conflict(f"{row.name} is not wanted", "unwanted")


def fill_loan(given: Mapping[str, Any], _at: datetime) -> Generator[Any, Any, Mapping[str, Any]]:
    yield from ()
    return {"told": f"{given['reader']}: {given['days']} days"}


AUTHORS = Resource(struct=Author, path="/authors", name="author", history=True, search=["name"])
BOOKS = Resource(
    struct=Book,
    path="/books",
    name="book",
    history=True,
    search=["title", "body"],
    unique=[("title", "author")],
    statuses=Statuses({"new": ["lent", "sold"], "lent": ["new", "lost"]}, field="state"),
)
PAGES = Resource(struct=Page, path="/pages", name="page", order="number", limit=3)
TAGS = Resource(
    struct=Tag, path="/tags", name="tag", order="code", verbs=("create", "bulk", "list", "get", "delete", "clear")
)
BOXES = Resource(struct=Box, path="/boxes", name="box", most=3)
DEEDS = Resource(struct=Deed, path="/deeds", name="deed", history=True, before=before, after=after)
ECHOES = Resource(struct=Echo, path="/echoes", name="echo")
LOANS = Resource(struct=Loan, path="/loans", name="loan", fill=fill_loan)
TICKETS = Resource(struct=Ticket, path="/tickets", name="ticket", history=True)

domain: Domain[None] = Domain(
    name="library", title="Library", resources=[AUTHORS, BOOKS, PAGES, TAGS, BOXES, DEEDS, ECHOES, LOANS, TICKETS]
)
