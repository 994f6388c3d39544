"""The store over HTTP. A key may have slashes: it is the rest of the path, decoded once."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from urllib.parse import quote

import msgspec

from roadbed.data.database import Database
from roadbed.data.listing import Listing
from roadbed.domains.kv.model import (
    MAX_VALUE,
    Entry,
    Key,
    NewEntry,
    NewValue,
    Prefix,
    Revision,
    Version,
    check_key,
    value_text,
)
from roadbed.domains.kv.reads import KeyCursor, VersionCursor
from roadbed.domains.kv.rows import told
from roadbed.domains.kv.service import Store
from roadbed.domains.kv.writes import FEED
from roadbed.http import watching
from roadbed.http.call import Call
from roadbed.http.operations import Operations
from roadbed.http.paging import Page
from roadbed.http.reply import Reply
from roadbed.http.watching import EVENT_STREAM, Hub, LastEventId, Position
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import Conflict, Fault, Gone, Invalid, NotFound, PreconditionFailed


class Watched(Store):
    """The store, and those who watch it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self.hub = Hub(database, FEED, partial(told, clock))


operations: Operations[Watched] = Operations("kv", "Any JSON under a key: versions, history, expiry, a watch")

BODY_LIMIT = MAX_VALUE + 64 * 1024
"""Bytes: the largest value, and room for what stands around it."""

MERGE_PATCH = "application/merge-patch+json"

Patch = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        description="What changes, as a JSON merge patch (RFC 7396)", examples=[{"mode": "dark", "size": None}]
    ),
]
Watch = Annotated[
    bool, msgspec.Meta(description="Tell of changes as they happen, as server-sent events, instead of a list")
]
History = Annotated[bool, msgspec.Meta(description="Return all that the key has been, newest first")]


@operations.post("/kv", status=201, raises=[Conflict], body_limit=BODY_LIMIT)
async def create_entry(call: Call[Watched], body: NewEntry) -> Entry:
    """Store a value under a key that is not there yet.

    With a `ttl` the key is gone after so many seconds.
    """
    check_key(body.key, "/key")
    stored = await call.service.create(body.key, value_text(body.value, "/value"), body.ttl, call.idempotency)
    call.location = f"/kv/{quote(body.key)}"
    call.version, call.replayed = stored.entry.version, stored.replayed
    return stored.entry


@operations.get("/kv", limit=1000, produces=EVENT_STREAM, raises=[Gone])
async def list_entries(
    call: Call[Watched],
    page: Page[KeyCursor],
    prefix: Prefix = "",
    watch: Watch = False,
    since: Position = None,
    last_event_id: LastEventId = None,
) -> Listing[Entry] | Reply:
    """List entries by key, in the order of code points; or watch them.

    A page ends early where its values are long. With `watch=true` the answer is a stream of every change after the
    version in `Last-Event-ID` or `since`, or from now on: each once, in order, with its version as its id.
    """
    if watch:
        return await watching.watch(call.service.hub, watching.Prefix(prefix), last_event_id, since)
    if since is not None:
        raise Invalid(faults=[Fault("query:since", "A list shows what is there now: `since` is for `watch=true`")])
    return await call.service.list_entries(page.limit, page.after, prefix, page.total)


@operations.get("/kv/{key:path}", limit=1000, raises=[NotFound])
async def get_entry(
    call: Call[Watched], key: Key, page: Page[VersionCursor], version: Version | None = None, history: History = False
) -> Entry | Listing[Revision]:
    """Return what is stored under a key, or was when it got a `version`.

    With `history=true` return all that the key has been, newest first.
    """
    check_key(key, "path:key")
    if history:
        if version is not None:
            raise Invalid(faults=[Fault("query:version", "A history has all versions: ask for one or the other")])
        return await call.service.history(key, page.limit, page.after, page.total)
    entry = await (call.service.get(key) if version is None else call.service.get_at(key, version))
    call.version = entry.version
    return entry


@operations.put(
    "/kv/{key:path}",
    also={201: "The key was not there"},
    raises=[PreconditionFailed],
    conditional=True,
    body_limit=BODY_LIMIT,
)
async def put_entry(call: Call[Watched], key: Key, body: NewValue) -> Entry:
    """Store a value under a key, whether it is there or not.

    With `If-Match` (over these versions alone) or `If-None-Match: *` (only where there is nothing) it is
    compare-and-set. With a `ttl` the key is gone after so many seconds, without one it stays.
    """
    check_key(key, "path:key")
    value = value_text(body.value, "/value")
    stored = await call.service.put(key, value, body.ttl, call.if_match, call.if_none_match, call.idempotency)
    call.status, call.version, call.replayed = stored.status, stored.entry.version, stored.replayed
    return stored.entry


@operations.patch(
    "/kv/{key:path}",
    raises=[NotFound, PreconditionFailed],
    conditional=True,
    consumes=("application/json", MERGE_PATCH),
    body_limit=BODY_LIMIT,
)
async def patch_entry(call: Call[Watched], key: Key, body: Patch) -> Entry:
    """Change the value by a JSON merge patch (RFC 7396); when it expires stays as it is.

    What the patch does not touch is kept letter by letter.
    """
    check_key(key, "path:key")
    patch = value_text(body, "")
    stored = await call.service.patch(key, patch, call.if_match, call.if_none_match, call.idempotency)
    call.version, call.replayed = stored.entry.version, stored.replayed
    return stored.entry


@operations.delete("/kv/{key:path}", status=204, raises=[NotFound, PreconditionFailed], conditional=True)
async def delete_entry(call: Call[Watched], key: Key) -> None:
    """Delete a key. Its history stays, and its versions never come again."""
    check_key(key, "path:key")
    call.replayed = await call.service.delete(key, call.if_match, call.if_none_match, call.idempotency)
