"""An own PostgreSQL instance: initialised in a temporary folder, on a free port, gone afterwards."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Literal

from tests.support.ports import free_port
from tests.support.process import ServerFailedError, ServerProcess
from tests.support.programs import postgres_folder
from tests.support.waiting import PATIENCE

ROLE = "roadbed"
START_TIMEOUT = PATIENCE
STOP_TIMEOUT = PATIENCE
COMMAND_TIMEOUT = PATIENCE

# Only a crash of the whole machine could lose data with fsync off; killed processes, which the fault tests try, cannot.
OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
}

StopMode = Literal["fast", "immediate"]
_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class PostgresServer:
    """A PostgreSQL server that a test may stop, kill and start again; its port and data stay the same."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._bin = postgres_folder()
        self._folder = folder
        self._data = folder / "data"
        self._log = folder / "postgres.log"
        # PostgreSQL refuses to run as root: its Debian package brings the user that it runs as.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._process: ServerProcess | None = None
        self._numbers = count(1)
        self._templates: dict[str, str] = {}
        if self._user:
            shutil.chown(folder, self._user, self._user)
        self._command("initdb", "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", f"--pgdata={self._data}")

    def url(self, database: str) -> str:
        """Return the address of a database on this server, as ``ROADBED_DATABASE_URL`` takes it."""
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        options = OPTIONS | {"port": str(self.port), "unix_socket_directories": str(self._folder)}
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process = ServerProcess(
            [str(self._bin / "postgres"), "-D", str(self._data), *arguments], self._log, user=self._user
        )
        self._process.wait_ready(self._accepts, START_TIMEOUT)

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server: ``fast`` ends the sessions in order, ``immediate`` is a crash that recovery must mend."""
        if self._process is not None:
            self._process.end(_SIGNALS[mode], STOP_TIMEOUT)
            self._process = None

    def restart(self, mode: StopMode = "fast") -> None:
        """Stop, then start again."""
        self.stop(mode)
        self.start()

    def create_database(self, template: str = "template1") -> str:
        """Create a database of its own for one test, a copy of ``template``, and return its URL."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database that ``create_database`` made, whoever is still connected."""
        self.sql(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def template(self, key: str, prepare: Callable[[str], object]) -> str:
        """Return the template named by ``key``; the first call makes it by ``prepare(url)`` on an empty database.

        Copying a migrated database takes a tenth of the time of migrating one. ``prepare`` leaves no connection open.
        """
        if key not in self._templates:
            name = f"prepared_{len(self._templates)}"
            self.sql(f"CREATE DATABASE {name}")
            prepare(self.url(name))
            self._templates[key] = name
        return self._templates[key]

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement through psql and return what it prints, columns parted by ``|``."""
        return self._command(
            "psql", "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-At", "-d", self.url(database), "-c", statement
        )

    def logs(self) -> str:
        """Everything that the server logged so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _accepts(self) -> bool:
        probe = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(probe, timeout=COMMAND_TIMEOUT, check=False).returncode == 0

    def _command(self, program: str, *arguments: str) -> str:
        extra = ["--username", ROLE] if program == "initdb" else []
        done = subprocess.run(
            [str(self._bin / program), *extra, *arguments],
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT,
            check=False,
        )
        if done.returncode != 0:
            raise ServerFailedError(f"{program} failed: {done.stderr.strip()}\n… {self.logs()[-2000:]}")
        return done.stdout.strip()


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server of one's own; whatever happens inside, it ends and its folder goes."""
    # Not pytest's folder: its parents are closed to other users, and the path of a socket has about 100 bytes at most.
    folder = Path(tempfile.mkdtemp(prefix="roadbed-pg-"))
    server: PostgresServer | None = None
    try:
        server = PostgresServer(folder)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)
