"""What the operations under ``/platform`` ask: the parts of a running service, each for what it knows."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import roadbed
from roadbed.data.atomic import Atomic
from roadbed.data.cache.opening import Cache
from roadbed.data.database import Database
from roadbed.data.idempotency import Idempotency
from roadbed.data.listing import Listing
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import Unavailable
from roadbed.kernel.settings import Settings
from roadbed.kernel.settings_sources import Loaded
from roadbed.platform import statements
from roadbed.platform.describing import branches, settings_shown
from roadbed.platform.model import (
    About,
    Branch,
    CacheShown,
    DomainShown,
    ErrorShown,
    Feed,
    Figures,
    Node,
    ResourceCache,
    SettingShown,
    Storage,
    Worker,
)
from roadbed.platform.reading import LATELY, Reader, as_worker
from roadbed.platform.shown import errors_of, storage_of
from roadbed.resource.domain import Domain
from roadbed.runtime.health import Readiness

CACHE_WINDOW = 3600
"""Seconds that the counts of the cache are of."""


class Platform:
    """One per process, over what it has opened. ``loaded`` are the settings with their sources; ``watchers`` counts
    the event streams of this process by feed."""

    def __init__(
        self,
        loaded: Loaded,
        domains: Sequence[Domain[Any]],
        database: Database,
        cache: Cache,
        readiness: Readiness,
        node: Node,
        watchers: Callable[[], Mapping[str, int]],
        clock: Clock,
    ) -> None:
        self._loaded = loaded
        self._domains = domains
        self._database = database
        self._cache = cache
        self._atomic = Atomic(database)
        self._readiness = readiness
        self._node = node
        self._watchers = watchers
        self._clock = clock
        self.reader = Reader(database, loaded.settings.statistics_every, clock)

    @property
    def _settings(self) -> Settings:
        return self._loaded.settings

    async def about(self) -> About:
        """Return what runs, and how it is. It answers also while the database does not."""
        health = await self._readiness.report()
        every = self._settings.statistics_every
        # A database that is known to be away is not waited for.
        workers = await self._workers() if every and health.status in ("ready", "degraded") else []
        return About(
            name="Roadbed",
            version=roadbed.__version__,
            python=platform.python_version(),
            environment=self._settings.environment,
            engine=self._database.dialect,
            now=self._clock(),
            started_at=min([self._node.started_at, *(worker.started_at for worker in workers)]),
            statistics_every=every,
            process=self._node,
            domains=[DomainShown(domain.name, domain.title, domain.page) for domain in self._domains],
            workers=workers,
            health=health,
        )

    async def _workers(self) -> list[Worker]:
        try:
            rows = await self.reader.workers()
        except Unavailable:
            return []
        return [as_worker(row, self._settings.statistics_every, self._clock()) for row in rows]

    async def statistics(self, since: datetime | None, until: datetime | None, points: int) -> Figures:
        """Return the figures of a range of time."""
        return await self.reader.figures(since, until, points)

    async def storage(self) -> Storage:
        """Return the tables as they were last measured, and the disk as it is now."""
        return await storage_of(self._database, self._settings, self._domains)

    async def errors(self, limit: int, after: UUID | None, total: bool) -> Listing[ErrorShown]:
        """Return a page of failed requests, newest first."""
        return await errors_of(self._database, limit, after, total=total)

    def settings(self) -> list[SettingShown]:
        """Return the settings in force."""
        return settings_shown(self._loaded)

    async def migrations(self) -> list[Branch]:
        """Return the branches of the schema."""
        return branches(await self._database.stored_heads(), self._domains)

    async def cache(self) -> CacheShown:
        """Return what the cache holds in all processes, and how it was asked in the last hour."""
        settings, shared = self._settings, self._cache.shared
        rows = await self._database.fetch(statements.CACHE, since=self._clock() - timedelta(seconds=CACHE_WINDOW))
        workers = await self.reader.workers()
        own = self._cache.bodies.gauges()
        others = [row for row in workers if row.process != self._node.id]
        hits, misses = sum(row.hits for row in rows), sum(row.misses for row in rows)
        off = settings.cache_entries == 0 or settings.cache_bytes == 0
        return CacheShown(
            backend="redis" if shared is not None else "off" if off else "memory",
            connected=None if shared is None else (await shared.ping()).ok,
            processes=len(others) + 1,
            entries=int(own["cache_entries"]) + sum(row.cache_entries for row in others),
            bytes=int(own["cache_bytes"]) + sum(row.cache_bytes for row in others),
            most_entries=settings.cache_entries,
            most_bytes=settings.cache_bytes,
            ttl=settings.cache_ttl if shared is not None else 0,
            window=CACHE_WINDOW,
            hits=hits,
            misses=misses,
            rate=rate(hits, misses),
            resources=[ResourceCache(row.resource, row.hits, row.misses, rate(row.hits, row.misses)) for row in rows],
        )

    async def clear_cache(self, idempotency: Idempotency | None) -> bool:
        """Let nothing that was kept be used again, by any process: a new epoch is what all look at first.

        Returns whether that was done before under this key, and is not done again.
        """
        _, replayed = await self._atomic.run(idempotency, self._renew)
        if not replayed:
            self._cache.bodies.clear()
        return replayed

    async def _renew(self) -> str:
        await self._cache.versions.renew()
        return ""

    async def feeds(self) -> list[Feed]:
        """Return the feeds, each with those who follow it in all processes."""
        lately = max(LATELY, timedelta(seconds=3 * self._settings.statistics_every))
        since = self._clock() - lately
        rows = await self._database.fetch(statements.FEEDS)
        told = await self._database.fetch(statements.WATCH, since=since, process=self._node.id)
        watched = Counter({row.feed: row.subscribers for row in told})
        watched.update(self._watchers())
        numbers = {row.name: row.number for row in rows}
        names = sorted(numbers.keys() | {name for name, count in watched.items() if count})
        return [Feed(name, numbers.get(name, 0), watched[name]) for name in names]


def rate(hits: int, misses: int) -> float | None:
    """Return the share of hits, or None where nobody asked."""
    return hits / (hits + misses) if hits + misses else None
