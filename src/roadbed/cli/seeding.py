"""``roadbed seed``: the sample data of the domains that bring some."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from roadbed.cli.importing import opened_for, progress_bar
from roadbed.cli.output import print_table
from roadbed.kernel.clock import now
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.settings import Settings
from roadbed.resource.registry import load_domains, part_of
from roadbed.resource.seeding import Seeded, Seeding


def seed_and_tell(settings: Settings, names: Sequence[str], keep: Path | None) -> None:
    """Load the sample data of some domains, or of all that the settings name, and say what came."""
    domains = load_domains(names or settings.domains)
    found = [(domain, part) for domain in domains if (part := part_of(domain, "seeds")) is not None]
    without = [domain.name for domain in domains if part_of(domain, "seeds") is None]
    if names and without:
        raise ConfigurationError(f"there is no sample data for {', '.join(without)}")

    async def work() -> list[tuple[str, Seeded]]:
        told: list[tuple[str, Seeded]] = []
        async with opened_for(settings, [domain for domain, _ in found]) as database:
            with ExitStack() as stack:
                folder = keep or Path(stack.enter_context(TemporaryDirectory(prefix="roadbed-seed-")))
                watch = stack.enter_context(progress_bar())
                for domain, part in found:
                    told += [(domain.name, one) for one in await part.seed(Seeding(database, now, folder, watch))]
        return told

    rows = asyncio.run(work())
    cells = ((name, one.what, f"{one.new:,}", f"{one.there:,}") for name, one in rows)
    print_table(("domain", "rows", "new", "there before"), cells)
