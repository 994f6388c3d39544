"""What errors of asyncpg mean to a caller, and which of them are worth another try.

PostgreSQL says what happened by its SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html).
"""

from __future__ import annotations

from typing import Any

import asyncpg

from roadbed.data.idempotency import STILL_RUNNING
from roadbed.data.races import CONTENTION
from roadbed.kernel.errors import (
    Conflict,
    DeadlineExceeded,
    Invalid,
    OutcomeUnknown,
    RoadbedError,
    StorageFull,
    Unavailable,
)

FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""Everything that asyncpg raises."""

_Told = tuple[str, type[RoadbedError], tuple[str, ...]]
_BUSY = ("Other transactions kept getting in the way: nothing was written",)
_AWAY = "The database cannot be reached: nothing was written"
_TAKEN = ("Another row has these values already", "duplicate")

_BY_CODE: dict[str, _Told] = {
    "57014": ("timeout", DeadlineExceeded, ("The statement exceeded its time limit: nothing was written",)),
    "25P03": ("timeout", DeadlineExceeded, ("The transaction stayed open for too long: nothing was written",)),
    "25P04": ("timeout", DeadlineExceeded, ("The transaction stayed open for too long: nothing was written",)),
    "53100": ("full", StorageFull, ("The disk of the database is full: nothing was written",)),
    "53300": ("connection", Unavailable, ("The database accepts no more connections: nothing was written",)),
    "55P03": ("lock", Unavailable, ("Another transaction held what this one needs for too long: nothing was written",)),
    "25006": ("read_only", Unavailable, ("The database is read-only at present: nothing was written",)),
    "40P01": ("contention", Unavailable, _BUSY),
    "40001": ("contention", Unavailable, _BUSY),
    "58030": ("io", Unavailable, ("The database cannot read or write its files now: nothing was written",)),
    "0A000": ("stale", Unavailable, ("The schema has just changed: nothing was written",)),
    "23505": ("constraint", Conflict, _TAKEN),
    "23P01": ("constraint", Conflict, _TAKEN),
    "23503": (
        "constraint",
        Conflict,
        ("A row that this one belongs to, or that belongs to it, forbids it", "reference"),
    ),
    "22021": ("text", Invalid, ("Text must not contain the character NUL",)),
}
_BY_CLASS: dict[str, _Told] = {
    "08": ("connection", OutcomeUnknown, ()),
    "57": ("connection", OutcomeUnknown, ()),
    # On a new connection alone: a password that is being changed, a database that is being renamed. Readiness, which
    # anybody may ask, says no more than that.
    "28": ("connection", Unavailable, (_AWAY,)),
    "3D": ("connection", Unavailable, (_AWAY,)),
    "53": ("resources", Unavailable, ("The database is short of resources: nothing was written",)),
}
_REFUSED_FOR_ALL = ("42", "XX")
"""Classes of errors that no item causes: a table or a right is missing, the server itself is damaged."""

_EVERYBODYS = {"timeout", "full", "connection", "lock", "read_only", "contention", "io", "stale", "resources"}

RACES = (*CONTENTION, "23505")
"""For a flight also a row that another process inserted between its look and its insert."""


def code_of(error: BaseException) -> str:
    """Return the SQLSTATE that the server gave, or the empty string."""
    return str(getattr(error, "sqlstate", None) or "")


def _told(error: BaseException) -> _Told | None:
    code = code_of(error)
    if code == "0A000" and not isinstance(error, asyncpg.InvalidCachedStatementError):
        return None
    return _BY_CODE.get(code) or _BY_CLASS.get(code[:2])


def is_closed_before(error: BaseException) -> bool:
    """Tell whether asyncpg found the connection, or the pool, closed or closing, so that nothing was sent."""
    words = str(error)
    if isinstance(error, asyncpg.InterfaceError):
        # One that the server closed meanwhile "has been released back to the pool".
        return "clos" in words or "released" in words
    # The server's farewell has arrived, the end of the connection has not.
    return isinstance(error, asyncpg.InternalClientError) and "cannot switch to state" in words


def kind_of(error: BaseException) -> str:
    """Return what failed, for metrics: ``connection``, ``timeout``, ``full``, ``lock`` … or ``other``."""
    told = _told(error)
    if told is not None:
        return told[0]
    if isinstance(error, (TimeoutError, DeadlineExceeded)):
        return "timeout"
    lost = isinstance(error, (OSError, asyncpg.InternalClientError)) or is_closed_before(error)
    return "connection" if lost else "other"


def is_everybodys(error: BaseException) -> bool:
    """Tell whether the error is the database's state, not one item's fault: then running items singly helps nobody."""
    return (
        isinstance(error, Unavailable) or kind_of(error) in _EVERYBODYS or code_of(error).startswith(_REFUSED_FOR_ALL)
    )


def translate(error: BaseException, *, sent: bool) -> BaseException:
    """Return what the caller should hear; what is not foreseen passes unchanged.

    ``sent``: a write was already under way, so that a lost connection leaves its outcome unknown.
    """
    if isinstance(error, RoadbedError):
        return error
    told = _told(error)
    failure: RoadbedError
    if told is not None and told[1] is not OutcomeUnknown:
        arguments: Any = told[2]
        failure = told[1](*arguments)
    elif told is not None or kind_of(error) in ("connection", "timeout"):
        unknown = sent and not is_closed_before(error)
        failure = OutcomeUnknown() if unknown else Unavailable(_AWAY)
    else:
        return error
    failure.__cause__ = error
    return failure


def still_running(error: BaseException, item: object) -> BaseException:
    """Return what one item of a flight hears when the locks that the flight needs were not free in time.

    For an item with an ``Idempotency-Key`` it is a conflict with the first request of that key, or with whatever else
    holds its rows: 409, and a retry is safe.
    """
    if getattr(item, "idempotency", None) is None:
        return translate(error, sent=True)
    conflict = Conflict(*STILL_RUNNING)
    conflict.__cause__ = error
    return conflict
