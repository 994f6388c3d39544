"""A flight of writes on PostgreSQL: one call of ``kv_write`` (see ``migrations/0001_write.postgres.sql``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from roadbed.data.queries import Queries
from roadbed.domains.kv.writes import (
    DONE,
    REPLAYED,
    Outcome,
    Write,
    Written,
    is_kept,
    known,
    refusal,
    status_of,
)

_encode = msgspec.json.Encoder().encode

WRITE = Queries(__package__ or "").statement("write")


async def write_on_postgres(connection: Any, writes: list[Write]) -> Sequence[Outcome]:
    """Return one outcome per write, in order; what was refused wrote nothing. ``connection`` is asyncpg's."""
    arguments: dict[str, Any] = {
        "keys": [write.key for write in writes],
        "names": [_encode(write.key).decode() if is_kept(write.value) else None for write in writes],
        "kinds": [write.kind for write in writes],
        "values": [write.value for write in writes],
        "ttls": [write.ttl for write in writes],
        **_conditions(writes),
        **_idempotency(writes),
    }
    row = await connection.fetchrow(WRITE.text("postgres"), *WRITE.postgres_values(arguments))
    codes, existed, replays, versions, expiries, instant = row
    outcomes: list[Outcome] = []
    for place, (write, code) in enumerate(zip(writes, codes, strict=True)):
        if code == DONE:
            outcomes.append(Written(status_of(write, existed[place]), versions[place], instant, expiries[place]))
        elif code == REPLAYED:
            outcomes.append(known(replays[place]))
        else:
            outcomes.append(refusal(code, write.key))
    return outcomes


def _conditions(writes: list[Write]) -> dict[str, Any]:
    """Return the arrays of conditions, empty where no write has one."""
    if all(write.if_match is None and write.if_none_match is None for write in writes):
        return {"conditional": False, "if_match": [], "if_none_match": []}
    return {
        "conditional": True,
        "if_match": [write.if_match for write in writes],
        "if_none_match": [write.if_none_match for write in writes],
    }


def _idempotency(writes: list[Write]) -> dict[str, Any]:
    """Return the arrays of idempotency, empty where no write has a key."""
    if all(write.idempotency is None for write in writes):
        return {"keyed": False, "idempotency": [], "fingerprints": []}
    return {
        "keyed": True,
        "idempotency": [write.idempotency and write.idempotency.key for write in writes],
        "fingerprints": [write.idempotency and write.idempotency.fingerprint for write in writes],
    }
