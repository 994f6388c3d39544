"""From settings to a cache of replies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from roadbed.data.cache.bodies import Bodies
from roadbed.data.cache.redis import RedisBodies
from roadbed.data.cache.versions import Versions
from roadbed.data.database import Database, Health
from roadbed.kernel.events import Events
from roadbed.kernel.settings import Settings


class Cache:
    """What keeps replies, and what tells whether they are fresh. ``shared`` is None without Redis."""

    def __init__(self, versions: Versions, bodies: Bodies, shared: RedisBodies | None = None) -> None:
        self.versions = versions
        self.bodies = bodies
        self.shared = shared

    def checks(self) -> Mapping[str, Callable[[], Awaitable[Health]]]:
        """Return what readiness asks: the cache is no vital part."""
        return {} if self.shared is None else {"cache": self.shared.ping}

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self.shared is not None:
            await self.shared.close()


async def open_cache(settings: Settings, database: Database, events: Events) -> Cache:
    """Return an open cache. A Redis that does not answer is none for now: the service goes on without it.

    Raises:
        ConfigurationError: the URL is no address of Redis, or its Python package is missing.
        Unavailable: the database does not answer.
    """
    versions = Versions(database)
    bodies = Bodies(settings.cache_entries, settings.cache_bytes)
    if not settings.redis_url:
        return Cache(versions, bodies)
    shared = RedisBodies(settings.redis_url, settings.cache_ttl, events)
    # What others have kept may be of another release, or of a state of the data before a restore.
    await versions.renew()
    return Cache(versions, bodies, shared)
