"""Full load: wrk, one thread on a core of its own; each connection sends as soon as it has a reply."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.harness.cores import pinned
from bench.harness.errors import BenchError
from bench.harness.processes import environment, program

SCRIPTS = Path(__file__).parent.parent / "load"
MARK = "RESULT "
REPLY_TIMEOUT = 10  # seconds: the slowest contender at 256 connections answers within it
ADVICE = "python -m bench setup, or your system's package `wrk`"


class Load(msgspec.Struct, frozen=True):
    """What wrk saw. ``duration``, ``p50``, ``p99``, ``max``: microseconds; the rest: counts."""

    requests: int
    duration: int
    bytes: int
    status: int
    connect: int
    read: int
    write: int
    timeout: int
    p50: int
    p99: int
    max: int

    @property
    def rate(self) -> float:
        """Requests per second that were answered well."""
        return (self.requests - self.status) * 1e6 / self.duration

    @property
    def bad(self) -> int:
        """Replies of 400 and above, and requests that got none."""
        return self.status + self.connect + self.read + self.write + self.timeout


def parse(output: str) -> Load:
    """Read the line that ``result.lua`` prints."""
    for line in output.splitlines():
        if line.startswith(MARK):
            try:
                return msgspec.json.decode(line.removeprefix(MARK), type=Load)
            except msgspec.MsgspecError as error:
                raise BenchError(f"wrk's result is not what result.lua should print: {line}") from error
    raise BenchError(f"wrk printed no result:\n{output.strip()}")


def command(port: int, script: str, arguments: Sequence[str], connections: int, seconds: int) -> tuple[str, ...]:
    """Build the command line; it runs in the folder of the scripts, which load one another by name."""
    return (
        program("wrk", ADVICE),
        "--threads=1",
        f"--connections={connections}",
        f"--duration={seconds}s",
        f"--timeout={REPLY_TIMEOUT}s",
        f"--script={script}",
        f"http://127.0.0.1:{port}",
        "--",
        *arguments,
    )


def run(argv: Sequence[str], core: int, seconds: int) -> Load:
    done = subprocess.run(
        argv,
        env=environment({}),
        cwd=SCRIPTS,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=pinned(core),
        timeout=seconds + REPLY_TIMEOUT + 20,
        check=False,
    )
    if done.returncode != 0:
        raise BenchError(f"wrk: {(done.stderr or done.stdout).strip()}")
    return parse(done.stdout)


def version() -> str:
    """Return wrk's own name for its version; it prints it with its help."""
    done = subprocess.run([program("wrk", ADVICE), "-v"], capture_output=True, text=True, timeout=10, check=False)
    return done.stdout.partition("Copyright")[0].strip().removeprefix("wrk ") or "unknown"
