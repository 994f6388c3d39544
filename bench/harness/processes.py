"""Servers as child processes: started on a core of their own, watched, measured, stopped with all they started."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bench.harness.cores import pinned
from bench.harness.errors import ContenderFailed, NotInstalled

START_TIMEOUT = 60.0  # seconds
STOP_TIMEOUT = 15.0  # seconds
PREPARE_TIMEOUT = 120.0  # seconds
POLL_INTERVAL = 0.002  # seconds: the resolution of start-up times
LOG_TAIL = 15  # lines


class Command(msgspec.Struct, frozen=True):
    """A program with its arguments, what its environment holds besides the plain one, and where it runs."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = {}
    folder: Path | None = None


class Memory(msgspec.Struct, frozen=True):
    """Bytes. ``resident`` counts a page once per process that maps it, ``proportional`` splits it among them."""

    resident: int
    proportional: int


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return a plain environment: what the caller's shell has set must not reach one contender and not another."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return plain | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"} | dict(extra)


def program(name: str, advice: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotInstalled(f"{name} is missing: {advice}")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(command: Command, log: Path, core: int) -> None:
    """Run a command to its end, its output appended to ``log``."""
    with log.open("ab") as output:
        done = subprocess.run(
            command.argv,
            env=environment(command.environment),
            cwd=command.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=pinned(core),
            timeout=PREPARE_TIMEOUT,
            check=False,
        )
    if done.returncode != 0:
        raise ContenderFailed(f"`{Path(command.argv[0]).name}` ended with {done.returncode}:\n{tail(log)}")


def output_of(command: Command, core: int) -> str:
    """Run a command to its end; return what it printed on its standard output."""
    done = subprocess.run(
        command.argv,
        env=environment(command.environment),
        cwd=command.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=pinned(core),
        timeout=PREPARE_TIMEOUT,
        check=False,
    )
    if done.returncode != 0:
        last = "\n".join((done.stderr or done.stdout).splitlines()[-LOG_TAIL:])
        raise ContenderFailed(f"`{Path(command.argv[0]).name}` ended with {done.returncode}:\n{last}")
    return done.stdout


class Server:
    """One contender's process, in a session of its own: signals reach it and all it started, and nobody else."""

    def __init__(self, command: Command, port: int, log: Path, core: int) -> None:
        self.port = port
        self.log = log
        self._output = log.open("ab")
        self._started = time.perf_counter()
        self._process = subprocess.Popen(
            command.argv,
            env=environment(command.environment),
            cwd=command.folder,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=pinned(core),  # noqa: PLW1509 (this process has one thread)
        )

    def wait_until_up(self, path: str) -> float:
        """Wait for the first 200 on ``path``; return the seconds since the process was started."""
        while True:
            if self._process.poll() is not None:
                raise ContenderFailed(f"the server ended with {self._process.returncode}:\n{tail(self.log)}")
            elapsed = time.perf_counter() - self._started
            if answers(self.port, path):
                return elapsed
            if elapsed > START_TIMEOUT:
                raise ContenderFailed(f"no answer within {START_TIMEOUT:.0f} s:\n{tail(self.log)}")
            time.sleep(POLL_INTERVAL)

    def alive(self) -> bool:
        return self._process.poll() is None

    def memory(self) -> Memory:
        """Return what this process and its descendants hold."""
        parts = [memory_of(pid) for pid in descendants(self._process.pid)]
        return Memory(sum(part.resident for part in parts), sum(part.proportional for part in parts))

    def stop(self) -> None:
        """Ask politely, wait, then insist."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # Also when the first process has gone: a worker of its own may have stayed.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._output.close()


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def descendants(root: int) -> list[int]:
    """Return a process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # The command's name stands in parentheses and may hold anything: fields count from the last one.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def memory_of(pid: int) -> Memory:
    """Return what one process holds; nothing for one that has gone."""
    with contextlib.suppress(OSError):
        return parse_memory(Path(f"/proc/{pid}/smaps_rollup").read_text())
    return Memory(0, 0)


def parse_memory(rollup: str) -> Memory:
    """Read the text of ``/proc/<pid>/smaps_rollup``, which counts in KiB."""
    sizes = {line.split()[0]: int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.endswith(" kB")}
    return Memory(sizes["Rss:"], sizes["Pss:"])


def tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL:])
