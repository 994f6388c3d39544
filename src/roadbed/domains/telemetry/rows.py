"""Rows of measurements from bytes: what the three formats of an ingest share.

Bytes are pushed in as they come; batches of rows come out by column, as ``roadbed.data.bulk`` takes them. A row that is
wrong is a ``Bad`` beside them and stops nothing. All of a batch is first tried at once, without a loop in Python; where
that fails the batch is looked at row by row, by the same rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Protocol

import msgspec

from roadbed.domains.telemetry.model import LARGEST_VALUE
from roadbed.kernel.clock import to_micros
from roadbed.resource.transfer.rejects import Bad

BLOCK = 1024 * 1024
"""Bytes that are parsed, and then written, at once: some 25,000 rows."""

SLICE = 8 * 1024
"""Bytes that are parsed at once where other requests wait for it: half a millisecond, or a few where rows are wrong."""

LONGEST_ROW = 64 * 1024
"""Bytes. What is longer is no row."""

_FIRST_INSTANT = to_micros(datetime.min.replace(tzinfo=UTC))
_LAST_INSTANT = to_micros(datetime.max.replace(tzinfo=UTC))


class Batch(msgspec.Struct, frozen=True):
    """Rows by column, and what was left out. Instants are microseconds since 1970.

    ``lines`` has the line of each row, ``texts`` returns each as it was (needed for those that are refused later).
    """

    signals: list[int]
    instants: list[int]
    values: list[float]
    lines: Sequence[int]
    texts: Callable[[], Sequence[str]]
    bad: list[Bad]

    @property
    def size(self) -> int:
        """How many rows came in, good and bad."""
        return len(self.signals) + len(self.bad)

    def without(self, unknown: set[int]) -> Batch:
        """Return this batch with the rows of unknown signals among the bad."""
        texts = self.texts()
        kept = [place for place, signal in enumerate(self.signals) if signal not in unknown]
        bad = [
            Bad(self.lines[place], f"there is no signal {signal}", texts[place])
            for place, signal in enumerate(self.signals)
            if signal in unknown
        ]
        return Batch(
            [self.signals[place] for place in kept],
            [self.instants[place] for place in kept],
            [self.values[place] for place in kept],
            [self.lines[place] for place in kept],
            lambda: [texts[place] for place in kept],
            sorted([*self.bad, *bad], key=lambda row: row.line),
        )


class Gathered:
    """Batches that are written together: small ones are quickly parsed, large ones quickly written."""

    def __init__(self) -> None:
        self._batches: list[Batch] = []

    def add(self, batch: Batch) -> None:
        """Take a batch."""
        self._batches.append(batch)

    @property
    def signals(self) -> set[int]:
        """The signals of all rows."""
        return set[int]().union(*(batch.signals for batch in self._batches))

    async def leave_out(self, unknown: set[int]) -> None:
        """Put the rows of unknown signals among the bad, a batch at a time: other requests have their turn."""
        for place, batch in enumerate(self._batches):
            self._batches[place] = batch.without(unknown)
            await asyncio.sleep(0)

    def take(self) -> Batch | None:
        """Return all of them as one, in order, or None where there are none; nothing is left."""
        several, self._batches = self._batches, []
        if len(several) < 2:
            return several[0] if several else None
        return Batch(
            [*chain.from_iterable(batch.signals for batch in several)],
            [*chain.from_iterable(batch.instants for batch in several)],
            [*chain.from_iterable(batch.values for batch in several)],
            [*chain.from_iterable(batch.lines for batch in several)],
            lambda: [text for batch in several for text in batch.texts()[: len(batch.signals)]],
            [*chain.from_iterable(batch.bad for batch in several)],
        )


class Rows(Protocol):
    """A parser of one body or file."""

    def feed(self, part: bytes) -> Iterator[Batch]:
        """Take some bytes; yield the batches that are complete with them.

        Raises:
            Invalid: this is not the format at all.
        """
        ...

    def finish(self) -> Iterator[Batch]:
        """Yield what is left when no more bytes come. Raises as ``feed`` does."""
        ...


class Collector:
    """Collects rows one by one: what a batch is made of that could not be read at once."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, float]] = []
        self._lines: list[int] = []
        self._texts: list[str] = []
        self._bad: list[Bad] = []

    def add(self, line: int, text: str, read: Callable[[], tuple[int, int, float]]) -> None:
        """Read one row; what its reading raises (ValueError) is why it is bad."""
        try:
            row = read()
            check(row[1], row[2])
        except ValueError as error:
            self.refuse(line, text, str(error))
            return
        self._rows.append(row)
        self._lines.append(line)
        self._texts.append(text)

    def refuse(self, line: int, text: str, reason: str) -> None:
        """Leave a row out."""
        self._bad.append(Bad(line, reason, text))

    def batch(self) -> Batch:
        """Return what was collected."""
        signals, instants, values = ([row[place] for row in self._rows] for place in range(3))
        texts = self._texts
        return Batch(signals, instants, values, self._lines, lambda: texts, self._bad)  # type: ignore[arg-type]


def check(instant: int, value: float) -> None:
    """Refuse what no engine, or no reply, could hold.

    Raises:
        ValueError: with the reason.
    """
    if not _FIRST_INSTANT <= instant <= _LAST_INSTANT:
        raise ValueError("the time is not within the years 1 to 9999, UTC")
    if not -LARGEST_VALUE <= value <= LARGEST_VALUE:
        raise ValueError("the value is beyond ±1e100")


def all_in_range(instants: Sequence[int], values: Sequence[float]) -> bool:
    """Tell whether ``check`` would pass all rows."""
    return min(instants) >= _FIRST_INSTANT and max(instants) <= _LAST_INSTANT and values_in_range(values)


def values_in_range(values: Sequence[float]) -> bool:
    """Tell whether ``check`` would pass all values."""
    return min(values) >= -LARGEST_VALUE and max(values) <= LARGEST_VALUE


class Lines:
    """Cuts bytes into blocks of whole lines, each with the number of its first line."""

    def __init__(self, line: int = 1, block: int = BLOCK) -> None:
        self._block = block
        self._held: list[bytes] = []
        self._size = 0
        self._next = line

    @property
    def next(self) -> int:
        """The number of the line that comes next."""
        return self._next

    @property
    def held(self) -> int:
        """How many bytes wait for the rest of their line."""
        return self._size

    def feed(self, part: bytes) -> Iterator[tuple[bytes, int]]:
        """Take some bytes; yield the blocks that are full, each ending with a line feed."""
        self._held.append(part)
        self._size += len(part)
        if self._size < self._block:
            return
        whole = b"".join(self._held)
        end = whole.rfind(b"\n") + 1
        rest = whole[end:]
        if len(rest) > LONGEST_ROW:
            # Of a line that never ends the beginning is kept: it will be told of as one that is too long.
            rest = rest[: LONGEST_ROW + 1]
        self._held, self._size = [rest], len(rest)
        if end:
            yield self._numbered(whole[:end])

    def finish(self) -> Iterator[tuple[bytes, int]]:
        """Yield the last block; a line feed is added where the last line has none."""
        whole = b"".join(self._held)
        self._held, self._size = [], 0
        if whole:
            yield self._numbered(whole if whole.endswith(b"\n") else whole + b"\n")

    def _numbered(self, block: bytes) -> tuple[bytes, int]:
        first = self._next
        self._next += block.count(b"\n")
        return block, first
