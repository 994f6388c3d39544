"""Migration children without the half second that imports take: a process that has done them forks one per request.

What runs is the child's own code, as ``__main__``, in a process of its own, which alone imports our modules, the
revisions and what is declared: nothing of one request is left for the next. Services and commands start the true one.
``python -m tests.support.warm <descriptor>`` is that process; it ends when the other side of its socket is closed.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tests.support.waiting import PATIENCE

CHILD = "roadbed.data.migrations.child"
MODULES = (
    *("alembic.config", "alembic.runtime.environment", "alembic.script", "asyncpg", "msgspec", "sqlite3"),
    *("sqlalchemy.ext.asyncio", "sqlalchemy.dialects.postgresql.asyncpg", "sqlalchemy.dialects.sqlite.pysqlite"),
)


class WarmChildren:
    """Stands in for ``subprocess`` in ``roadbed.data.migrations.parent``."""

    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        self._child = [sys.executable, "-m", CHILD]
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            root = Path(__file__).parents[2]
            self._process = subprocess.Popen(command, cwd=root, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])

    def run(
        self, command: Sequence[str], *, env: Mapping[str, str], timeout: float, **options: Any
    ) -> subprocess.CompletedProcess[bytes]:
        """Do for a migration child what ``subprocess.run`` does, which is left any other command.

        Raises:
            subprocess.TimeoutExpired: it took longer than ``timeout`` seconds, and was killed.
        """
        if command != self._child or options.keys() != {"input", "capture_output", "check"}:
            return subprocess.run(command, env=env, timeout=timeout, **options)  # noqa: PLW1510 - it is among them
        told, teller = socket.socketpair()
        with told, TemporaryFile() as asked, TemporaryFile() as out, TemporaryFile() as err, TemporaryFile() as place:
            asked.write(options["input"])
            place.write(json.dumps([str(Path.cwd()), dict(env)]).encode())
            for file in (asked, place):
                file.seek(0)
            with teller:
                files = (asked, out, err, place, teller)
                socket.send_fds(self._control, [b"."], [each.fileno() for each in files])
            status = _await(told, timeout)
            if status is None:
                raise subprocess.TimeoutExpired(command, timeout)
            for file in (out, err):
                file.seek(0)
            return subprocess.CompletedProcess(command, os.waitstatus_to_exitcode(status), out.read(), err.read())

    def close(self) -> None:
        """End the process; a child that runs is left to itself."""
        self._control.close()
        self._process.wait(PATIENCE)


def _await(told: socket.socket, timeout: float) -> int | None:
    """Return how the child has ended; None if that took longer, and it was killed."""
    child = _number(told, PATIENCE)
    try:
        return _number(told, timeout)
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        _number(told, PATIENCE)
        return None


def _number(told: socket.socket, timeout: float) -> int:
    told.settimeout(timeout)
    return int.from_bytes(told.recv(4))


def _tell(teller: int, number: int) -> None:
    os.write(teller, number.to_bytes(4))


def main(control: socket.socket) -> None:
    """Fork for each request, twice: a process that waits for the child and tells how it ended, and the child."""
    for name in MODULES:
        importlib.import_module(name)
    gc.freeze()
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGCHLD, signal.SIGINT)}
    while True:
        word, files, _, _ = socket.recv_fds(control, 1, 5)
        if not word:
            return
        if os.fork() == 0:
            break
        for each in files:
            os.close(each)
    for number, handler in before.items():
        signal.signal(number, handler)
    control.close()
    *streams, place, teller = files
    if child := os.fork():
        _tell(teller, child)
        _tell(teller, os.waitpid(child, 0)[1])
        os._exit(0)
    with os.fdopen(place, encoding="utf-8") as file:
        folder, environment = json.load(file)
    for number, each in enumerate(streams):
        os.dup2(each, number)
    for each in (*streams, teller):
        os.close(each)
    _become(folder, environment)


def _become(folder: str, environment: dict[str, str]) -> None:
    """Be as Python is that was started so. What the child raises, SystemExit included, ends it as it ends any other."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = [folder, *environment["PYTHONPATH"].split(os.pathsep)]
    importlib.invalidate_caches()
    sys.argv[:] = [CHILD]
    runpy.run_module(CHILD, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
