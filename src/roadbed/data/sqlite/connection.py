"""Connections to SQLite through apsw, the statements on them, and what their errors mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, TypeVar

import apsw

from roadbed.data.queries import Query, Row
from roadbed.kernel.errors import DeadlineExceeded, OutcomeUnknown, RoadbedError, StorageFull, Unavailable

R = TypeVar("R")

_STEPS_BETWEEN_LOOKS_AT_THE_CLOCK = 50_000
_STATEMENTS_CACHED = 200

PRAGMAS = ("PRAGMA foreign_keys = ON", "PRAGMA temp_store = MEMORY", "PRAGMA trusted_schema = OFF")
WRITER_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    # Fewer, larger checkpoints: each one syncs the database file in the way of writers.
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -32768",
)
READER_PRAGMAS = ("PRAGMA query_only = ON", "PRAGMA cache_size = -8192")


class SqliteRun:
    """The verbs on one connection, synchronous: what a program gets inside the writer or a reader thread."""

    def __init__(self, path: str, *, write: bool, busy_timeout: float, statement_timeout: float) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if write else 0)
        self.connection = apsw.Connection(path, flags=flags, statementcachesize=_STATEMENTS_CACHED)
        self.connection.set_busy_timeout(int(busy_timeout * 1000))
        for pragma in (*PRAGMAS, *(WRITER_PRAGMAS if write else READER_PRAGMAS)):
            self.connection.execute(pragma).fetchall()
        self._timeout = statement_timeout
        self._deadline = float("inf")
        self.connection.set_progress_handler(self._late, _STEPS_BETWEEN_LOOKS_AT_THE_CLOCK)

    def fetch(self, query: Query[R], /, **arguments: Any) -> list[R]:
        """Return all rows as structs."""
        rows = self.connection.execute(query.text("sqlite"), query.sqlite_values(arguments)).fetchall()
        return query.sqlite_rows(rows)

    def fetch_one(self, query: Query[R], /, **arguments: Any) -> R | None:
        """Return the first row as a struct, or None."""
        row = self.connection.execute(query.text("sqlite"), query.sqlite_values(arguments)).fetchone()
        return None if row is None else query.sqlite_rows([row])[0]

    def execute(self, query: Query[Any], /, **arguments: Any) -> int:
        """Run a write; return the number of rows that it changed itself (not its triggers)."""
        before = self.connection.total_changes()
        cursor = self.connection.execute(query.text("sqlite"), query.sqlite_values(arguments))
        cursor.fetchall()
        return self.connection.changes() if self.connection.total_changes() != before else 0

    def execute_many(self, query: Query[Any], /, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a write once per mapping; return the number of rows changed."""
        return sum(self.execute(query, **row) for row in rows)

    def rows(self, query: Query[Any], values: Row = ()) -> list[Row]:
        """Return plain rows for positional values that are already in SQLite's form."""
        return self.connection.execute(query.text("sqlite"), values).fetchall()

    def execute_rows(self, query: Query[Any], rows: Sequence[Row]) -> None:
        """Run a write once per tuple of positional values that are already in SQLite's form."""
        if rows:
            self.connection.executemany(query.text("sqlite"), rows)

    def control(self, sql: str) -> None:
        """Run a statement of transaction control."""
        self.connection.execute(sql)

    def begin_clock(self) -> None:
        """Start the statement timeout: what runs longer is interrupted."""
        self._deadline = monotonic() + self._timeout

    def _late(self) -> bool:
        return monotonic() > self._deadline

    def close(self) -> None:
        """Close the connection; the last one to close a file checkpoints it."""
        self.connection.set_progress_handler(None)
        self.connection.close()


def kind_of(error: BaseException) -> str:
    """Return what failed, for metrics: ``full``, ``io``, ``busy``, ``timeout`` or ``other``."""
    if isinstance(error, apsw.FullError):
        return "full"
    if isinstance(error, (apsw.IOError, apsw.CantOpenError, apsw.CorruptError, apsw.NotADBError, apsw.ReadOnlyError)):
        return "io"
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return "busy"
    if isinstance(error, apsw.InterruptError):
        return "timeout"
    return "other"


def translate(error: BaseException, *, committing: bool = False) -> BaseException:
    """Return what the caller should hear of an error of SQLite; errors of our own tree pass unchanged.

    An I/O error while committing leaves the outcome open: the frames may already be on the disk.
    """
    if isinstance(error, RoadbedError) or not isinstance(error, apsw.Error):
        return error
    told = _TOLD.get(kind_of(error), error)
    if committing and kind_of(error) == "io":
        told = OutcomeUnknown
    if not isinstance(told, type):
        return error
    failure = told("" if told is OutcomeUnknown else _WORDS[kind_of(error)])
    failure.__cause__ = error
    return failure


_TOLD: dict[str, type[Unavailable]] = {
    "full": StorageFull,
    "io": Unavailable,
    "busy": Unavailable,
    "timeout": DeadlineExceeded,
}
_WORDS = {
    "full": "The disk that holds the database is full: nothing was written",
    "io": "The database file cannot be read or written now: nothing was written",
    "busy": "Another process held the database for too long: nothing was written",
    "timeout": "The statement exceeded its time limit: nothing was written",
}
