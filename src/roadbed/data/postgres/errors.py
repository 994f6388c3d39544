"""What errors of asyncpg mean to a caller, and which of them are worth another try."""

from __future__ import annotations

import asyncpg

from roadbed.kernel.errors import (
    Conflict,
    DeadlineExceeded,
    OutcomeUnknown,
    RoadbedError,
    StorageFull,
    Unavailable,
)

_LOST = (
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.ConnectionFailureError,
    asyncpg.ConnectionRejectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    OSError,
)
_WITHOUT_EFFECT: dict[type[BaseException], tuple[str, type[RoadbedError], str]] = {
    asyncpg.QueryCanceledError: ("timeout", DeadlineExceeded, "The statement exceeded its time limit"),
    asyncpg.DiskFullError: ("full", StorageFull, "The disk of the database is full: nothing was written"),
    asyncpg.TooManyConnectionsError: ("connection", Unavailable, "The database accepts no more connections"),
    asyncpg.LockNotAvailableError: ("lock", Unavailable, "Another transaction held what this one needs for too long"),
    asyncpg.ReadOnlySQLTransactionError: ("read_only", Unavailable, "The database is read-only at present"),
    asyncpg.DeadlockDetectedError: ("contention", Unavailable, "Other transactions kept getting in the way"),
    asyncpg.SerializationError: ("contention", Unavailable, "Other transactions kept getting in the way"),
    asyncpg.OutOfMemoryError: ("other", Unavailable, "The database is short of memory"),
}
RACES = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.UniqueViolationError)
"""Errors after which the same flight may succeed: a deadlock, a serialization failure, a row that another process
inserted between our look and our insert."""

STALE = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
"""A prepared statement no longer fits the schema. asyncpg has dropped it: the next try prepares it anew."""


def kind_of(error: BaseException) -> str:
    """Return what failed, for metrics: ``connection``, ``timeout``, ``full``, ``lock``, ``contention`` or ``other``."""
    if isinstance(error, _LOST):
        return "connection"
    for known, (kind, _, _) in _WITHOUT_EFFECT.items():
        if isinstance(error, known):
            return kind
    return "timeout" if isinstance(error, TimeoutError) else "other"


def is_everybodys(error: BaseException) -> bool:
    """Tell whether the error is the database's state, not one item's fault: then running items singly helps nobody."""
    return kind_of(error) != "other" or isinstance(error, RoadbedError)


def translate(error: BaseException, *, sent: bool) -> BaseException:
    """Return what the caller should hear; what is not foreseen passes unchanged.

    ``sent``: a write was already under way, so that a lost connection leaves its outcome unknown.
    """
    if isinstance(error, RoadbedError):
        return error
    told: RoadbedError | None = None
    if isinstance(error, _LOST) or isinstance(error, TimeoutError):
        told = OutcomeUnknown() if sent else Unavailable("The database cannot be reached: nothing was written")
    else:
        for known, (_, failure, words) in _WITHOUT_EFFECT.items():
            if isinstance(error, known):
                told = failure(words)
                break
    if told is None:
        return error
    told.__cause__ = error
    return told


def still_running(error: BaseException, item: object) -> BaseException:
    """Return what one item of a flight hears of an error that concerns all.

    A lock timeout met by an item with an ``Idempotency-Key`` is a conflict with the first request of that key (or
    with whatever else holds its rows): 409, and a retry is safe.
    """
    if isinstance(error, asyncpg.LockNotAvailableError) and getattr(item, "idempotency", None) is not None:
        conflict = Conflict("A request with this Idempotency-Key has not finished yet", kind="still-running")
        conflict.__cause__ = error
        return conflict
    return translate(error, sent=True)
