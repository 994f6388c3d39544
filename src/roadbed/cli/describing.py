"""``roadbed openapi`` and ``roadbed version``: what there is, without starting anything."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import roadbed
from roadbed.cli.output import print_table
from roadbed.kernel.settings import Settings

_PARTS = ("msgspec", "uvicorn", "uvloop", "httptools", "apsw", "asyncpg", "SQLAlchemy", "alembic")


def print_document(settings: Settings) -> None:
    """Print the OpenAPI document, which needs neither a database nor a server."""
    from roadbed.app import describe

    sys.stdout.write(describe(settings).document().decode() + "\n")


def print_versions() -> None:
    """Print the versions that a report of a fault should name."""
    print_table(("part", "version"), versions())


def versions() -> list[tuple[str, str]]:
    """Return name and version of Roadbed, Python, SQLite and the libraries that a request goes through."""
    found = [("roadbed", roadbed.__version__), ("python", platform.python_version()), ("sqlite", sqlite_version())]
    for part in _PARTS:
        try:
            found.append((part.lower(), version(part)))
        except PackageNotFoundError:
            found.append((part.lower(), "not installed"))
    return found


def sqlite_version() -> str:
    """Return the version of the SQLite that serves: apsw's own, and not that of the standard library."""
    import apsw

    return apsw.sqlite_lib_version()
