"""Turn what drivers and revisions raise into errors that a person can act on."""

from __future__ import annotations

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError

from roadbed.kernel.errors import ConfigurationError, RoadbedError, SchemaMismatch, Unavailable

_SQLSTATES: dict[str, RoadbedError] = {
    "28000": ConfigurationError("PostgreSQL refuses this user; check user and password in the database URL"),
    "28P01": ConfigurationError("PostgreSQL refuses this user or password; check both in the database URL"),
    "3D000": ConfigurationError("there is no such PostgreSQL database; create it (createdb) or mend the database URL"),
    "42501": ConfigurationError("the PostgreSQL user may not change the schema; grant it CREATE on the schema"),
    "55P03": Unavailable("a lock was not free in time: another process migrates, or a table is in use; try again"),
    "57014": Unavailable("a statement of the migration took too long; nothing was changed"),
    "57P03": Unavailable("PostgreSQL is starting or stopping; try again"),
    "53300": Unavailable("PostgreSQL has no free connection; try again"),
    "53100": Unavailable("the disk of PostgreSQL is full; nothing was changed"),
    "08": Unavailable("the connection to PostgreSQL was lost; nothing was changed; try again"),
    "57": Unavailable("PostgreSQL ended the connection; nothing was changed; try again"),
}
"""By error code, or by its class (the first two characters)."""


def explain(error: BaseException) -> RoadbedError:
    """Return the error of our tree that says best what happened. Nothing was changed in any of these cases."""
    for cause in _chain(error):
        known = _known(cause)
        if known is not None:
            return known
    where = ", ".join(getattr(error, "__notes__", [])) or "the migration"
    cause = next((each for each in _chain(error) if not isinstance(each, DBAPIError)), error)
    return SchemaMismatch(f"{where} failed, nothing was changed: {type(cause).__name__}: {_line(cause)}")


def _chain(error: BaseException) -> list[BaseException]:
    """Return the error and its causes, the outermost first."""
    found: list[BaseException] = []
    present: BaseException | None = error
    while present is not None and present not in found:
        found.append(present)
        wrapped = getattr(present, "orig", None)
        present = wrapped if isinstance(wrapped, BaseException) else present.__cause__
    return found


def _known(error: BaseException) -> RoadbedError | None:
    sqlstate = getattr(error, "sqlstate", None) or ""
    known = _SQLSTATES.get(sqlstate) or _SQLSTATES.get(sqlstate[:2])
    if known is not None:
        return known
    if isinstance(error, sqlite3.Error):
        return _sqlite(error)
    if isinstance(error, TimeoutError):
        return Unavailable("the database does not answer; try again")
    if isinstance(error, PermissionError):
        return ConfigurationError(f"no permission to write {error.filename}")
    if isinstance(error, OSError):
        full = error.errno == errno.ENOSPC
        return Unavailable("the disk is full" if full else f"the database cannot be reached: {_line(error)}")
    return None


def _sqlite(error: sqlite3.Error) -> RoadbedError | None:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Unavailable("the database file is in use by a long transaction; try again")
    if name.startswith("SQLITE_FULL"):
        return Unavailable("the disk is full; nothing was changed")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")):
        return ConfigurationError("the database file cannot be written; check its permissions and those of its folder")
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return ConfigurationError("the file is not a SQLite database, or it is damaged; restore a backup")
    return None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
