"""A resource: one struct, and what is said about it beside its fields."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import msgspec

from roadbed.data.database import Statements

R = TypeVar("R", bound=msgspec.Struct)

Action = Literal["create", "change", "delete"]
Verb = Literal["create", "list", "get", "patch", "delete", "clear", "bulk"]

VERBS: tuple[Verb, ...] = ("create", "list", "get", "patch", "delete", "bulk")
"""What a resource offers unless it says otherwise. ``clear`` deletes all rows, and is never offered unasked."""


class Write(msgspec.Struct, Generic[R], frozen=True):
    """One write, as hooks see it. ``before`` is None for a create, ``after`` for a delete. ``actor`` is who asked.

    Both are rows as they are stored: times in UTC, JSON documents and enumerations as text. A hook before the write
    sees ``after`` without its version to come (0 of a create), and may set other fields of it.
    """

    action: Action
    before: R | None
    after: R | None
    actor: str


Hook = Callable[[Statements, Write[Any]], Awaitable[None]]
"""Runs inside the write's transaction. What it raises undoes the write, and is what the caller hears.

It does nothing but run statements: after a deadlock the whole transaction is tried again, and the hook with it.
"""


Fill = Callable[[Mapping[str, Any], datetime], Generator[Any, Any, Mapping[str, Any]]]
"""Gives values to a new row inside its transaction, as steps (``yield steps.Ask(…)``) that both engines run.

It gets what was given and the time, and returns the values of further fields. What it raises refuses the create."""


class Lapse(msgspec.Struct, frozen=True):
    """A status that time brings: from the instant in ``field`` (null for never) a row is in ``status``.

    That holds for rows in any status after which this one may come, at once, in every read, filter and write, whether
    or not anybody has written it yet.
    """

    field: str
    status: str


class Statuses(msgspec.Struct, frozen=True):
    """A status machine: ``field`` (a Literal of texts) may only go where ``allowed`` says, on every path of writing.

    ``allowed`` maps a status to those that may follow; one that is not named there is final. A row starts as the
    field's default. ``POST /<path>/{id}/status`` changes it; ``PATCH`` does too, unless the field is read-only.
    """

    allowed: Mapping[str, Sequence[str]]
    field: str = "status"
    lapse: Lapse | None = None

    def after(self, status: str) -> tuple[str, ...]:
        """Return the statuses that may follow this one."""
        return tuple(self.allowed.get(status, ()))


class Resource(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """Rows of one kind, with everything that a production service needs for them.

    - ``struct``: what a row is; its annotations are its rules (``msgspec.Meta``, and ``roadbed.resource.markers``);
    - ``path``: where it lies, such as ``/books``; ``name``: how references and commands call it (the path);
    - ``title``: a heading such as "Books", and ``singular`` one of them, "book" (both are made of the name);
    - ``label``: the field that people know a row by (the first text that is never null);
    - ``verbs``: which operations are offered;
    - ``history``: keep who changed what and when, before and after, in the same transaction;
    - ``statuses``: a status machine;
    - ``fill``: gives values to the read-only fields of a new row, from other rows, in its transaction;
    - ``unique``: groups of fields that no two rows share as a whole (a single field says ``Unique()``);
    - ``order``: the default order of lists, a field with ``-`` before it for downwards; ``sort``: further fields to
      sort by (all that have an order and are never null, unless said);
    - ``search``: text fields that ``?q=`` looks through;
    - ``cache``: whether replies to reads are cached, correctly, until the next write;
    - ``events``: whether ``GET <path>/events`` streams changes;
    - ``before``, ``after``: hooks within the transaction of every write;
    - ``limit``: rows per page where the caller asks for no number; ``most``: rows that there may be, 0 for any;
    - ``consumes``: media types under which a create is read, always as JSON.
    """

    struct: type[R]
    path: str
    name: str = ""
    title: str = ""
    singular: str = ""
    label: str = ""
    verbs: Sequence[Verb] = VERBS
    history: bool = False
    statuses: Statuses | None = None
    fill: Fill | None = None
    unique: Sequence[Sequence[str]] = ()
    order: str = "-created_at"
    sort: Sequence[str] | None = None
    search: Sequence[str] = ()
    cache: bool = False
    events: bool = False
    before: Hook | None = None
    after: Hook | None = None
    limit: int = 100
    most: int = 0
    consumes: Sequence[str] = ("application/json",)

    @property
    def called(self) -> str:
        """The name by which references and commands call the resource."""
        return self.name or self.path.strip("/").replace("/", "_").replace("-", "_")
