"""Measurements as CSV: ``Ts|SignalId|MeasurementValue`` in any order of columns, UTF-8, decimal comma or point."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

from roadbed.domains.telemetry.csv_columns import MICROSECOND, NAIVE_EPOCH, read_instants, read_reals
from roadbed.domains.telemetry.model import Measurement
from roadbed.domains.telemetry.rows import BLOCK, LONGEST_ROW, Batch, Collector, Lines, values_in_range
from roadbed.kernel.clock import EPOCH
from roadbed.kernel.errors import Fault, Invalid

HEADER = ("Ts", "SignalId", "MeasurementValue")
SEPARATOR = "|"

_BOM = b"\xef\xbb\xbf"

# What a block without a fault is made of. Whatever has other characters is looked at line by line.
_PLAIN = b"0123456789-:.,+| T\n"
_BUT_ENDS = bytes(set(range(256)) - set(b"|\n"))
_INSTANT = re.compile(r"\d{4}-?\d\d-?\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d(?::?\d\d)?)?", re.ASCII)
_SIGNAL = re.compile(r"-?\d{1,19}", re.ASCII)
_VALUE = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INT64 = range(-(2**63), 2**63)
_MOST_REMEMBERED = 100_000


class CsvRows:
    """Reads CSV. Blank lines are no rows; every other line after the header is one, good or bad."""

    def __init__(self, columns: tuple[int, int, int] | None = None, line: int = 1, block: int = BLOCK) -> None:
        """``columns`` are the places of time, signal and value if the header was read before; ``line`` is the next.

        ``block`` is how many bytes are parsed at once.
        """
        self.columns = columns
        self._lines = Lines(line, block)
        self._signals: dict[bytes, int] = {}

    @property
    def line(self) -> int:
        """The number of the line that comes next."""
        return self._lines.next

    @property
    def held(self) -> int:
        """How many bytes wait for the rest of their line."""
        return self._lines.held

    def feed(self, part: bytes) -> Iterator[Batch]:
        """Take some bytes; yield the batches that are complete with them."""
        for block, first in self._lines.feed(part):
            yield from self._read(block, first)

    def finish(self) -> Iterator[Batch]:
        """Yield what is left."""
        for block, first in self._lines.finish():
            yield from self._read(block, first)
        if self.columns is None:
            raise _no_header("the body is empty")

    def _read(self, block: bytes, first: int) -> Iterator[Batch]:
        if self.columns is None:
            while block and self.columns is None:
                line, _, block = block.partition(b"\n")
                self._read_header(line, first)
                first += 1
            if not block:
                return
        batch = self._at_once(block, first)
        yield self._line_by_line(block, first) if batch is None else batch

    def _read_header(self, line: bytes, number: int) -> None:
        text = line.removeprefix(_BOM) if number == 1 else line
        if not text.strip():
            return
        names = [name.strip().strip('"') for name in text[:LONGEST_ROW].decode("utf-8", "replace").split(SEPARATOR)]
        if sorted(names) != sorted(HEADER):
            raise _no_header(f"the first line is {', '.join(names)[:200]!r}")
        self.columns = (names.index("Ts"), names.index("SignalId"), names.index("MeasurementValue"))

    def _at_once(self, block: bytes, first: int) -> Batch | None:
        """Return all rows of a block, or None if there is anything in it that has to be looked at."""
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
        ends = block.translate(None, _BUT_ENDS)
        count = len(ends) // len(HEADER)
        # Each row has two bars and a line feed: one too many in one row, and too few in the next, cannot go unseen.
        if block.translate(None, _PLAIN) or ends != b"||\n" * count:
            return None
        fields = block.replace(b",", b".").replace(b"\n", b"|").split(b"|")
        times, signals, values = (fields[place : -1 : len(HEADER)] for place in self.columns or ())
        try:
            instants, numbers = read_instants(times), read_reals(values)
            ids = list(map(self._signals.__getitem__, signals))
        except KeyError:
            return self._at_once(block, first) if self._learn(signals) else None
        except (IndexError, ValueError, TypeError):
            return None
        # These times have years of four digits: they are in range.
        if not values_in_range(numbers):
            return None
        return Batch(ids, instants, numbers, range(first, first + count), lambda: block.decode().split("\n"), [])

    def _learn(self, signals: list[bytes]) -> bool:
        """Remember what these texts mean; tell whether they all mean something."""
        new = set(signals) - self._signals.keys()
        if len(self._signals) + len(new) > _MOST_REMEMBERED:
            self._signals.clear()
            new = set(signals)
        try:
            self._signals.update({signal: _signal(signal.decode()) for signal in new})
        except ValueError:
            return False
        return True

    def _line_by_line(self, block: bytes, first: int) -> Batch:
        collected = Collector()
        for number, line in enumerate(block.removesuffix(b"\n").split(b"\n"), first):
            text = line[:LONGEST_ROW].decode("utf-8", "replace").removesuffix("\r")
            if len(line) > LONGEST_ROW:
                collected.refuse(number, text[:1000], f"the line has more than {LONGEST_ROW} bytes")
            elif b"\xef\xbf\xbd" not in line and "\ufffd" in text:
                collected.refuse(number, text, "the line is not UTF-8")
            elif text.strip():
                collected.add(number, text, lambda text=text: self._row(text))
        return collected.batch()

    def _row(self, text: str) -> tuple[int, int, float]:
        fields = text.split(SEPARATOR)
        if len(fields) != len(HEADER):
            raise ValueError(f"{len(HEADER)} fields are expected, separated by {SEPARATOR!r}; there are {len(fields)}")
        time, signal, value = (fields[place].strip() for place in self.columns or ())
        return _signal(signal), _instant(time), _value(value)


async def csv_of(parts: AsyncIterator[list[Measurement]]) -> AsyncIterator[bytes]:
    """Yield measurements as CSV in this format: times in UTC, decimal commas. What is read back is the same."""
    yield f"{SEPARATOR.join(HEADER)}\n".encode()
    async for part in parts:
        lines = [f"{str(row.timestamp)[:-6]}|{row.signal_id}|{str(row.value).replace('.', ',')}\n" for row in part]
        yield "".join(lines).encode()


def _no_header(found: str) -> Invalid:
    return Invalid(faults=[Fault("", f"Expected a header with the columns {', '.join(HEADER)}, but {found}")])


def _signal(text: str) -> int:
    text = text.strip()
    if _SIGNAL.fullmatch(text) is None or (number := int(text)) not in _INT64:
        raise ValueError(f"SignalId: {text[:50]!r} is no integer of 64 bits")
    return number


def _instant(text: str) -> int:
    wrong = f"Ts: {text[:50]!r} is no time such as 2021-11-07 23:59:03.762"
    if _INSTANT.fullmatch(text.replace(",", ".")) is None:
        raise ValueError(wrong)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(wrong) from None
    epoch = NAIVE_EPOCH if instant.tzinfo is None else EPOCH
    return (instant - epoch) // MICROSECOND


def _value(text: str) -> float:
    if _VALUE.fullmatch(text.replace(",", ".")) is None:
        raise ValueError(f"MeasurementValue: {text[:50]!r} is no number such as 116,129")
    return float(text.replace(",", "."))
