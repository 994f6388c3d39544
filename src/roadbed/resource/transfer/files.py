"""Files: which resource each belongs to, in which format it is, and how it is imported."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from time import monotonic

import msgspec

from roadbed.data.database import Database
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import ConfigurationError, Invalid
from roadbed.resource.compiled import Compiled
from roadbed.resource.plan import Plan
from roadbed.resource.store import Store
from roadbed.resource.transfer.csv_reader import CsvReader
from roadbed.resource.transfer.importing import Importer
from roadbed.resource.transfer.json_readers import ArrayReader, NdjsonReader
from roadbed.resource.transfer.lines import BLOCK
from roadbed.resource.transfer.records import Reader, Record
from roadbed.resource.transfer.rejects import Bad, Rejects

Watch = Callable[[Path, int, int, int], None]
"""Is told how far a file has come: bytes done, bytes in all, rows done."""

_SUFFIXES: Mapping[str, Callable[[], Reader]] = {
    ".csv": CsvReader,
    ".ndjson": NdjsonReader,
    ".jsonl": NdjsonReader,
}


class Report(msgspec.Struct, frozen=True):
    """What became of the rows of one file. ``rejects`` is the file of those left out; time in seconds.

    ``secrets`` are fields of which new rows have values that nobody knows.
    """

    file: str
    resource: str
    rows: int
    inserted: int
    changed: int
    unchanged: int
    rejected: int
    rejects: str | None
    seconds: float
    secrets: tuple[str, ...] = ()


def stores_of(units: Mapping[str, Compiled], database: Database, clock: Clock) -> dict[str, Store]:
    """Return the stores of a domain's resources, by name."""
    return {name: Store(unit, database, clock) for name, unit in units.items()}


def resource_of(name: str, known: Sequence[str]) -> str:
    """Return the name of a resource as it is.

    Raises:
        ConfigurationError: there is none; the nearest is told.
    """
    if name in known:
        return name
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known) or 'none'}"
    raise ConfigurationError(f"there is no resource {name!r}; {hint}")


def match(paths: Iterable[Path], plans: Mapping[str, Plan], resource: str = "") -> list[tuple[Path, str]]:
    """Return files with the resource of each, in the order in which they can be imported: what is referred to first.

    A file belongs to ``resource``, or else to the one that its name up to the first point names, by its name or path.

    Raises:
        ConfigurationError: a file belongs to none.
    """
    if resource:
        return [(path, resource_of(resource, list(plans))) for path in paths]
    names = {plan.resource.path.strip("/").replace("/", "_"): name for name, plan in plans.items()}
    names |= {name: name for name in plans}
    found: list[tuple[Path, str]] = []
    for path in paths:
        stem = path.name.partition(".")[0]
        if stem not in names:
            near = get_close_matches(stem, names, n=1)
            hint = f"; did you mean {near[0]}?" if near else "."
            raise ConfigurationError(
                f"{path}: no resource is called {stem!r}{hint} There are {', '.join(plans)}: say --resource"
            )
        found.append((path, names[stem]))
    order = _by_reference(plans)
    return sorted(found, key=lambda each: order.index(each[1]))


def _by_reference(plans: Mapping[str, Plan]) -> list[str]:
    """Return the names of resources, each after those that it refers to (but for those in a circle)."""
    order: list[str] = []
    seen: set[str] = set()

    def visit(plan: Plan) -> None:
        if plan.name not in seen:
            seen.add(plan.name)
            for _, parent in plan.parents:
                visit(parent)
            order.append(plan.name)

    for plan in plans.values():
        visit(plan)
    return order


def reader_of(path: Path) -> Reader:
    """Return what reads a file: by its suffix, or else by how it begins.

    Raises:
        Invalid: it cannot be opened.
    """
    make = _SUFFIXES.get(path.suffix.lower())
    if make is not None:
        return make()
    try:
        with path.open("rb") as file:
            head = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}") from error
    return ArrayReader() if head.startswith(b"[") else NdjsonReader() if head.startswith(b"{") else CsvReader()


async def import_file(
    path: Path,
    store: Store,
    *,
    dry: bool = False,
    restore_as: str = "",
    rejects: Path | None = None,
    watch: Watch | None = None,
) -> Report:
    """Import one file; what is left out goes to ``<name>.rejects.tsv`` beside it, or in the folder ``rejects``.

    ``restore_as``: rows come back as they were, and this is who their history says has done that.

    Raises:
        Invalid: it cannot be read, or has columns that the resource does not know.
        Unavailable: and its kinds. What is written stays; run it again to go on.
    """
    began = monotonic()
    importer, reader = Importer(store, dry=dry, restore_as=restore_as), reader_of(path)
    place = (rejects or path.parent) / f"{path.name}.rejects.tsv"
    try:
        with Rejects(place) as left_out:
            async with importer:
                for records, done, size in _records(path, reader):
                    left_out.add(await importer.take(records, reader))
                    if watch is not None:
                        watch(path, done, size, importer.counts.rows)
                left_out.add(await importer.finish())
    except OSError as error:
        raise Invalid(f"{error.filename or path}: {error.strerror}") from error
    except Invalid as error:
        raise Invalid(f"{path}: {error.detail}", error.faults) from error
    counts = importer.counts
    figures = (counts.rows, counts.inserted, counts.changed, counts.unchanged, counts.rejected)
    told = str(place) if counts.rejected else None
    secrets = tuple(field.name for field in store.plan.secrets) if counts.inserted else ()
    return Report(str(path), store.plan.name, *figures, told, round(monotonic() - began, 3), secrets)


def _records(path: Path, reader: Reader) -> Iterator[tuple[Sequence[Record | Bad], int, int]]:
    """Yield the rows of a file, with how many bytes of it were read, and how many it has."""
    with path.open("rb") as file:
        done, size = 0, os.fstat(file.fileno()).st_size
        while part := file.read(BLOCK):
            done += len(part)
            for records in reader.feed(part):
                yield records, done, size
        for records in reader.finish():
            yield records, done, size
