"""A small domain for the tests of this room: notes in memory, with all that an operation can have."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from datetime import datetime
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from roadbed.data.idempotency import Idempotency
from roadbed.data.listing import Listing
from roadbed.http.call import Call
from roadbed.http.operations import Header, Operations
from roadbed.http.paging import Page
from roadbed.http.reply import Reply
from roadbed.kernel.errors import Conflict, NotFound, PreconditionFailed
from roadbed.kernel.ids import new_id

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=50, pattern="^[ -~]*$", description="What it says")]


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class NewNote(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A note to keep."""

    text: Text
    weight: int = 0
    parent: UUID | None = None
    colour: Colour = Colour.RED


class Note(msgspec.Struct, frozen=True):
    """A note that is kept."""

    note_id: UUID
    text: str
    weight: int
    parent: UUID | None
    colour: Colour
    version: int


class NoteCursor(msgspec.Struct, array_like=True, frozen=True):
    note_id: UUID


class Notes:
    """The service: what it was called with can be looked at."""

    def __init__(self) -> None:
        self.kept: dict[UUID, Note] = {}
        self.keys: list[Idempotency | None] = []
        self.conditions: list[tuple[Container[int] | None, Container[int] | None]] = []
        self.released = asyncio.Event()

    def add(self, new: NewNote) -> Note:
        note = Note(new_id(), new.text, new.weight, new.parent, new.colour, 1)
        self.kept[note.note_id] = note
        return note

    def find(self, note_id: UUID) -> Note:
        if note_id not in self.kept:
            raise NotFound("There is no such note")
        return self.kept[note_id]

    def page(self, limit: int, after: NoteCursor | None) -> tuple[list[Note], NoteCursor | None]:
        found = [self.kept[key] for key in sorted(self.kept) if after is None or key > after.note_id]
        rest = found[limit:]
        return found[:limit], NoteCursor(found[limit - 1].note_id) if rest else None


operations: Operations[Notes] = Operations("notes", "Notes, for tests")


@operations.get("/ping")
async def ping(call: Call[Notes]) -> dict[str, str]:
    """Tell whether the service answers."""
    return {"status": "ok"}


@operations.post("/notes", status=201, raises=[Conflict])
async def create_note(call: Call[Notes], body: NewNote) -> Note:
    """Keep a note."""
    call.service.keys.append(call.idempotency)
    if body.text == "conflict":
        raise Conflict("There is one already", kind="note-taken")
    note = call.service.add(body)
    call.version = note.version
    call.location = f"/notes/{note.note_id}"
    return note


@operations.get("/notes", limit=2)
async def list_notes(call: Call[Notes], page: Page[NoteCursor], colour: Colour | None = None) -> Listing[Note]:
    """List notes, oldest first."""
    notes, after = call.service.page(page.limit, page.after)
    return Listing(notes, after, len(call.service.kept) if page.total else None)


@operations.get("/notes/newest", raises=[NotFound])
async def newest_note(call: Call[Notes]) -> Note:
    """Return the newest note."""
    if not call.service.kept:
        raise NotFound("There is no note")
    return call.service.kept[max(call.service.kept)]


@operations.get("/notes/{note_id}", raises=[NotFound])
async def get_note(call: Call[Notes], note_id: UUID) -> Note:
    """Return one note."""
    note = call.service.find(note_id)
    call.version = note.version
    return note


@operations.put("/notes/{note_id}", raises=[NotFound, PreconditionFailed], conditional=True)
async def replace_note(call: Call[Notes], note_id: UUID, body: NewNote) -> Note:
    """Replace a note.

    Only over the versions that `If-Match` names.
    """
    call.service.keys.append(call.idempotency)
    call.service.conditions.append((call.if_match, call.if_none_match))
    old = call.service.find(note_id)
    if call.if_match is not None and old.version not in call.if_match:
        raise PreconditionFailed("The note has another version")
    if call.if_none_match is not None and old.version in call.if_none_match:
        raise PreconditionFailed("The note is there already")
    note = Note(note_id, body.text, body.weight, body.parent, body.colour, old.version + 1)
    call.service.kept[note_id] = note
    call.version = note.version
    return note


@operations.delete("/notes/{note_id}", status=204, raises=[NotFound], idempotent=False)
async def delete_note(call: Call[Notes], note_id: UUID) -> None:
    """Throw a note away."""
    del call.service.kept[call.service.find(note_id).note_id]


@operations.get("/echo/{name}")
async def echo(
    call: Call[Notes],
    name: str,
    at: datetime | None = None,
    flag: bool = False,
    ratio: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5,
    mode: Literal["fast", "slow"] = "fast",
    tag: Annotated[list[int], msgspec.Meta(max_length=3)] | None = None,
    last: Annotated[str | None, Header("Last-Event-ID")] = None,
) -> dict[str, object]:
    """Return what was read."""
    return {"name": name, "at": at, "flag": flag, "ratio": ratio, "mode": mode, "tag": tag, "last": last}


@operations.get("/files/{name:path}")
async def get_file(call: Call[Notes], name: str) -> str:
    """Return the name of a file that may lie in folders."""
    return name


@operations.get("/page", produces="text/html")
async def show_page(call: Call[Notes]) -> Reply:
    """Return a page."""
    return Reply(
        body=b"<p>hi</p>", media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": "default-src x"}
    )


@operations.post("/wait")
async def wait(call: Call[Notes]) -> str:
    """Wait until the test lets go."""
    await call.service.released.wait()
    return "done"


@operations.get("/broken")
async def broken(call: Call[Notes]) -> str:
    """Fail as nobody foresaw."""
    raise ZeroDivisionError("secret detail")
