"""What parent and child say to each other: one JSON request on stdin, one JSON reply on stdout."""

from __future__ import annotations

from typing import Literal

import msgspec

from roadbed.data.migrations.locations import Location
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.settings_values import sqlite_file

Action = Literal["upgrade", "downgrade", "preview", "create", "compare", "draft"]
Failure = Literal["", "configuration", "mismatch", "unavailable"]


class Draft(msgspec.Struct, frozen=True):
    """Which revision to write: of which domain, about what; ``empty`` for a frame to be filled in by hand.

    ``renames`` (``table.old=new``) and ``drops`` (``table.column``) say what becomes of columns that go.
    """

    location: Location
    message: str
    empty: bool = False
    renames: list[str] = []
    drops: list[str] = []


class Request(msgspec.Struct, frozen=True):
    """One piece of work for the child.

    ``url`` may hold a password: it travels on stdin alone, never in arguments or the environment, which other users of
    the machine may read. ``installed`` are locations that may be stored though not enabled. ``heads`` (preview) is what
    the database says it is at. ``branch`` and ``target`` (downgrade) say which branch goes back to which revision,
    ``None`` for before the first. ``draft`` says which revision to write. Timeouts are in seconds.
    """

    action: Action
    url: str
    locations: list[Location]
    installed: list[Location] = []
    heads: list[str] = []
    branch: str = ""
    target: str | None = None
    draft: Draft | None = None
    lock_timeout: float = 60.0
    timeout: float = 600.0


class Reply(msgspec.Struct, frozen=True):
    """What the child did, or why it could not.

    ``revisions`` that ran, in order, or the one that was written; ``sql``, or the source of that revision;
    ``differences`` in words, or what is to be known about that revision.
    """

    revisions: list[str] = []
    sql: str = ""
    differences: list[str] = []
    failure: Failure = ""
    detail: str = ""


def dialect_of(url: str) -> Literal["sqlite", "postgresql"]:
    """Return the engine that a URL names.

    Raises:
        ConfigurationError: neither SQLite nor PostgreSQL. The URL itself is not repeated: it may hold a password.
    """
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        return "sqlite"
    if scheme in ("postgresql", "postgres"):
        return "postgresql"
    raise ConfigurationError(f"a database URL begins with sqlite:/// or postgresql://, not with {scheme!r}")


def sqlite_path(url: str) -> str:
    """Return the file of ``sqlite:///relative.db`` or ``sqlite:////absolute.db``.

    Raises:
        ConfigurationError: there is no file in it, or more than a file.
    """
    try:
        return sqlite_file(url)
    except ValueError as error:
        raise ConfigurationError(f"database_url: {error}") from None
