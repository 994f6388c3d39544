"""``roadbed import``: files into a domain, by its own importer or into its resources, with a progress bar."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from roadbed.app import schema_state
from roadbed.cli.output import print_json, print_table
from roadbed.data.database import Database
from roadbed.data.opening import open_database
from roadbed.kernel.clock import now
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.events import Events
from roadbed.kernel.settings import Settings
from roadbed.resource.domain import Domain
from roadbed.resource.registry import load_domains, part_of
from roadbed.resource.transfer.files import Report, import_file, match, stores_of
from roadbed.runtime.lifecycle import patiently

SECRETS = "secrets are in no export, so new ones were made"
"""What becomes of them, as the command tells it."""


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """How to import.

    ``resource`` is that of all files, else their names say it; ``restart``: begin anew what was broken off;
    ``restore``: rows that are not there come back as an export has them; ``rejects`` is a folder, by default that of
    each file.
    """

    resource: str = ""
    dry: bool = False
    restart: bool = False
    restore: bool = False
    rejects: Path | None = None


def import_and_tell(
    settings: Settings,
    domain: str,
    files: Sequence[Path],
    *,
    ways: Ways,
    as_json: bool,
) -> None:
    """Import files and print a report on each: by the importer that the domain brings, or else into its resources."""
    (found,) = load_domains([domain])
    importer = None if ways.resource else part_of(found, "importer")
    if importer is None:
        if not found.resources:
            raise ConfigurationError(f"the domain {domain!r} imports no files")
        import_rows_and_tell(settings, found, files, ways=ways, as_json=as_json)
        return
    if ways.restore:
        raise ConfigurationError(
            f"{domain} brings an importer of its own, which takes its files whole without --restore"
        )
    options = importer.Options(dry=ways.dry, resume=not ways.restart, rejects=ways.rejects)

    async def work() -> list[Any]:
        async with opened_for(settings, [found]) as database:
            with progress_bar() as watch:
                return await importer.Importer(database, now, options, watch).run(files)

    reports = asyncio.run(work())
    tell(reports, dry=ways.dry, as_json=as_json)


def import_rows_and_tell(
    settings: Settings,
    domain: Domain[Any],
    files: Sequence[Path],
    *,
    ways: Ways,
    as_json: bool,
) -> None:
    """Import files into the resources of a domain and print a report on each."""
    plans = {name: unit.plan for name, unit in domain.compiled().items()}
    matched = match(files, plans, ways.resource)
    restore_as = f"restore by {_who()}" if ways.restore else ""

    async def work() -> list[Report]:
        async with opened_for(settings, [domain]) as database:
            stores = stores_of(domain.compiled(), database, now)
            with progress_bar() as watch:
                return [
                    await import_file(
                        path, stores[name], dry=ways.dry, restore_as=restore_as, rejects=ways.rejects, watch=watch
                    )
                    for path, name in matched
                ]

    reports = asyncio.run(work())
    if as_json:
        print_json(reports)
        return
    heads = ("file", "resource", "rows", "inserted", "changed", "unchanged", "rejected", "rows/s", "notes")
    print_table(heads, (_cells_of_rows(report, ways.dry) for report in reports))


def _cells_of_rows(report: Report, dry: bool) -> tuple[str, ...]:
    notes = [f"rejects in {report.rejects}"] if report.rejects else []
    notes += ["dry run: nothing was written"] if dry else []
    notes += [f"nobody knows {', '.join(report.secrets)} of what was inserted: {SECRETS}"] if report.secrets else []
    figures = (report.rows, report.inserted, report.changed, report.unchanged, report.rejected)
    rate = f"{report.rows / report.seconds:,.0f}" if report.seconds else ""
    return report.file, report.resource, *(f"{figure:,}" for figure in figures), rate, "; ".join(notes)


def _who() -> str:
    """Return the name of the user that runs the command, or the number of one that has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


@asynccontextmanager
async def opened_for(settings: Settings, domains: Sequence[Domain[Any]]) -> AsyncGenerator[Database]:
    """Open the database, which must have the tables of these domains as they are now."""
    events = Events()
    database = await patiently(lambda: open_database(settings, events), settings.database_wait, events)
    try:
        schema_state(await database.stored_heads(), domains).require_current()
        yield database
    finally:
        await database.close(1.0)


def tell(reports: Sequence[Any], *, dry: bool, as_json: bool) -> None:
    """Print what became of each file."""
    if as_json:
        print_json(reports)
        return
    heads = ("file", "rows", "inserted", "replaced", "unchanged", "rejected", "rows/s", "notes")
    print_table(heads, (_cells(report, dry) for report in reports))


def _cells(report: Any, dry: bool) -> tuple[str, ...]:
    notes = [f"rejects in {report.rejects}"] if report.rejects else []
    notes += [f"went on at line {report.resumed}"] if report.resumed > 1 else []
    notes += ["dry run: nothing was written"] if dry else []
    figures = (report.rows, report.inserted, report.replaced, report.unchanged, report.rejected)
    rate = f"{report.rows / report.seconds:,.0f}" if report.seconds else ""
    return report.file, *(f"{figure:,}" for figure in figures), rate, "; ".join(notes)


@contextmanager
def progress_bar() -> Generator[Any]:
    """Yield what an importer tells how far it is; it draws on a terminal, and nowhere else."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rate]} rows/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        tasks: dict[Path, Any] = {}

        def watch(file: Path, done: int, size: int, rows: int) -> None:
            if file not in tasks:
                tasks[file] = bar.add_task(file.name, total=size, rate="")
            task = bar.tasks[bar.task_ids.index(tasks[file])]
            rate = f"{rows / task.elapsed:,.0f}" if task.elapsed else ""
            bar.update(tasks[file], completed=done, rate=rate)

        yield watch
