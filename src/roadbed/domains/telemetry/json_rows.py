"""Measurements as JSON: one object per line (NDJSON), or an array of objects."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from roadbed.domains.telemetry.model import NewMeasurement
from roadbed.domains.telemetry.rows import BLOCK, LONGEST_ROW, Batch, Collector, Lines, all_in_range
from roadbed.kernel.clock import EPOCH, to_micros
from roadbed.kernel.errors import Fault, Invalid
from roadbed.kernel.wording import json_names

_row = msgspec.json.Decoder(NewMeasurement).decode
_rows_of_lines = msgspec.json.Decoder(NewMeasurement).decode_lines
_rows_of_array = msgspec.json.Decoder(list[NewMeasurement]).decode
_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode
_BLANK = b" \t\r\n"
_TRIES = 16


class NdjsonRows:
    """Reads NDJSON. Blank lines are no rows; every other line is one, good or bad."""

    def __init__(self, block: int = BLOCK) -> None:
        self._lines = Lines(block=block)

    def feed(self, part: bytes) -> Iterator[Batch]:
        """Take some bytes; yield the batches that are complete with them."""
        for block, first in self._lines.feed(part):
            yield self._read(block, first)

    def finish(self) -> Iterator[Batch]:
        """Yield what is left."""
        for block, first in self._lines.finish():
            yield self._read(block, first)

    def _read(self, block: bytes, first: int) -> Batch:
        try:
            rows = _rows_of_lines(block)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            rows = []
        lines = block.removesuffix(b"\n").split(b"\n")
        if len(rows) == len(lines) and (batch := _batch(rows, first, lines)) is not None:
            return batch
        return _one_by_one(lines, first)


class ArrayRows:
    """Reads one JSON array. Its rows are numbered by their place, from 1."""

    def __init__(self, block: int = BLOCK) -> None:
        self._block = block
        self._buffer = bytearray()
        self._begun = False
        self._next = 1

    def feed(self, part: bytes) -> Iterator[Batch]:
        """Take some bytes; yield the batches that are complete with them."""
        self._buffer += part
        if len(self._buffer) < self._block:
            return
        self._begin()
        end = len(self._buffer)
        for _ in range(_TRIES):
            # A row ends with a brace; one inside a text is no end, and then the one before it may be.
            end = self._buffer.rfind(b"}", 0, end)
            if end < 0:
                break
            try:
                parts = _parts(b"[%b]" % self._buffer[: end + 1])
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            rest = self._buffer[end + 1 :].lstrip(_BLANK)
            if rest.startswith(b","):
                self._buffer = rest[1:]
                yield self._read(parts)
                return
        if len(self._buffer) > BLOCK + 4 * LONGEST_ROW:
            raise self._malformed()

    def finish(self) -> Iterator[Batch]:
        """Yield what is left."""
        self._begin()
        try:
            parts = _parts(b"[%b" % self._buffer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self._malformed() from None
        if parts:
            yield self._read(parts)
        elif self._next > 1:
            # A comma came before, and then the end.
            raise self._malformed()

    def _begin(self) -> None:
        if not self._begun:
            self._buffer = self._buffer.lstrip(_BLANK)
            if not self._buffer.startswith(b"["):
                raise self._malformed()
            del self._buffer[:1]
            self._begun = True

    def _malformed(self) -> Invalid:
        told = f"; what came before row {self._next} is stored" if self._next > 1 else ""
        return Invalid(faults=[Fault("", f"Expected a JSON array of objects{told}")])

    def _read(self, parts: list[msgspec.Raw]) -> Batch:
        first, self._next = self._next, self._next + len(parts)
        texts = [bytes(part) for part in parts]
        try:
            batch = _batch(_rows_of_array(b"[%b]" % b",".join(texts)), first, texts)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            batch = None
        return _one_by_one(texts, first) if batch is None else batch


def _batch(rows: list[NewMeasurement], first: int, texts: list[bytes]) -> Batch | None:
    """Return rows that are all there as a batch, or None if one is out of range."""
    instants = [_instant(row) for row in rows]
    values = [row.value for row in rows]
    if not rows or not all_in_range(instants, values):
        return None
    signals = [row.signal_id for row in rows]
    return Batch(signals, instants, values, range(first, first + len(rows)), lambda: _decoded(texts), [])


def _one_by_one(texts: list[bytes], first: int) -> Batch:
    collected = Collector()
    for number, text in enumerate(texts, first):
        shown = text[:LONGEST_ROW].decode("utf-8", "replace").strip()
        if len(text) > LONGEST_ROW:
            collected.refuse(number, shown[:1000], f"the row has more than {LONGEST_ROW} bytes")
        elif shown:
            collected.add(number, shown, lambda text=text: _read_one(text))
    return collected.batch()


def _read_one(text: bytes) -> tuple[int, int, float]:
    try:
        row = _row(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(json_names(str(error))) from None
    return row.signal_id, _instant(row), row.value


def _instant(row: NewMeasurement) -> int:
    instant = row.timestamp
    return to_micros(instant if instant.tzinfo is not None else instant.replace(tzinfo=EPOCH.tzinfo))


def _decoded(texts: list[bytes]) -> list[str]:
    return [text.decode("utf-8", "replace") for text in texts]
