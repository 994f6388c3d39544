"""A merge patch: read, merged and written in one transaction, under the lock of the store."""

from __future__ import annotations

import msgspec

from roadbed.data.changes import BUMP, LOG
from roadbed.data.database import Statements
from roadbed.data.queries import Queries
from roadbed.domains.kv.merging import merge_patch
from roadbed.domains.kv.model import MAX_VALUE, Entry
from roadbed.domains.kv.rows import Held
from roadbed.domains.kv.writes import DONE, FEED, MISSING, Write, is_kept, judge, refusal
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import RoadbedError, TooLarge

_encode = msgspec.json.Encoder().encode

_sql = Queries(__package__ or "")
_LIVE = _sql.query("live_entry", Held)
_KEEP = _sql.statement("keep")
_REPLACE = _sql.query("replace_value", Held)


async def patch_entry(run: Statements, clock: Clock, write: Write) -> Entry:
    """Merge a patch, which is the write's value, into what is stored; ``expires_at`` stays.

    Raises:
        NotFound: there is no such key.
        PreconditionFailed: a condition does not hold.
        Invalid: the patch is nested too deeply.
        TooLarge: the value would get too long.
    """
    key = write.key
    # The feed's row first, as everywhere: from here to the commit nobody else writes to the store.
    bumped = await run.fetch_one(BUMP, feed=FEED, count=1)
    held = await run.fetch_one(_LIVE, key=key, now=clock())
    if bumped is None or held is None:
        raise refusal(MISSING, key)
    code = judge(write, held.version)
    if code != DONE:
        raise refusal(code, key)
    value = merge_patch(held.value, write.value or "")
    if len(value.encode()) > MAX_VALUE:
        raise TooLarge(f"The value would have more than {MAX_VALUE} bytes")
    await run.execute(_KEEP, key=key)
    stored = await run.fetch_one(_REPLACE, key=key, value=value, version=bumped.number, now=clock())
    if stored is None:
        raise RoadbedError("A row that nobody else writes has gone")
    entry = stored.entry()
    body = _encode(entry).decode() if is_kept(value) else None
    await run.execute(LOG, feed=FEED, number=entry.version, key=key, kind="change", at=entry.updated_at, body=body)
    return entry
