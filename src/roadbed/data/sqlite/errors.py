"""What errors of SQLite mean to a caller, and which concern everybody who shares the commit."""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from roadbed.kernel.errors import (
    ConfigurationError,
    Conflict,
    DeadlineExceeded,
    OutcomeUnknown,
    RoadbedError,
    StorageFull,
    Unavailable,
)

_KINDS: tuple[tuple[str, tuple[type[apsw.Error], ...]], ...] = (
    ("full", (apsw.FullError,)),
    ("io", (apsw.IOError, apsw.CantOpenError, apsw.CorruptError, apsw.NotADBError, apsw.ReadOnlyError)),
    ("busy", (apsw.BusyError, apsw.LockedError)),
    ("timeout", (apsw.InterruptError,)),
    ("constraint", (apsw.ConstraintError,)),
)
_TOLD: dict[str, tuple[type[Unavailable], str]] = {
    "full": (StorageFull, "The disk that holds the database is full: nothing was written"),
    "io": (Unavailable, "The database file cannot be read or written now: nothing was written"),
    "busy": (Unavailable, "Another program held the database for too long: nothing was written"),
    "timeout": (DeadlineExceeded, "The statement exceeded its time limit: nothing was written"),
}
_CONFLICTS = {
    apsw.SQLITE_CONSTRAINT_UNIQUE: ("Another row has these values already", "duplicate"),
    apsw.SQLITE_CONSTRAINT_PRIMARYKEY: ("Another row has these values already", "duplicate"),
    apsw.SQLITE_CONSTRAINT_ROWID: ("Another row has these values already", "duplicate"),
    apsw.SQLITE_CONSTRAINT_FOREIGNKEY: (
        "A row that this one belongs to, or that belongs to it, forbids it",
        "reference",
    ),
}


def kind_of(error: BaseException) -> str:
    """Return what failed, for metrics: ``full``, ``io``, ``busy``, ``timeout``, ``constraint`` or ``other``."""
    if isinstance(error, DeadlineExceeded):
        return "timeout"
    if isinstance(error, Unavailable) and isinstance(error.__cause__, BlockingIOError):
        # Another process of the service holds the lock that comes before SQLite's own (``lock.py``).
        return "busy"
    for kind, classes in _KINDS:
        if isinstance(error, classes):
            return kind
    return "other"


def is_everybodys(error: BaseException) -> bool:
    """Tell whether the error is the database's state, not one job's fault: then running jobs apart helps nobody."""
    return kind_of(error) in ("full", "io", "busy")


def translate(error: BaseException, *, committing: bool = False) -> BaseException:
    """Return what the caller should hear; errors of our own tree, and what is not foreseen, pass unchanged.

    An I/O error while committing leaves the outcome open: the frames may already be on the disk.
    """
    if isinstance(error, RoadbedError):
        return error
    kind = kind_of(error)
    told: RoadbedError
    if kind == "io" and committing:
        told = OutcomeUnknown()
    elif kind in _TOLD:
        failure, words = _TOLD[kind]
        told = failure(words)
    elif (conflict := _CONFLICTS.get(getattr(error, "extendedresult", 0))) is not None:
        told = Conflict(*conflict)
    else:
        return error
    told.__cause__ = error
    return told


def why_not_opened(path: str, error: BaseException) -> BaseException:
    """Return in plain words why a database file cannot be opened: waiting would mend none of it.

    An error that may pass by itself (busy, a full disk) is translated as any other.
    """
    folder = Path(path).absolute().parent
    if os.path.isdir(path):  # noqa: PTH112 - pathlib raises where this user may not look
        words = f"{path} is a directory, not a database file"
    elif isinstance(error, (apsw.NotADBError, apsw.CorruptError)):
        words = f"{path} is not a SQLite database, or it is damaged"
    elif not os.path.isdir(folder):  # noqa: PTH112 - likewise
        words = f"{folder} is not there: make the directory, or choose another one"
    elif isinstance(error, (PermissionError, apsw.CantOpenError, apsw.ReadOnlyError, apsw.AuthError)):
        words = f"{path} cannot be written: this user needs write permission on the file and on {folder}"
    elif isinstance(error, OSError):
        words = f"{path} cannot be opened: {error.strerror}"
    else:
        return translate(error)
    told = ConfigurationError(words)
    told.__cause__ = error
    return told
