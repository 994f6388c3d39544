"""Records: the rows of a file as they are written, before anybody asks what their values mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from roadbed.resource.transfer.rejects import Bad


class Record(msgspec.Struct, frozen=True):
    """One row: its line (in a JSON array its place) from 1, and its text.

    ``cells`` are those of a CSV row, in the order of the reader's ``names``; None where the text is a JSON object.
    """

    line: int
    text: bytes
    cells: Sequence[str] | None = None


class Reader(Protocol):
    """Reads one file or body."""

    @property
    def names(self) -> Sequence[str] | None:
        """The columns: of a CSV file its header, of JSON the names in the first row; None before they are known."""
        ...

    def feed(self, part: bytes) -> Iterator[Sequence[Record | Bad]]:
        """Take some bytes; yield rows in the order of the file, good ones and those that cannot be read.

        Raises:
            Invalid: this is not the format at all.
        """
        ...

    def finish(self) -> Iterator[Sequence[Record | Bad]]:
        """Yield what is left when no more bytes come. Raises as ``feed`` does."""
        ...
