"""Databases that are ready before a test begins: any schema, or that of a service, with all sample data too.

A copy takes a twentieth of the time of migrating and seeding anew. That `roadbed up` migrates, and that `roadbed seed`
loads into a service that runs, have tests of their own.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from tests.support.postgres import PostgresServer
from tests.support.programs import find_program

MADE = "made.db"


class Prepared:
    """Databases to be copied, each made when it is asked for first; processes that share the folder share them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def schema(self, key: str, make: Callable[[str], object], place: Path | PostgresServer) -> str:
        """Return the URL of a new database: a file that is not there yet, or on a server.

        It is a copy of what ``make(url)`` made of an empty one, once for every ``key``, and left closed.
        """
        if isinstance(place, PostgresServer):
            return place.create_database(place.template(key, make))
        original = self._made(f"schema of {key}", lambda folder: make(f"sqlite:///{folder / MADE}")) / MADE
        return f"sqlite:///{shutil.copy(original, place)}"

    def embedded(self, folder: Path, *, seeded: bool = False) -> str:
        """Put a service's embedded database into the folder of one that has not started; return the URL."""
        source = self._made(_name(seeded), lambda made: _prepare(made, None, seeded))
        return f"sqlite:///{shutil.copytree(source, folder / 'data') / 'roadbed.db'}"

    def on(self, server: PostgresServer, *, seeded: bool = False) -> str:
        """Create a service's database on a server and return its URL."""

        def make(url: str) -> None:
            self._folder.mkdir(parents=True, exist_ok=True)
            _prepare(Path(mkdtemp(dir=self._folder)), url, seeded)

        return server.create_database(server.template(_name(seeded), make))

    def _made(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return the folder of this name; ``make`` fills it, unless another process has done it or is about to."""
        place, unfinished = self._folder / name, self._folder / f"{name}, unfinished"
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not place.exists():
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                make(unfinished)
                logs = [path.name for path in unfinished.glob("*.db-wal")]
                if logs:
                    # Whoever closes a database last folds its log into it: a copy of the file alone would lack rows.
                    raise RuntimeError(f"{name} was left open: {logs}")
                unfinished.rename(place)
        return place


def _name(seeded: bool) -> str:
    return "seeded" if seeded else "migrated"


def _prepare(data: Path, url: str | None, seeded: bool) -> None:
    address = {} if url is None else {"ROADBED_DATABASE_URL": url}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
    for command in (["migrate", "upgrade"], ["seed"])[: 2 if seeded else 1]:
        argv = [find_program("roadbed"), *command, "--data", str(data)]
        subprocess.run(argv, env=inherited | address, cwd=data, check=True, capture_output=True, timeout=120)
