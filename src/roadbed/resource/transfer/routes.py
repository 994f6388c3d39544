"""Import and export of a resource over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from time import perf_counter
from typing import Annotated, Any

import msgspec

from roadbed.http.accepting import prefers_lines
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
from roadbed.resource.transfer.keeping import Room
from roadbed.resource.transfer.lines import BLOCK
from roadbed.resource.transfer.outcomes import CHUNK
from roadbed.resource.transfer.progress import HEADERS, LINES, told
from roadbed.resource.transfer.records import Reader, Record
from roadbed.resource.transfer.rejects import Bad
from roadbed.resource.transfer.rows import Columns

BODY_LIMIT = 64 * 1024 * 1024
"""Bytes of one import."""

MOST_TOLD = 100
"""Rows that were left out of which one reply tells."""

MOST_KEPT = 2
"""Bodies of one resource and process that are kept at a time for who wants to be told of progress."""

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
    room = Room(MOST_KEPT)

    async def take(call: CallOf, body: Stream[Any], dry_run: bool = False) -> Imported | Reply:
        importer = Importer(call.service, columns=columns, dry=dry_run)
        rejects: list[LeftOut] = []

        async def write(parts: AsyncIterator[bytes]) -> AsyncGenerator[int, None]:
            async with importer:
                # A dry run tries row by row: it tells of few of them at a time.
                most = CHUNK if dry_run else None
                async for records, reader, read in _records(parts, READERS[body.media_type](), most):
                    _tell(rejects, await importer.take(records, reader))
                    # Rows that were written are a sign of life: the time limit counts from them too.
                    call.since = perf_counter()
                    yield read
                _tell(rejects, await importer.finish())

        def result() -> Imported:
            return Imported(**msgspec.structs.asdict(importer.counts), rejects=rejects)

        if prefers_lines(call.header("accept")):
            lines = told(call, body, room, write, importer.counts, result)
            return Reply(body=lines, media_type=LINES, headers=HEADERS)
        async with aclosing(write(body)) as steps:
            async for _ in steps:
                pass
        return result()

    parameters: Parameters = [("body", Stream[list[columns.struct]], REQUIRED), ("dry_run", bool, False)]
    said = Said(f"import_{plan.name}", _about_import(plan.names.plural), parameters, Imported | Reply)
    declare(
        group,
        "POST",
        f"{plan.resource.path}/import",
        take,
        said,
        idempotent=False,
        consumes=tuple(READERS),
        produces=LINES,
        body_limit=BODY_LIMIT,
    )


def _about_import(plural: str) -> str:
    return (
        f"Import {plural} from CSV, NDJSON or a JSON array, while it comes in.\n\n"
        "A row is created if its key is missing, changed if it differs, else left as it is; one without a key gets one "
        "of its content, so that to send the same again changes nothing. A row that is refused stops no other.\n\n"
        f"With `Accept: {LINES}` the reply tells how far it is, once all of the body is there: up to four lines a "
        'second with how many bytes are read and what became of their rows, `{"progress": {"read": 65536, "size": '
        '1048576, "inserted": 300, "changed": 0, "unchanged": 0, "rejected": 1}}`, and a last one, `{"result": …}` '
        'with what the reply is otherwise, or `{"problem": …}`. A reply that ends with neither (a time limit, a '
        "shutdown, a lost connection) has an unknown outcome: rows that it does not tell of may be written. Send the "
        "same again."
    )


def _tell(rejects: list[LeftOut], bad: Sequence[Bad]) -> None:
    rejects.extend(LeftOut(each.line, each.reason) for each in bad[: MOST_TOLD - len(rejects)])


async def _records(
    body: AsyncIterator[bytes], reader: Reader, most: int | None
) -> AsyncIterator[tuple[Sequence[Record | Bad], Reader, int]]:
    """Yield rows, at most so many at once, and about how many bytes of the body lie before the end of them."""
    done = fed = 0
    async for part in body:
        # A server may hand over far more at once than is to be read at once.
        for start in range(0, len(part), BLOCK):
            piece = part[start : start + BLOCK]
            fed += len(piece)
            for records in reader.feed(piece):
                for rows, share in _split(records, most):
                    yield rows, reader, done + int(share * (fed - done))
                done = fed
    for records in reader.finish():
        for rows, share in _split(records, most):
            yield rows, reader, done + int(share * (fed - done))
        done = fed


def _split(rows: Sequence[Record | Bad], most: int | None) -> Iterator[tuple[Sequence[Record | Bad], float]]:
    """Yield rows in pieces, with the share of them that each piece ends."""
    size = len(rows) if most is None else most
    if len(rows) <= size:
        yield rows, 1.0
        return
    for end in range(size, len(rows) + size, size):
        yield rows[end - size : end], min(end / len(rows), 1.0)
