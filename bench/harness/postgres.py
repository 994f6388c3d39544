"""A PostgreSQL of our own: a new cluster in a temporary folder, the same for every contender of a run.

Each contender gets an empty database in it, dropped when its turns are over.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.harness.cores import pinned
from bench.harness.errors import BenchError, NotInstalled
from bench.harness.processes import environment, free_port, tail

OWNER = "postgres"
SUPERUSER = "bench"
START_TIMEOUT = 30.0  # seconds
LOG_FILES = 40  # of 16 MiB: more than a pair writes
PROGRAMS = ("initdb", "postgres", "psql", "pg_isready")

# Durability is the default's (fsync and synchronous_commit stay on, and the run checks that they are). Checkpoints are
# put off beyond a run: one that falls into one contender's two seconds and not into the other's compares nothing.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "512MB",
    "min_wal_size": "1GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


def binaries() -> Path:
    """Return the folder that has all we need of PostgreSQL. Debian keeps the server's programs off PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    on_path = [Path(found).resolve().parent for name in PROGRAMS if (found := shutil.which(name))]
    for folder in (*debian, *on_path):
        if all((folder / name).exists() for name in PROGRAMS):
            return folder
    raise NotInstalled("PostgreSQL's server is missing: python -m bench setup")


class Cluster:
    """A running server, from ``with`` to the end of it; on one core, or (None) on any."""

    def __init__(self, folder: Path, core: int | None) -> None:
        self._folder = folder
        self._core = core
        self._programs = binaries()
        self._log = folder / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        # PostgreSQL refuses to run as root: as root, we become the user that its package made.
        self._user = OWNER if os.geteuid() == 0 else None

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        data = self._folder / "data"
        initdb = ("initdb", "-D", str(data), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C")
        self._as_owner(*initdb)
        settings = {**SETTINGS, "port": str(self.port), "unix_socket_directories": str(self._folder)}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(data), *flags],
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
                env=environment({}),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=pinned(self._core),  # noqa: PLW1509 (this process has one thread)
            )
        try:
            self._wait_until_up()
            self._check_durability()
            self._recycle_log()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def create_database(self, name: str) -> str:
        """Make an empty database; return its URL. What a contender that failed has left under this name goes."""
        self.drop_database(name)
        self.query("postgres", f'CREATE DATABASE "{name}"')
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{name}"

    def query(self, database: str, sql: str) -> list[list[str]]:
        """Run one statement; return its rows as text."""
        done = subprocess.run(
            [
                str(self._programs / "psql"),
                "-XAtq",
                "-F",
                "\t",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                self._url(database),
                "-c",
                sql,
            ],
            env=environment({}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise BenchError(f"psql: {done.stderr.strip()}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def checkpoint(self) -> None:
        """Write everything out, so that nobody's turn pays for another's, and the log's files can be used again."""
        self.query("postgres", "CHECKPOINT")

    def drop_database(self, name: str) -> None:
        self.query("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # A fast shutdown: it rolls back and disconnects, and does not wait for clients. The data is thrown away anyway.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def _as_owner(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / name), *arguments],
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            env=environment({}),
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise BenchError(f"{name}: {done.stderr.strip()}")

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        ready = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False, timeout=10).returncode != 0:
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"PostgreSQL did not start:\n{tail(self._log)}")
            time.sleep(0.05)

    def _recycle_log(self) -> None:
        """Leave the write-ahead log as it is on a server that has run for an hour: files ready to be written again.

        A new cluster fills each next one with zeros first, in the turn of whoever happens to need it.
        """
        self.query("postgres", "CREATE TABLE filler ()")
        fill = "INSERT INTO filler DEFAULT VALUES; PERFORM pg_switch_wal();"
        self.query("postgres", f"DO $$ BEGIN FOR n IN 1..{LOG_FILES} LOOP {fill} END LOOP; END $$")
        self.query("postgres", "DROP TABLE filler")
        self.checkpoint()

    def _check_durability(self) -> None:
        for setting, wanted in DURABLE.items():
            if (value := self.query("postgres", f"SHOW {setting}")[0][0]) != wanted:
                raise BenchError(f"PostgreSQL runs with {setting}={value}: a durable write means {wanted}")
