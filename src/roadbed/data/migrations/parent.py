"""The parent's side of migrations: starts the child and says in our errors what came of it.

Neither Alembic nor SQLAlchemy nor ``sqlite3`` is imported here. These functions block: call them before the event loop
starts, or in a thread.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import msgspec

from roadbed.data.migrations.locations import Location
from roadbed.data.migrations.protocol import Draft, Reply, Request, dialect_of, sqlite_path
from roadbed.kernel.errors import ConfigurationError, SchemaMismatch, Unavailable

LOCK_TIMEOUT = 60.0
"""Seconds to wait for another process that migrates the same database."""

TIMEOUT = 600.0
"""Seconds that a migration may take. After that it is killed, and the database is as it was."""

_ATOMIC = "a migration is done as a whole or not at all: see `roadbed migrate status`, then try again"


class Written(msgspec.Struct, frozen=True):
    """A revision's name and source, both empty if there is nothing to do; and what should be known about it."""

    revision: str
    source: str
    remarks: list[str]


def upgrade(
    url: str,
    locations: Sequence[Location],
    *,
    installed: Sequence[Location] = (),
    lock_timeout: float = LOCK_TIMEOUT,
    timeout: float = TIMEOUT,
) -> list[str]:
    """Bring a database to the newest revisions of the platform and of ``locations``; all or nothing.

    A new SQLite file is made in WAL mode. ``url`` is the direct URL where the main one is a transaction pooler.
    Two processes may do this at once: one migrates, the other waits and finds nothing left to do.

    Returns:
        The revisions that ran, in order; empty when there was nothing to do.

    Raises:
        ConfigurationError: the database cannot be opened as configured, or a package of revisions is missing.
        SchemaMismatch: the database is ahead of this release, or a revision failed; nothing was changed.
        Unavailable: the database does not answer, is locked by another migration, or ``timeout`` seconds passed.
    """
    request = Request(
        "upgrade", url, list(locations), installed=list(installed), lock_timeout=lock_timeout, timeout=timeout
    )
    return _ask(request).revisions


def downgrade(
    url: str,
    locations: Sequence[Location],
    branch: str,
    target: str | None,
    *,
    timeout: float = TIMEOUT,
) -> list[str]:
    """Take one branch back to the revision ``target``, or to before its first with None. Data of later tables is lost.

    Returns and raises as ``upgrade`` does.
    """
    return _ask(Request("downgrade", url, list(locations), branch=branch, target=target, timeout=timeout)).revisions


def sql_preview(
    url: str, stored_heads: Sequence[str], locations: Sequence[Location], *, installed: Sequence[Location] = ()
) -> str:
    """Return the SQL that ``upgrade`` would run on a database that is at ``stored_heads``; touches no database.

    Raises:
        ConfigurationError, SchemaMismatch: as ``upgrade`` does.
    """
    request = Request("preview", url, list(locations), installed=list(installed), heads=list(stored_heads))
    return _ask(request).sql


def draft(wanted: Draft) -> Written:
    """Return the next revision of a domain, as its declaration and its revisions so far ask for it; writes no file.

    Raises:
        ConfigurationError: a person has to decide something; the detail names it all.
        SchemaMismatch: the revisions so far fail on an empty database.
    """
    # The child makes a database of its own; this address is never opened.
    reply = _ask(Request("draft", "sqlite:///none", [], draft=wanted))
    return Written(reply.revisions[0] if reply.revisions else "", reply.sql, reply.differences)


def create_fresh(url: str, locations: Sequence[Location]) -> None:
    """Make the declared tables in an empty database without revisions: for schema tests and experiments.

    Raises as ``upgrade`` does.
    """
    _ask(Request("create", url, list(locations)))


def differences(url: str, locations: Sequence[Location]) -> list[str]:
    """Return in words where a database differs from what is declared: tables, columns, CHECKs, indexes, triggers …

    Raises as ``upgrade`` does.
    """
    return _ask(Request("compare", url, list(locations))).differences


def _ask(request: Request) -> Reply:
    if dialect_of(request.url) == "sqlite":
        sqlite_path(request.url)
    # The child finds the same packages as we do, an outsider's domain included. Its environment can be read by others:
    # a password that came to us that way goes no further.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    try:
        finished = subprocess.run(
            [sys.executable, "-m", "roadbed.data.migrations.child"],
            input=msgspec.json.encode(request),
            capture_output=True,
            env=environment,
            timeout=request.timeout + request.lock_timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        seconds = round(request.timeout + request.lock_timeout)
        raise Unavailable(f"the migration took longer than {seconds} s and was stopped; {_ATOMIC}") from None
    return _read(finished)


def _read(finished: subprocess.CompletedProcess[bytes]) -> Reply:
    try:
        reply = msgspec.json.decode(finished.stdout, type=Reply)
    except msgspec.DecodeError:
        raise Unavailable(f"the migration ended without an answer ({_ending(finished)}); {_ATOMIC}") from None
    if reply.failure == "configuration":
        raise ConfigurationError(reply.detail)
    if reply.failure == "mismatch":
        raise SchemaMismatch(reply.detail)
    if reply.failure == "unavailable":
        raise Unavailable(reply.detail)
    return reply


def _ending(finished: subprocess.CompletedProcess[bytes]) -> str:
    if finished.returncode < 0:
        return f"killed by {signal.Signals(-finished.returncode).name}"
    last = finished.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return f"exit code {finished.returncode}" + "".join(f": {line}" for line in last)
