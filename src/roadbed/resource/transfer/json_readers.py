"""JSON: one object per line (NDJSON), or one array of objects that is read while it comes in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from roadbed.kernel.errors import Fault, Invalid
from roadbed.resource.transfer.lines import BLOCK, LONGEST_ROW, Lines, shown
from roadbed.resource.transfer.records import Record
from roadbed.resource.transfer.rejects import Bad

_names_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

_BLANK = b" \t\r\n"
_TOO_LONG = f"the row has more than {LONGEST_ROW} bytes"

# Of JSON only what opens and closes matters here, and texts, in which nothing does. A text without an end matches too.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+("?)|[\[{]|[\]}]', re.DOTALL)


class NdjsonReader:
    """Reads NDJSON. Blank lines are no rows; every other line is one, good or bad."""

    def __init__(self, block: int = BLOCK) -> None:
        self._lines = Lines(block)
        self._next = 1
        self._names: Sequence[str] | None = None

    @property
    def names(self) -> Sequence[str] | None:
        """The names in the first row."""
        return self._names

    def feed(self, part: bytes) -> Iterator[Sequence[Record | Bad]]:
        """Take some bytes; yield the rows that are complete with them."""
        lines = self._lines.feed(part)
        if lines:
            yield self._read(lines)

    def finish(self) -> Iterator[Sequence[Record | Bad]]:
        """Yield what is left."""
        lines = self._lines.finish()
        if lines:
            yield self._read(lines)

    def _read(self, lines: list[bytes]) -> list[Record | Bad]:
        rows: list[Record | Bad] = []
        for number, line in enumerate(lines, self._next):
            text = line.strip(_BLANK)
            if self._names is None and text:
                self._names = names_of(text)
            if text:
                rows.append(_record(number, text))
        self._next += len(lines)
        return rows


class ArrayReader:
    """Reads one JSON array of objects. Its rows are numbered by their place, from 1."""

    def __init__(self, block: int = BLOCK) -> None:
        self._block = block
        self._buffer = bytearray()
        self._seen = 0  # where in the buffer reading goes on
        self._depth = 0
        self._start = 0  # of the row that is open, or of what is between two
        self._next = 1
        self._over = False
        self._names: Sequence[str] | None = None

    @property
    def names(self) -> Sequence[str] | None:
        """The names in the first row."""
        return self._names

    def feed(self, part: bytes) -> Iterator[Sequence[Record | Bad]]:
        """Take some bytes; yield the rows that are complete with them."""
        self._buffer += part
        if len(self._buffer) >= max(self._block, 3):  # no less than a BOM
            yield from self._read(last=False)
            if len(self._buffer) > LONGEST_ROW + self._block:
                raise self._malformed(f"row {self._next} has more than {LONGEST_ROW} bytes")

    def finish(self) -> Iterator[Sequence[Record | Bad]]:
        """Yield what is left."""
        yield from self._read(last=True)
        if not self._over:
            raise self._malformed("it ends too early")
        if self._buffer[self._start :].strip(_BLANK):
            raise self._malformed("something comes after its end")

    def _read(self, *, last: bool) -> Iterator[Sequence[Record | Bad]]:
        """Yield what is whole; what came before a mistake is yielded before that is raised."""
        rows: list[Record | Bad] = []
        mistake: Invalid | None = None
        try:
            self._scan(rows)
        except Invalid as found:
            mistake = found
        if rows:
            yield rows
        if mistake is not None:
            raise mistake
        if not last:
            del self._buffer[: self._start]
            self._seen, self._start = self._seen - self._start, 0

    def _scan(self, rows: list[Record | Bad]) -> None:
        buffer = self._buffer
        if self._depth == 0 and not self._over:
            buffer = self._buffer = buffer.removeprefix(b"\xef\xbb\xbf").lstrip(_BLANK)
            if buffer and not buffer.startswith(b"["):
                raise self._malformed("it begins otherwise")
        for token in _TOKEN.finditer(buffer, self._seen):
            kind = token[0][:1]
            if kind == b'"':
                if not token[1]:
                    # It goes on with the next part; then it is looked at again.
                    self._seen = token.start()
                    break
                if self._depth < 2:
                    raise self._malformed(f"row {self._next} is no object")
            else:
                self._step(kind, token.start(), rows)
            self._seen = token.end()
        else:
            self._seen = len(buffer)

    def _step(self, kind: bytes, place: int, rows: list[Record | Bad]) -> None:
        """Take in what opens or closes at a place of the buffer."""
        if kind in b"[{":
            if self._over:
                raise self._malformed("something comes after its end")
            if self._depth == 1:
                self._between(bytes(self._buffer[self._start : place]), b"," if self._next > 1 else b"")
                self._start = place
            self._depth += 1
            if self._depth == 1:
                self._start = place + 1
            return
        self._depth -= 1
        if self._depth == 1:
            text = bytes(self._buffer[self._start : place + 1])
            if self._names is None:
                self._names = names_of(text)
            rows.append(_record(self._next, text))
            self._next += 1
            self._start = place + 1
        elif self._depth == 0:
            self._between(bytes(self._buffer[self._start : place]), b"")
            self._start, self._over = place + 1, True
        elif self._depth < 0:
            raise self._malformed("something comes after its end")

    def _between(self, text: bytes, expected: bytes) -> None:
        if text.strip(_BLANK) != expected:
            raise self._malformed(f"{shown(text.strip(_BLANK))[:40]!r} stands before row {self._next}")

    def _malformed(self, reason: str) -> Invalid:
        told = f"; what came before row {self._next} is stored" if self._next > 1 else ""
        return Invalid(faults=[Fault("", f"Expected a JSON array of objects: {reason}{told}")])


def names_of(text: bytes) -> Sequence[str]:
    """Return the names of an object; none where it is no object."""
    try:
        return list(_names_of(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()


def _record(number: int, text: bytes) -> Record | Bad:
    return Bad(number, _TOO_LONG, shown(text)) if len(text) > LONGEST_ROW else Record(number, text)
