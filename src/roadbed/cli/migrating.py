"""``roadbed migrate``, and the migration that ``up`` begins with. Alembic works in a child process."""

from __future__ import annotations

import asyncio
import sys
from typing import Literal

import msgspec

from roadbed.app import schema_state
from roadbed.cli.output import print_json
from roadbed.cli.telling import listener
from roadbed.data.migrations import parent
from roadbed.data.migrations.locations import State
from roadbed.data.opening import stored_heads
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.events import Events
from roadbed.kernel.settings import PRODUCTION, Settings
from roadbed.kernel.settings_values import mask
from roadbed.resource.registry import load_domains, locations, package_for_revisions, shipped_locations
from roadbed.runtime.last_words import say
from roadbed.runtime.lifecycle import patiently
from roadbed.runtime.storage import prepare_storage


class Status(msgspec.Struct, frozen=True):
    """What ``roadbed migrate status --json`` prints. ``stored`` are the revisions that the database is at."""

    database: str
    state: Literal["current", "behind", "ahead", "empty"]
    stored: tuple[str, ...]
    missing: list[str]
    unknown: list[str]


def examine(settings: Settings) -> tuple[tuple[str, ...], State]:
    """Return the revisions that the database is at, and how they compare with this release.

    Raises:
        ConfigurationError: in production, a domain has no revisions.
        Unavailable: the database does not answer within ``database_wait`` seconds.
    """
    demand_revisions(settings)
    events = Events()
    stored = asyncio.run(patiently(lambda: stored_heads(settings, events), settings.database_wait, events))
    return stored, schema_state(stored, load_domains(settings.domains))


def demand_revisions(settings: Settings) -> None:
    """Refuse domains whose tables follow their declaration by themselves, unless this is development.

    Raises:
        ConfigurationError: there is one.
    """
    if settings.environment != PRODUCTION:
        return
    bare = [domain for domain in load_domains(settings.domains) if not domain.migrations]
    if bare:
        raise ConfigurationError(
            problems=[
                f"domains: {domain.name!r} has no revisions: its tables would follow its declaration by themselves, "
                f'which is for development. Give it migrations="{package_for_revisions(domain)}", then run '
                f"`roadbed migrate new {domain.path} -m 'first tables'`"
                for domain in bare
            ]
        )


def migrate_if_behind(settings: Settings) -> list[str]:
    """Bring the database to this release; return the revisions that ran. Starts no child when nothing is missing.

    Raises:
        SchemaMismatch: the database is ahead of this release, or a revision failed.
    """
    prepare_storage(settings)
    _, found = examine(settings)
    if found.kind == "current":
        return []
    if found.kind == "ahead":
        found.require_current()
    return parent.upgrade(
        settings.database_direct_url or settings.url,
        locations(load_domains(settings.domains)),
        installed=shipped_locations(),
    )


def upgrade_and_tell(settings: Settings) -> None:
    """Do what ``roadbed migrate upgrade`` promises, and say what was done."""
    ran = migrate_if_behind(settings)
    to = listener(settings)
    if to is not None:
        say("info", "Migrated" if ran else "The database is current", to, data=mask(settings.url), migrated=ran)
        return
    print(f"Migrated {mask(settings.url)}: {', '.join(ran)}" if ran else "Nothing to do: the database is current")


def print_status(settings: Settings, *, as_json: bool) -> int:
    """Print how the database compares with this release; return 0 if it fits, else 1."""
    stored, found = examine(settings)
    status = Status(mask(settings.url), found.kind, stored, found.missing, found.unknown)
    if as_json:
        print_json(status)
    else:
        _print_for_people(status)
    return 0 if found.kind == "current" else 1


def _print_for_people(status: Status) -> None:
    print(f"database  {status.database}")
    print(f"state     {status.state}")
    for name, revisions in (("stored", status.stored), ("missing", status.missing), ("unknown", status.unknown)):
        if revisions:
            print(f"{name:<9} {', '.join(revisions)}")
    if status.state in ("behind", "empty"):
        print("mend      roadbed migrate upgrade")
    if status.state == "ahead":
        print("mend      install the release (or the domain) that knows the unknown revisions")


def print_sql(settings: Settings) -> None:
    """Print the SQL that an upgrade would run."""
    stored, found = examine(settings)
    if found.kind == "ahead":
        found.require_current()
    text = parent.sql_preview(
        settings.url, stored, locations(load_domains(settings.domains)), installed=shipped_locations()
    )
    sys.stdout.write(text if text.endswith("\n") or not text else f"{text}\n")
