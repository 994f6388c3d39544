"""CSV as RFC 4180 has it: UTF-8 with or without BOM, commas, quoted cells with commas, quotes, line feeds in them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from roadbed.kernel.errors import Fault, Invalid
from roadbed.resource.transfer.lines import BLOCK, LONGEST_ROW, Lines, shown
from roadbed.resource.transfer.records import Record
from roadbed.resource.transfer.rejects import Bad

csv.field_size_limit(LONGEST_ROW)

_OPEN = "a quoted cell of it does not end"


class CsvReader:
    """Reads CSV. The first line that is not blank is the header; blank lines are no rows.

    A quotation mark that is never closed costs its own line alone: reading goes on at the next one.
    """

    def __init__(self, block: int = BLOCK) -> None:
        self._lines = Lines(block)
        self._pending: list[bytes] = []
        self._next = 1
        self._names: list[str] | None = None

    @property
    def names(self) -> Sequence[str] | None:
        """The header, once it was read."""
        return self._names

    def feed(self, part: bytes) -> Iterator[Sequence[Record | Bad]]:
        """Take some bytes; yield the rows that are complete with them."""
        lines = self._lines.feed(part)
        if lines:
            yield self._read([*self._pending, *lines], last=False)

    def finish(self) -> Iterator[Sequence[Record | Bad]]:
        """Yield what is left."""
        lines = [*self._pending, *self._lines.finish()]
        if lines:
            yield self._read(lines, last=True)
        if self._names is None:
            raise Invalid(faults=[Fault("", "Expected CSV with a header; there is no line in it")])

    def _read(self, lines: list[bytes], *, last: bool) -> list[Record | Bad]:
        """Read whole rows; what may go on with the next lines is kept for then."""
        rows: list[Record | Bad] = []
        texts = [line.decode("utf-8", "surrogateescape") for line in lines]
        while lines:
            done = self._read_closed(lines, texts, rows)
            lines, texts = lines[done:], texts[done:]
            if lines and not last and sum(map(len, lines)) <= LONGEST_ROW:
                break
            if lines:
                rows.append(Bad(self._next, _OPEN, shown(lines[0])))
                self._next += 1
                lines, texts = lines[1:], texts[1:]
        self._pending = lines
        return rows

    def _read_closed(self, lines: list[bytes], texts: list[str], rows: list[Record | Bad]) -> int:
        """Read rows up to the end, or to one that does not end; return how many lines that were."""
        reader = csv.reader(texts, strict=True)
        done = 0
        while done < len(lines):
            problem = ""
            cells: list[str] = []
            try:
                cells = next(reader)
            except csv.Error as error:
                if reader.line_num == len(lines) and str(error) == "unexpected end of data":
                    return done
                problem = str(error)
            text = b"".join(lines[done : reader.line_num])
            self._add(cells, text, problem, rows)
            self._next += reader.line_num - done
            done = reader.line_num
        return done

    def _add(self, cells: list[str], text: bytes, problem: str, rows: list[Record | Bad]) -> None:
        if not problem and (not text.strip() or (len(cells) > 1 and not any(cells))):
            return  # as spreadsheets write a row in which there is nothing
        if not problem and self._names is None:
            self._names = [cell.strip() for cell in cells]
            return
        names = self._names or ()
        if len(text) > LONGEST_ROW:
            problem = f"the row has more than {LONGEST_ROW} bytes"
        elif not problem and len(cells) != len(names):
            problem = f"{len(names)} cells are expected, as in the header; there are {len(cells)}"
        elif not problem and not _is_utf8(text):
            problem = "the row is not UTF-8"
        rows.append(Bad(self._next, problem, shown(text)) if problem else Record(self._next, text, cells))


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
