"""``roadbed export``: the rows of one resource, to a file or to standard output."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, BinaryIO

from roadbed.cli.importing import opened_for
from roadbed.kernel.clock import now
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.settings import Settings
from roadbed.resource.domain import Domain
from roadbed.resource.registry import load_domains
from roadbed.resource.transfer.exporting import Format, export
from roadbed.resource.transfer.files import resource_of, stores_of


def export_and_write(settings: Settings, resource: str, form: Format, output: Path | None) -> None:
    """Write the rows of a resource. A file is there whole, or as it was before."""
    domain, name = find(resource, load_domains(settings.domains))

    async def work(target: BinaryIO) -> None:
        async with opened_for(settings, [domain]) as database:
            async for part in export(stores_of(domain.compiled(), database, now)[name], form):
                target.write(part)

    if output is None:
        asyncio.run(work(sys.stdout.buffer))
        sys.stdout.buffer.flush()
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as file:
            asyncio.run(work(file))
        part.replace(output)
    except OSError as error:
        raise ConfigurationError(f"{output}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def find(resource: str, domains: list[Domain[Any]]) -> tuple[Domain[Any], str]:
    """Return the domain of a resource, and its name there; ``domain.resource`` tells two of one name apart.

    Raises:
        ConfigurationError: there is none of this name, or there are several.
    """
    places = [(domain, name) for domain in domains for name in domain.compiled()]
    found = [place for place in places if resource in (place[1], f"{place[0].name}.{place[1]}")]
    if not found:
        resource_of(resource, [place[1] for place in places])
    if len(found) > 1:
        several = " or ".join(f"{domain.name}.{name}" for domain, name in found)
        raise ConfigurationError(f"several resources are called {resource!r}: say {several}")
    return found[0]
