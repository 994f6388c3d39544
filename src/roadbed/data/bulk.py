"""Many rows at once into one table, the engine's fastest way in (``Database.merge``): the later write of a key wins.

PostgreSQL gets rows by binary COPY, straight into the table while they are new, through a staging table from the first
key that is there already. SQLite gets a few statements of many rows each, in one transaction. What came in is counted
alike: ``inserted + changed + unchanged`` are the distinct keys of the rows given.

Rows are given by column, because that is how they can be checked and packed without a loop in Python. An ``instant`` is
microseconds since 1970, as SQLite stores it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

Kind = Literal["integer", "instant", "real"]
"""What a column holds: a 64-bit integer, a point in time, a finite double."""

Columns = Sequence[Sequence[Any]]
"""Rows by column, in the order of ``BulkTable.columns``; all of one length."""


class BulkTable(msgspec.Struct, frozen=True):
    """A table that takes rows in bulk: its columns, key first, with their kinds; ``key`` counts those of the key.

    No column may be left out that has no default, and the key must be the primary key or unique.
    """

    name: str
    columns: tuple[tuple[str, Kind], ...]
    key: int

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns."""
        return tuple(name for name, _ in self.columns)

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the columns of the key."""
        return self.names[: self.key]

    @property
    def rest(self) -> tuple[str, ...]:
        """The names of the columns that a later write replaces."""
        return self.names[self.key :]


class Merged(msgspec.Struct, frozen=True):
    """How many keys are new, have other values now, and had these values before."""

    inserted: int
    changed: int
    unchanged: int
