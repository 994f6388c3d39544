"""Stop processes in their tracks with SIGSTOP, and let them go on."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.postgres import PostgresServer


def postmaster(server: PostgresServer) -> int:
    """Return the process id of the server's first process."""
    folder = server.sql("SHOW data_directory")
    return int((Path(folder) / "postmaster.pid").read_text().split()[0])


def children(parent: int) -> list[int]:
    """Return the process ids of a process's children."""
    if Path("/proc/self/stat").exists():
        found = [(path.parent.name, path) for path in Path("/proc").glob("[0-9]*/stat")]
        return [int(name) for name, path in found if _parent(path) == parent]
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True, timeout=30)
    pairs = [line.split() for line in listing.stdout.splitlines()]
    return [int(pid) for pid, ppid in pairs if int(ppid) == parent]


def _parent(stat: Path) -> int:
    try:
        # The name of the program stands in parentheses, and may hold anything.
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:
        return -1


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    """Freeze a PostgreSQL server with all its sessions: connections stay open, and nothing answers."""
    first = postmaster(server)
    # The one that makes others comes first: nobody is born after the count.
    os.kill(first, signal.SIGSTOP)
    stopped = [first]
    try:
        for child in children(first):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGSTOP)
                stopped.append(child)
        yield
    finally:
        for pid in reversed(stopped):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
