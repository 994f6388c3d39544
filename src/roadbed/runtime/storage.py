"""The place on disk of the embedded database, looked at before anything is opened: words instead of an I/O error."""

from __future__ import annotations

import os
from pathlib import Path

from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.settings import Settings


def prepare_storage(settings: Settings) -> None:
    """Make the folder of the embedded database if it is missing; see to it that it can be written.

    Raises:
        ConfigurationError: what is in the way, and which setting leads elsewhere.
    """
    if settings.dialect != "sqlite":
        return
    folder = settings.sqlite_path.parent
    remedy = "choose another with --data" if not settings.database_url else "see database_url"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"the data folder {folder} cannot be made: {error.strerror}; {remedy}") from error
    if problem := storage_problem(settings.sqlite_path):
        raise ConfigurationError(f"{problem}; {remedy}")


def storage_problem(path: Path) -> str:
    """Return why a database file cannot be used, or made with its folder; an empty text if it can.

    Its folder must be writable too: a write-ahead log lies beside the file.
    """
    folder = path.parent
    above = nearest(folder)
    if not above.is_dir():
        return f"the data folder {folder} cannot be made: {above} is a file"
    if not os.access(above, os.W_OK | os.X_OK):
        what = "written" if above == folder else "made"
        return f"the data folder {folder} cannot be {what} by this user{'' if above == folder else f' in {above}'}"
    if above != folder:
        return ""
    if path.is_dir():
        return f"{path} is a folder, and no database"
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return f"the database {path} cannot be written by this user"
    return ""


def nearest(folder: Path) -> Path:
    """Return a folder, or the nearest above it that is there; or a file, where one is in the way."""
    # os.path answers no where pathlib raises: in a folder that this user may not enter.
    return next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
