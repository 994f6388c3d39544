"""Imports files: ``assets.json``, ``signal.json``, ``measurements.csv``, known by what is in them, not by their names.

Assets go first, then signals, then measurements. A row that is wrong never stops a file: it goes to a rejects file with
its line and the reason. Measurements go in batches, each in a transaction of its own; about once a second it is noted
in the database how far the file has come, and an import that was broken off goes on there when it is run again (rows
that were written after the last note then count as unchanged). To import a file again changes nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import msgspec

from roadbed.data.database import Database
from roadbed.data.queries import Queries
from roadbed.domains.telemetry.catalogue import Catalogue
from roadbed.domains.telemetry.csv_rows import CsvRows
from roadbed.domains.telemetry.rows import BLOCK, LONGEST_ROW, Batch
from roadbed.domains.telemetry.service import Telemetry
from roadbed.domains.telemetry.writes import Counts, Known, Writer
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import Invalid
from roadbed.resource.transfer.rejects import Rejects

Watch = Callable[[Path, int, int, int], None]
"""Is told how far a file has come: bytes done, bytes in all, rows done."""


KINDS = ("assets", "signals", "measurements")
"""What a file may hold, in the order in which it is imported."""


class Options(msgspec.Struct, frozen=True):
    """How to import. ``note_every`` is in seconds; ``rejects`` is a folder, by default that of each file."""

    dry: bool = False
    resume: bool = True
    rejects: Path | None = None
    note_every: float = 1.0


class Report(msgspec.Struct, frozen=True):
    """What became of one file. ``resumed`` is the line at which it went on, 1 for the beginning; time in seconds."""

    file: str
    kind: str
    rows: int
    inserted: int
    replaced: int
    unchanged: int
    rejected: int
    rejects: str | None
    resumed: int
    seconds: float


class Progress(msgspec.Struct, frozen=True):
    """How far an import has come: bytes and lines of the file, bytes of the rejects file, what became of the rows."""

    offset: int
    line: int
    columns: tuple[int, int, int]
    rejects: int
    counts: Counts


class Noted(msgspec.Struct, frozen=True):
    """A row of unfinished imports."""

    progress: str


_sql = Queries(__package__ or "")
_PROGRESS = _sql.query("import_progress", Noted)
_NOTE = _sql.statement("note_import")
_DONE = _sql.statement("import_done")


def _ignore(_file: Path, _done: int, _all: int, _rows: int) -> None:
    return


class Importer:
    """Imports files into one database."""

    def __init__(self, database: Database, clock: Clock, options: Options, watch: Watch = _ignore) -> None:
        self._database = database
        self._clock = clock
        self._options = options
        self._watch = watch
        service = Telemetry(database, clock)
        self._catalogue = Catalogue(database, dry=options.dry)
        self._known = Known(service.existing)
        self._writer = Writer(database, self._known)

    async def run(self, paths: Iterable[Path]) -> list[Report]:
        """Import files; return a report on each, in the order in which they were imported.

        Raises:
            Invalid: a file is not there, or none of the three kinds; nothing was imported then.
            Unavailable: and its kinds. What is written stays; run it again to go on.
        """
        kinds = {path: kind_of(path) for path in paths}
        ordered = sorted(kinds.items(), key=lambda item: KINDS.index(item[1]))
        return [await self._import(path, kind) for path, kind in ordered]

    async def _import(self, path: Path, kind: str) -> Report:
        began = monotonic()
        place = (self._options.rejects or path.parent) / f"{path.name}.rejects.tsv"
        with Rejects(place) as rejects:
            if kind == "measurements":
                counts, line = await self._measurements(path, rejects)
            else:
                counts, line = await self._catalogue.load(path, kind, rejects), 1
                if self._options.dry:
                    # Nothing was written: to the measurements they look unknown.
                    self._known.add(self._catalogue.signals)
        told = str(place) if counts.rejected else None
        figures = (counts.rows, counts.inserted, counts.replaced, counts.unchanged, counts.rejected)
        return Report(str(path), kind, *figures, told, line, round(monotonic() - began, 3))

    async def _measurements(self, path: Path, rejects: Rejects) -> tuple[Counts, int]:
        digest = await asyncio.to_thread(_digest, path)
        noted = await self._noted(digest)
        if noted is None:
            parser, counts, offset, line = CsvRows(block=BLOCK), Counts(), 0, 1
        else:
            parser = CsvRows(noted.columns, noted.line, BLOCK)
            counts, offset, line = noted.counts, noted.offset, noted.line
            rejects.go_on(noted.rejects)
        with path.open("rb") as file:
            file.seek(offset)
            await self._rows(path, file, parser, counts, rejects, digest)
        if not self._options.dry:
            await self._database.execute(_DONE, digest=digest)
        return counts, line

    async def _rows(
        self, path: Path, file: BinaryIO, parser: CsvRows, counts: Counts, rejects: Rejects, digest: bytes
    ) -> None:
        """Read a block while the one before it is written."""
        size, noted = os.fstat(file.fileno()).st_size, monotonic()
        batches, more = await asyncio.to_thread(_read, file, parser)
        while batches or more:
            here = Progress(file.tell(), parser.line, parser.columns or (0, 1, 2), 0, counts)
            noting = more and parser.held == 0 and not self._options.dry
            ahead = asyncio.ensure_future(asyncio.to_thread(_read, file, parser)) if more else None
            try:
                for batch in batches:
                    rejects.add(await self._writer.write(batch, counts, dry=self._options.dry))
            finally:
                batches, more = ([], False) if ahead is None else await ahead
            self._watch(path, here.offset, size, counts.rows)
            if noting and monotonic() - noted >= self._options.note_every:
                await self._note(digest, msgspec.structs.replace(here, rejects=rejects.flush()))
                noted = monotonic()

    async def _note(self, digest: bytes, progress: Progress) -> None:
        text = msgspec.json.encode(progress).decode()
        await self._database.execute(_NOTE, digest=digest, progress=text, updated_at=self._clock())

    async def _noted(self, digest: bytes) -> Progress | None:
        if not self._options.resume or self._options.dry:
            return None
        found = await self._database.fetch_one(_PROGRESS, digest=digest)
        return None if found is None else msgspec.json.decode(found.progress, type=Progress)


def kind_of(path: Path) -> str:
    """Return what a file holds: ``assets``, ``signals`` or ``measurements``.

    Raises:
        Invalid: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}") from error
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"[", b"{"):
        return "measurements"
    return "signals" if b'"SignalId"' in head or b'"SignalGId"' in head else "assets"


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _read(file: BinaryIO, parser: CsvRows) -> tuple[list[Batch], bool]:
    """Read whole lines, about a block of them; return their rows, and whether the file goes on."""
    part = file.read(BLOCK)
    if len(part) < BLOCK:
        return [*parser.feed(part), *parser.finish()], False
    if not part.endswith(b"\n"):
        # A line without an end is cut by the parser, not by us.
        part += file.readline(LONGEST_ROW)
    return [*parser.feed(part)], True
