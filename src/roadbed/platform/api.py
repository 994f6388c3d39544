"""The service about itself, under ``/platform``: what the console's pages Overview and Operations show.

All of it is declared on ``operations``, and nobody else may have a path there. This is the one place for access control
to guard: whatever it asks of a caller, it asks of this group as a whole.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from roadbed.data.listing import Listing
from roadbed.http.call import Call
from roadbed.http.operations import Operations, Query
from roadbed.http.paging import Page
from roadbed.kernel.errors import Fault, Invalid
from roadbed.platform.model import About, Branch, CacheShown, ErrorShown, Feed, Figures, SettingShown, Storage
from roadbed.platform.service import Platform

Points = Annotated[int, msgspec.Meta(ge=2, le=1000)]
Since = Annotated[datetime | None, Query("from")]
Until = Annotated[datetime | None, Query("to")]

operations: Operations[Platform] = Operations(
    "operations", "The service as a whole: workers, figures, errors, storage, settings, cache", claims=["/platform"]
)


@operations.get("/platform", alone=True)
async def about(call: Call[Platform]) -> About:
    """Describe the service as a whole: version, engine, domains, the processes that were seen lately, health."""
    return await call.service.about()


@operations.get("/platform/statistics", alone=True)
async def statistics(call: Call[Platform], since: Since = None, until: Until = None, points: Points = 200) -> Figures:
    """Return figures of a range of time: requests, errors, latency, cache, flights, queues, CPU, memory, disk.

    The range is the last hour unless said. It is cut into at most `points` spans of an even length, which begin at
    multiples of it; none is shorter than the tick at which figures are written. Spans without figures are left out.
    Figures go back 30 days, those older than a day minute by minute.
    """
    if since is not None and until is not None and since >= until:
        raise Invalid(faults=[Fault("query:from", "Expected a time before `to`")])
    return await call.service.statistics(since, until, points)


@operations.get("/platform/storage", alone=True)
async def storage(call: Call[Platform]) -> Storage:
    """Return how many rows and bytes each table has, the size of the database, and the room on the disk.

    Tables are measured every five minutes by one of the processes.
    """
    return await call.service.storage()


@operations.get("/platform/errors", alone=True)
async def errors(call: Call[Platform], page: Page[UUID]) -> Listing[ErrorShown]:
    """List the last failed requests (replies from 500 on) of all processes, newest first; about 1,000 are kept."""
    return await call.service.errors(page.limit, page.after, page.total)


@operations.get("/platform/settings", alone=True)
async def settings(call: Call[Platform]) -> list[SettingShown]:
    """List the settings in force and where each comes from; secrets, and passwords in addresses, are masked."""
    return call.service.settings()


@operations.get("/platform/migrations", alone=True)
async def migrations(call: Call[Platform]) -> list[Branch]:
    """List the branches of the schema: where the database is, and the revisions of this release."""
    return await call.service.migrations()


@operations.get("/platform/cache", alone=True)
async def cache(call: Call[Platform]) -> CacheShown:
    """Describe the cache of replies: what keeps them, how many, and how often they were of use."""
    return await call.service.cache()


@operations.delete("/platform/cache", status=204, alone=True)
async def clear_cache(call: Call[Platform]) -> None:
    """Clear the cache of all processes, that in Redis too: no reply that was kept before is used again.

    Doing it twice does no harm. Other processes give the memory back with their next miss.
    """
    call.replayed = await call.service.clear_cache(call.idempotency)


@operations.get("/platform/feeds", alone=True)
async def feeds(call: Call[Platform]) -> list[Feed]:
    """List the feeds of changes: the last number of each, and how many event streams follow it."""
    return await call.service.feeds()
