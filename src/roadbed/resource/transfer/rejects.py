"""Rows that an import leaves out, and the file of them: line, reason, and the row as it was, separated by tabs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

HEADER = "Line\tReason\tRow\n"


class Bad(msgspec.Struct, frozen=True, gc=False):
    """A row that is left out: its line (in a JSON array its place) from 1, why, and as it was."""

    line: int
    reason: str
    text: str


class Rejects:
    """One such file. It is made with the first row; one that an earlier import left is gone when this one has none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        elif kind is None:
            self._path.unlink(missing_ok=True)

    def go_on(self, size: int) -> None:
        """Go on with the file of an import that was broken off, as it was when it had this many bytes."""
        if size:
            # Without the file the rows that it held are lost, but not those to come.
            self._file = self._path.open("r+b" if self._path.exists() else "w+b")
            self._file.truncate(size if self._file.seek(0, 2) >= size else None)
            self._file.seek(0, 2)

    def add(self, rows: Iterable[Bad]) -> None:
        """Write rows."""
        for row in rows:
            if self._file is None:
                self._file = self._path.open("wb")
                self._file.write(HEADER.encode())
            text = row.text.replace("\t", " ").replace("\n", " ").replace("\r", " ")
            self._file.write(f"{row.line}\t{row.reason}\t{text}\n".encode("utf-8", "replace"))

    def flush(self) -> int:
        """Hand everything to the system; return how many bytes the file has."""
        if self._file is None:
            return 0
        self._file.flush()
        return self._file.tell()
