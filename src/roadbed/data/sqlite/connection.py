"""A connection to SQLite through apsw, and the verbs on it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import apsw

from roadbed.data.queries import Query, Row
from roadbed.data.sqlite.guard import guard, release
from roadbed.kernel.errors import ConfigurationError, OutcomeUnknown, Unavailable

R = TypeVar("R")

_STEPS_BETWEEN_LOOKS_AT_THE_CLOCK = 50_000
_STATEMENTS_CACHED = 200
_NEVER = float("inf")

LONG_LOG = 64 * 1024 * 1024
"""Bytes. A log that is longer was kept from beginning anew by readers that overlap all the time."""
_MORE_LOG = LONG_LOG // 4
_PATIENCE_WITH_READERS = 0.5

PRAGMAS = ("PRAGMA foreign_keys = ON", "PRAGMA temp_store = MEMORY", "PRAGMA trusted_schema = OFF")
WRITER_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    # Without it, INSERT OR REPLACE deletes rows behind the back of the triggers that keep a table append-only.
    "PRAGMA recursive_triggers = ON",
    # Fewer, larger checkpoints: each one syncs the database file in the way of writers.
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA cache_size = -32768",
)
READER_PRAGMAS = ("PRAGMA query_only = ON", "PRAGMA cache_size = -8192")


class SqliteRun:
    """The verbs on one connection, synchronous: what a program gets inside the writer or a reader thread.

    While one is open, ``sqlite3.connect`` of the same file is refused in this process.
    """

    def __init__(self, path: str, *, write: bool, busy_timeout: float, statement_timeout: float) -> None:
        self.broken = False
        self._closed = False
        self._breaking_off = False
        # SQLite keeps the log beside the file that a symbolic link leads to.
        self._file = str(Path(path).resolve())
        self._log = f"{self._file}-wal"
        self._gone = False
        self._log_size = 0
        self._shorten_at = LONG_LOG
        self._timeout = statement_timeout
        self._busy_timeout = int(busy_timeout * 1000)
        self._deadline = _NEVER
        guard(self._file)
        try:
            flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if write else 0)
            self.connection = apsw.Connection(self._file, flags=flags, statementcachesize=_STATEMENTS_CACHED)
        except BaseException:
            release(self._file)
            raise
        try:
            self._set_up(write)
            self._files = self._identity()
        except BaseException:
            self.close()
            raise

    def _set_up(self, write: bool) -> None:
        self.connection.set_busy_timeout(self._busy_timeout)
        # A quoted name that is no column is an error, and not a text of the same letters.
        self.connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
        if write:
            mode = self.connection.execute("PRAGMA journal_mode = WAL").get
            if mode != "wal":
                raise ConfigurationError(f"SQLite keeps no write-ahead log at {self._file} (journal mode {mode})")
            # When the log begins anew, it is cut to this: a log that is longer has not begun anew for long.
            self.connection.execute(f"PRAGMA journal_size_limit = {LONG_LOG}").fetchall()
        for pragma in (*PRAGMAS, *(WRITER_PRAGMAS if write else READER_PRAGMAS)):
            self.connection.execute(pragma).fetchall()
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
        self.connection.execute(query.text("sqlite"), query.sqlite_values(arguments)).fetchall()
        return self.connection.changes() if self.connection.total_changes() != before else 0

    def execute_many(self, query: Query[Any], /, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a write once per mapping."""
        self.execute_rows(query, [query.sqlite_values(dict(row)) for row in rows])

    def rows(self, query: Query[Any], values: Row = ()) -> list[Row]:
        """Return plain rows for positional values that are already in SQLite's form."""
        return self.connection.execute(query.text("sqlite"), values).fetchall()

    def execute_rows(self, query: Query[Any], rows: Sequence[Row]) -> None:
        """Run a write once per tuple of positional values that are already in SQLite's form."""
        if rows:
            self.connection.executemany(query.text("sqlite"), rows).fetchall()

    def control(self, sql: str) -> None:
        """Run a statement of transaction control."""
        self.connection.execute(sql)

    def commit(self) -> None:
        """Commit; only when it returns may anything be acknowledged.

        Raises:
            OutcomeUnknown: the database file or its log was deleted or replaced beneath us.
            apsw.Error: as SQLite says.
        """
        self.control("COMMIT")
        if self._are_gone():
            raise OutcomeUnknown(f"{self._file} or its write-ahead log was deleted or replaced: restart the service")

    def check_files(self) -> None:
        """Once files were found gone, let nothing begin until they are back.

        Raises:
            Unavailable: they are not. What is written now would be lost at the next start.
        """
        if self._gone and self._are_gone():
            raise Unavailable(f"{self._file} or its write-ahead log was deleted or replaced: restart the service")

    @property
    def has_long_log(self) -> bool:
        """Whether it is time to ``shorten_log``."""
        return self._log_size > self._shorten_at

    def shorten_log(self) -> None:
        """Copy all of the log into the file and let the next commit begin the log anew.

        SQLite's own checkpoints never wait for readers: while there is always one, the log would grow without bound.
        Here new readers are sent to the file, and those that read already are waited for, a little while.
        """
        self.connection.set_busy_timeout(int(_PATIENCE_WITH_READERS * 1000))
        try:
            self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
            self._shorten_at = LONG_LOG
            self._log_size = 0
        except apsw.BusyError:
            self._shorten_at = self._log_size + _MORE_LOG
        finally:
            self.connection.set_busy_timeout(self._busy_timeout)

    def undo(self) -> None:
        """Roll back if a transaction is open. If not even that works, the connection is ``broken``: open another."""
        try:
            if self.connection.in_transaction:
                self.control("ROLLBACK")
        except apsw.Error:
            self.broken = True

    def start_clock(self) -> None:
        """Start the statement timeout: what runs longer is interrupted."""
        self._deadline = monotonic() + self._timeout

    def stop_clock(self) -> None:
        """End the statement timeout: a commit or a rollback is not to be interrupted."""
        self._deadline = _NEVER

    def _late(self) -> bool:
        return self._breaking_off or monotonic() > self._deadline

    def _are_gone(self) -> bool:
        if self._files is None:
            # A new database has no log before its first commit.
            self._files = self._identity()
            return False
        self._gone = self._identity() != self._files
        return self._gone

    def _identity(self) -> tuple[int, ...] | None:
        try:
            # After every commit: pathlib would take twice as long.
            file, log = os.stat(self._file), os.stat(self._log)  # noqa: PTH116
        except OSError:
            return None
        self._log_size = log.st_size
        return (file.st_ino, file.st_dev, log.st_ino, log.st_dev)

    def interrupt(self) -> None:
        """Break off what runs between ``start_clock`` and ``stop_clock``. May be called by other threads.

        Both ways are needed: SQLite forgets an interrupt that comes just before a statement begins, and looks at the
        clock only every so often.
        """
        self._deadline = -_NEVER
        with suppress(apsw.ConnectionClosedError):
            self.connection.interrupt()

    def break_off(self) -> None:
        """Break off what runs, and whatever is begun after it. May be called by other threads."""
        self._breaking_off = True
        self.interrupt()

    def close(self) -> None:
        """Close the connection; the last one to close a file checkpoints it."""
        if not self._closed:
            self._closed = True
            self.connection.set_progress_handler(None)
            self.connection.close(True)
            release(self._file)
