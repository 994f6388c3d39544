"""Idempotency of unsafe calls, as the data engine sees it: a key, a fingerprint and a stored outcome.

The row is written in the same transaction as what it describes. Only success is stored, for ``LIFETIME``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic

import msgspec

from roadbed.data.database import Database, Run, Statements, Transaction
from roadbed.data.queries import Queries
from roadbed.kernel.clock import now
from roadbed.kernel.errors import Conflict, KeyReused, Unavailable

LIFETIME = timedelta(hours=24)
STILL_RUNNING = ("A request with this Idempotency-Key has not finished yet", "still-running")
"""Words and kind of the ``Conflict`` that a duplicate meets when the first request takes too long."""

SWEEP_BUDGET = 30.0
"""Seconds that one sweep goes on for; what is left then is for the next one."""

_MOST_ROWS_AT_ONCE = 1000
_PAUSE = 0.005
_LOCK_NOT_AVAILABLE = "55P03"


class Idempotency(msgspec.Struct, frozen=True, gc=False):
    """One ``Idempotency-Key`` in its scope.

    ``key`` is a 16-byte digest of (credential, method, path, key); ``fingerprint`` a 16-byte digest of body, query
    and preconditions. The stored row holds an ``outcome``: text from which the service makes the same reply again.
    """

    key: bytes
    fingerprint: bytes


class Stored(msgspec.Struct, frozen=True):
    """What the table holds for a key."""

    fingerprint: bytes
    outcome: str


_sql = Queries("roadbed.data", "idempotency.sql")
_FIND = _sql.query("find", Stored)
_STORE = _sql.statement("store")
_QUEUE = _sql.statement("queue")
_SWEEP = _sql.statement("sweep")

KEYS_USED = _sql.statement("keys_used")
INSERT_KEY = _sql.statement("insert_key")
"""For flights of SQLite that look up and store many keys at once."""


async def once(
    database: Database,
    idempotency: Idempotency | None,
    work: Callable[[Transaction], Awaitable[str]],
    told: Callable[[], None] | None = None,
) -> tuple[str, bool]:
    """Run ``work`` in a transaction, at most once per key; return its outcome and whether it is a replay.

    A second call with the same key waits for the first (on PostgreSQL by an advisory lock of the transaction). ``told``
    is called once the transaction is committed (``Database.transaction``), that of a replay too.

    Raises:
        KeyReused: the key came with other content before.
        Conflict: the first call has not finished within the lock timeout (PostgreSQL).
    """
    async with database.transaction(told) as run:
        if idempotency is None:
            return await work(run), False
        if database.dialect == "postgres":
            await _queue_up(run, idempotency.key)
        stored = await run.fetch_one(_FIND, key=idempotency.key, now=now())
        if stored is not None:
            return _outcome_of(stored, idempotency), True
        outcome = await work(run)
        instant = now()
        rows = await run.execute(
            _STORE,
            key=idempotency.key,
            fingerprint=idempotency.fingerprint,
            outcome=outcome,
            expires_at=instant + LIFETIME,
            now=instant,
        )
        if rows != 1:
            raise Conflict(*STILL_RUNNING)
        return outcome, False


def recall(run: Run, idempotency: Idempotency) -> str | None:
    """Return the outcome that was kept under a key, or None: inside a flight of SQLite, where nobody else writes.

    Raises:
        KeyReused: the key came with other content before.
    """
    stored = run.fetch_one(_FIND, key=idempotency.key, now=now())
    return None if stored is None else _outcome_of(stored, idempotency)


def keep(run: Run, idempotency: Idempotency, outcome: str) -> None:
    """Keep the outcome of a write in its own transaction, inside a flight of SQLite, after ``recall`` found none."""
    instant = now()
    content = {"key": idempotency.key, "fingerprint": idempotency.fingerprint, "outcome": outcome}
    if run.execute(_STORE, **content, expires_at=instant + LIFETIME, now=instant) != 1:
        raise RuntimeError("the key was written meanwhile, though this thread alone writes")


def _outcome_of(stored: Stored, idempotency: Idempotency) -> str:
    if stored.fingerprint != idempotency.fingerprint:
        raise KeyReused("This Idempotency-Key came with other content before")
    return stored.outcome


async def _queue_up(run: Statements, key: bytes) -> None:
    """Wait on PostgreSQL until nobody else works under the key; on SQLite all wait for the one writer anyway."""
    try:
        await run.fetch(_QUEUE, number=int.from_bytes(key[:8], "big", signed=True))
    except Unavailable as error:
        if getattr(error.__cause__, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise Conflict(*STILL_RUNNING) from error
        raise


async def sweep(database: Database, budget: float = SWEEP_BUDGET) -> int:
    """Delete all keys past their time, a thousand at once, for about ``budget`` seconds; return how many went.

    Between two rounds there is a pause in which requests get the writer: each round holds it but shortly.
    """
    end = monotonic() + budget
    instant = now()
    gone = 0
    while True:
        rows = await database.execute(_SWEEP, now=instant, limit=_MOST_ROWS_AT_ONCE)
        gone += rows
        if rows < _MOST_ROWS_AT_ONCE or monotonic() >= end:
            return gone
        await asyncio.sleep(_PAUSE)
