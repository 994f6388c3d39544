"""Replies that are kept until the next write: an operation that names a feed is answered from the cache while the
number of that feed stays as it is.

The number comes from the database, after the request has come. A reply is made after its number was read, so it is at
least as new; it is kept under the number, and used again under exactly that number alone. What was lost, was never
written or cannot be reached costs time, and never truth.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from roadbed.data.cache.bodies import Kept, Key, Stamp
from roadbed.data.cache.opening import Cache
from roadbed.data.joining import open_transaction
from roadbed.http.asgi import Fields, Header, Receive
from roadbed.http.call import Call
from roadbed.http.finishing import is_fresh
from roadbed.kernel.errors import RoadbedError
from roadbed.kernel.events import CacheAsked, Events

Answer = Callable[[Call[Any], Sequence[str], Receive], Awaitable[bytes]]

_CONDITIONS = (b"if-none-match", b"if-match")


class ResponseCache:
    """The replies of one process, over what keeps them."""

    def __init__(self, cache: Cache, events: Events) -> None:
        self._versions = cache.versions
        self._bodies = cache.bodies
        self._shared = cache.shared
        self._asked = events.subscribers(CacheAsked)
        self._making: dict[tuple[Key, Stamp], asyncio.Future[Kept | RoadbedError | None]] = {}

    def wrap(self, answer: Answer, feed: str, where: str) -> Answer:
        """Return an answer that comes from the cache while the feed stays as it is. ``where`` names the operation."""
        versions, bodies = self._versions, self._bodies

        async def answer_cached(call: Call[Any], segments: Sequence[str], receive: Receive) -> bytes:
            if open_transaction() is not None:
                # What a batch has written may yet be undone: its number would be given to somebody else's write.
                return await answer(call, segments, receive)
            fields = call.fields
            stamp = versions.known(feed) or await versions.read(feed)
            key = (where, call.path, call.query, fields.get(b"host"), fields.get(b"x-forwarded-proto"))
            if b"cache-control" in fields and _is_bypass(fields[b"cache-control"]):
                kept, _ = await self._make(answer, call, segments, receive, key, stamp)
                return self._reply(call, kept, feed, "bypass", b"fwd=request")
            kept = bodies.get(key, stamp)
            if kept is not None:
                return self._reply(call, kept, feed, "hit", b"hit")
            make = partial(self._make, answer, call, segments, receive, key, stamp)
            return await self._missed(make, call, feed, key, stamp)

        return answer_cached

    async def _missed(
        self, make: Callable[[], Awaitable[tuple[Kept, bool]]], call: Call[Any], feed: str, key: Key, stamp: Stamp
    ) -> bytes:
        """Answer what is not kept here: one makes the reply, and all who ask for the same meanwhile wait for it."""
        while (making := self._making.get((key, stamp))) is not None:
            # Where it came to nothing, another one who waited may have been quicker.
            found = await asyncio.shield(making) or self._bodies.get(key, stamp)
            if isinstance(found, RoadbedError):
                raise found
            if found is not None:
                return self._reply(call, found, feed, "collapsed", b"fwd=uri-miss; collapsed")
        made = self._making[key, stamp] = asyncio.get_running_loop().create_future()
        # Where its client has left, or nobody foresaw what happened, the next in line makes it.
        outcome: Kept | RoadbedError | None = None
        try:
            if self._shared is not None and (outcome := await self._shared.get(key, stamp)) is not None:
                self._bodies.put(key, stamp, outcome)
                return self._reply(call, outcome, feed, "shared", b"hit; detail=shared")
            outcome, is_stored = await make()
            return self._reply(call, outcome, feed, "miss", b"fwd=uri-miss; stored" if is_stored else b"fwd=uri-miss")
        except RoadbedError as error:
            outcome = error
            raise
        finally:
            del self._making[key, stamp]
            made.set_result(outcome)

    async def _make(
        self, answer: Answer, call: Call[Any], segments: Sequence[str], receive: Receive, key: Key, stamp: Stamp
    ) -> tuple[Kept, bool]:
        """Make a reply; return whether it is kept."""
        asked = call.fields
        call.fields = _without_conditions(asked)
        try:
            body = await answer(call, segments, receive)
        finally:
            call.fields = asked
        kept = Kept(body, call.version, call.media_type, list(call.extra or ()))
        is_stored = self._bodies.put(key, stamp, kept)
        if is_stored and self._shared is not None:
            self._shared.put(key, stamp, kept)
        return kept, is_stored

    def _reply(self, call: Call[Any], kept: Kept, feed: str, result: str, state: bytes) -> bytes:
        call.version = kept.version
        call.media_type = kept.media_type
        field: Header = (b"cache-status", b"roadbed; " + state)
        call.extra = [*kept.fields, field]
        call.cache = result
        for subscriber in self._asked:
            subscriber(CacheAsked(feed, result))
        conditional = b"if-none-match" in call.fields or b"if-match" in call.fields
        return b"" if conditional and is_fresh(call) else kept.body


def _is_bypass(field: bytes) -> bool:
    directives = field.lower().replace(b" ", b"").split(b",")
    return b"no-cache" in directives or b"no-store" in directives


def _without_conditions(fields: Fields) -> Fields:
    """Return the fields of a request that gets the whole reply: only that can be kept."""
    if not any(name in fields for name in _CONDITIONS):
        return fields
    return {name: value for name, value in fields.items() if name not in _CONDITIONS}
