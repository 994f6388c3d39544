"""Import and export of a resource over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from time import perf_counter
from typing import Annotated, Any

import msgspec

from roadbed.http.incoming import Stream
from roadbed.http.operations import Operations
from roadbed.http.parameters import REQUIRED
from roadbed.http.reply import Reply, attachment
from roadbed.resource.compiled import Compiled
from roadbed.resource.listing import LONGEST_SEARCH, as_arguments, filters_of, parameters_of, read_filters
from roadbed.resource.signatures import CallOf, Parameters, Said, base_of, declare
from roadbed.resource.store import Store
from roadbed.resource.transfer.csv_reader import CsvReader
from roadbed.resource.transfer.exporting import MEDIA_TYPES, Format, export
from roadbed.resource.transfer.importing import Importer
from roadbed.resource.transfer.json_readers import ArrayReader, NdjsonReader
from roadbed.resource.transfer.lines import BLOCK
from roadbed.resource.transfer.records import Reader, Record
from roadbed.resource.transfer.rejects import Bad
from roadbed.resource.transfer.rows import Columns

BODY_LIMIT = 64 * 1024 * 1024
"""Bytes of one import."""

MOST_TOLD = 100
"""Rows that were left out of which one reply tells."""

READERS: Mapping[str, Callable[[], Reader]] = {
    "application/json": ArrayReader,
    "application/x-ndjson": NdjsonReader,
    "text/csv": CsvReader,
}


Count = Annotated[int, msgspec.Meta(ge=0)]


class LeftOut(msgspec.Struct, frozen=True):
    """A row that was left out: its line, of a JSON array its place, from 1, and why."""

    line: Annotated[int, msgspec.Meta(ge=1)]
    reason: str


class Imported(msgspec.Struct, frozen=True):
    """What became of the rows. ``rejects`` are the first of those that were rejected."""

    inserted: Count
    changed: Count
    unchanged: Count
    rejected: Count
    rejects: list[LeftOut]


def declare_export(group: Operations[Store], unit: Compiled) -> None:
    """Declare ``GET <path>/export``."""
    plan = unit.plan
    # The filters of the list. A field that is called as the format is filtered by its comparisons alone here.
    asked = as_arguments({name: each for name, each in filters_of(plan).items() if name != "format"})

    async def rows(call: CallOf, format: Format, q: str = "", **given: Any) -> Reply:  # noqa: A002 - its public name
        filters = read_filters(asked, given)
        parts = export(call.service, format, filters, q, base_of(call))
        return Reply(body=parts, media_type=MEDIA_TYPES[format], headers=attachment(f"{plan.name}.{format}"))

    parameters: list[tuple[str, Any, Any]] = [("format", Format, "csv")]
    if plan.searched:
        parameters.append(("q", Annotated[str, msgspec.Meta(max_length=LONGEST_SEARCH)], ""))
    about = (
        f"Export {plan.names.plural}, all that the filters of the list leave.\n\n"
        "The rows are sent while they are read. Secrets are never among their fields."
    )
    said = Said(f"export_{plan.name}", about, [*parameters, *parameters_of(plan, asked)], Reply)
    produces = [media.partition(";")[0] for media in MEDIA_TYPES.values()]
    declare(group, "GET", f"{plan.resource.path}/export", rows, said, produces=produces)


def declare_import(group: Operations[Store], unit: Compiled) -> None:
    """Declare ``POST <path>/import``."""
    plan = unit.plan
    columns = Columns(unit)

    async def take(call: CallOf, body: Stream[Any], dry_run: bool = False) -> Imported:
        told: list[LeftOut] = []

        def tell(bad: Sequence[Bad]) -> None:
            told.extend(LeftOut(each.line, each.reason) for each in bad[: MOST_TOLD - len(told)])

        async with Importer(call.service, columns=columns, dry=dry_run) as importer:
            async for records, reader in _records(body, READERS[body.media_type]()):
                tell(await importer.take(records, reader))
                # Rows that were written are a sign of life: the time limit counts from them too.
                call.since = perf_counter()
            tell(await importer.finish())
        counts = importer.counts
        return Imported(counts.inserted, counts.changed, counts.unchanged, counts.rejected, told)

    about = (
        f"Import {plan.names.plural} from CSV, NDJSON or a JSON array, while it comes in.\n\n"
        "A row is created if its key is missing, changed if it differs, else left as it is; one without a key gets one "
        "of its content, so that to send the same again changes nothing. A row that is refused stops no other."
    )
    parameters: Parameters = [("body", Stream[list[columns.struct]], REQUIRED), ("dry_run", bool, False)]
    said = Said(f"import_{plan.name}", about, parameters, Imported)
    declare(
        group,
        "POST",
        f"{plan.resource.path}/import",
        take,
        said,
        idempotent=False,
        consumes=tuple(READERS),
        body_limit=BODY_LIMIT,
    )


async def _records(body: Stream[Any], reader: Reader) -> AsyncIterator[tuple[Sequence[Record | Bad], Reader]]:
    async for part in body:
        # A server may hand over far more at once than is to be read at once.
        for start in range(0, len(part), BLOCK):
            for records in reader.feed(part[start : start + BLOCK]):
                yield records, reader
    for records in reader.finish():
        yield records, reader
