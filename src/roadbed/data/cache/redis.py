"""Bodies of replies in Redis, for all processes. Whatever goes wrong there, the reply comes from the database."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from time import perf_counter
from typing import Any

import msgspec

from roadbed.data.cache.bodies import Kept, Key, Stamp
from roadbed.data.database import Health
from roadbed.data.spans import REDIS, observed
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.events import CacheFailed, Events
from roadbed.kernel.spans import current

ANSWER = 0.25
"""Seconds within which Redis must answer."""

PAUSE = 1.0
"""Seconds in which nobody asks a Redis that has failed: its outage must not cost every request a wait."""

LARGEST = 1024 * 1024
"""Bytes of a body that is kept there."""

_MOST_WRITES = 256
_CONNECTIONS = 32


class RedisBodies:
    """Belongs to the event loop. ``ttl`` is in seconds: what nobody asks for goes by itself.

    Raises:
        ConfigurationError: the Python package is missing, or the URL is none.
    """

    def __init__(self, url: str, ttl: int, events: Events) -> None:
        try:
            from redis import asyncio as library
            from redis.exceptions import RedisError
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "A cache in Redis needs the Python package redis: pip install 'roadbed[redis]'"
            ) from error
        self._failures = (RedisError, OSError, TimeoutError)
        self._ttl = ttl
        self._events = events
        self._resume = 0.0
        self._writes: set[asyncio.Task[None]] = set()
        try:
            redis: Any = library
            pool = redis.BlockingConnectionPool.from_url(
                url,
                max_connections=_CONNECTIONS,
                timeout=ANSWER,
                socket_timeout=ANSWER,
                socket_connect_timeout=ANSWER,
            )
        except ValueError:
            # What it says may quote a part of the password.
            raise ConfigurationError("redis_url is not an address of Redis: redis://:password@host:port/0") from None
        self._redis = redis.Redis.from_pool(pool)

    @property
    def is_awake(self) -> bool:
        """Whether Redis is asked at all at this moment."""
        return perf_counter() >= self._resume

    async def get(self, key: Key, stamp: Stamp) -> Kept | None:
        """Return what was kept under this stamp; None also where Redis does not answer."""
        if not self.is_awake:
            return None
        try:
            async with asyncio.timeout(ANSWER):
                asked, span = self._redis.get(_name(key, stamp)), current()
                found = await (asked if span is None else observed(span, "GET", REDIS, asked))
        except self._failures as error:
            self._failed(error)
            return None
        if found is None:
            return None
        try:
            return _decode(found)
        except msgspec.MsgspecError:
            return None

    def put(self, key: Key, stamp: Stamp, kept: Kept) -> None:
        """Keep a reply. Nobody waits for it; where too many are on their way already it is left out."""
        if len(kept.body) > LARGEST or len(self._writes) >= _MOST_WRITES or not self.is_awake:
            return
        task = asyncio.get_running_loop().create_task(self._put(_name(key, stamp), _encode(kept)))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def _put(self, name: bytes, value: bytes) -> None:
        try:
            async with asyncio.timeout(ANSWER):
                await self._redis.set(name, value, ex=self._ttl)
        except self._failures as error:
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        self._resume = perf_counter() + PAUSE
        self._events.emit(CacheFailed(error))

    async def ping(self) -> Health:
        """Ask Redis for a sign of life. Without it the service goes on."""
        began = perf_counter()
        try:
            async with asyncio.timeout(1.0):
                await self._redis.ping()
        except self._failures as error:
            detail = "no answer within 1 s" if isinstance(error, TimeoutError) else "it does not answer"
            return Health(False, perf_counter() - began, detail, vital=False)
        return Health(True, perf_counter() - began, vital=False)

    async def close(self) -> None:
        """Drop what is on its way, and close the connections."""
        for task in self._writes:
            task.cancel()
        await asyncio.gather(*self._writes, return_exceptions=True)
        try:
            async with asyncio.timeout(1.0):
                await self._redis.aclose()
        except self._failures as error:
            self._events.emit(CacheFailed(error))


def _name(key: Key, stamp: Stamp) -> bytes:
    digest = blake2b(repr(key).encode("utf-8", "backslashreplace"), digest_size=20).hexdigest()
    return f"roadbed:{stamp.epoch:x}:{stamp.number}:{digest}".encode()


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Kept).decode
