"""Databases that are ready before a service starts: migrated, or with all sample data too.

A copy takes a twentieth of the time of migrating and seeding anew. That `roadbed up` migrates, and that `roadbed seed`
loads into a service that runs, have tests of their own.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.postgres import PostgresServer
from tests.support.programs import find_program


class Prepared:
    """Databases to be copied, each made when it is asked for first. ``seeded``: with all sample data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def embedded(self, folder: Path, *, seeded: bool = False) -> None:
        """Put an embedded database into the folder of a service that has not started."""
        source = self._folder / _name(seeded)
        if not source.exists():
            _prepare(source, None, seeded)
        shutil.copytree(source, folder / "data")

    def on(self, server: PostgresServer, *, seeded: bool = False) -> str:
        """Create a database on a server and return its URL."""
        elsewhere = self._folder / f"{_name(seeded)}-on-postgres"
        template = server.template(_name(seeded), lambda url: _prepare(elsewhere, url, seeded))
        return server.create_database(template)


def _name(seeded: bool) -> str:
    return "seeded" if seeded else "migrated"


def _prepare(data: Path, url: str | None, seeded: bool) -> None:
    address = {} if url is None else {"ROADBED_DATABASE_URL": url}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
    data.mkdir(parents=True)
    for command in (["migrate", "upgrade"], ["seed"])[: 2 if seeded else 1]:
        argv = [find_program("roadbed"), *command, "--data", str(data)]
        subprocess.run(argv, env=inherited | address, cwd=data, check=True, capture_output=True, timeout=120)
