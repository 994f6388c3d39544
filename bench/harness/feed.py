"""Changes to a thousand watchers: how long until the last one has it, and what the server holds meanwhile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.harness.cores import busy_share, pinned, ticks
from bench.harness.errors import ContenderFailed
from bench.harness.ground import Ground
from bench.harness.parts import Part
from bench.harness.processes import Server, environment, tail
from bench.harness.results import PartResult
from bench.harness.roster import ROOT, roadbed
from bench.harness.served import placed, running
from bench.harness.watchers import Plan, Seen

WATCHERS = 1_000
RATE = 200.0  # changes per second
PING = "/ping"
# A process takes a thousand connections unless told otherwise; those that make the changes come on top.
ROOM = {"ROADBED_MAX_CONNECTIONS": str(2 * WATCHERS)}


def measure(part: Part, ground: Ground) -> PartResult:
    """Make changes for some seconds under a thousand watchers; each of them must be told each change once, in order."""
    result = PartResult(part.name)
    cores = ground.cores
    with placed(part, ground) as place:
        log = place.data.parent / "output.log"
        with running(roadbed(place, extra=ROOM), place.port, log, cores.server, PING) as server:
            result.facts["MB idle"] = _megabytes(server)
            plan = Plan(place.port, WATCHERS, RATE, ground.effort.feed_seconds)
            with _watching(plan, log.with_name("watchers.log"), cores.load) as watchers:
                watchers.expect("ready")
                result.facts["MB watched, at the start"] = _megabytes(server)
                before = ticks()
                watchers.tell("go")
                seen = msgspec.json.decode(watchers.line(), type=Seen)
                after = ticks()
                result.facts["MB watched, at the end"] = _megabytes(server)
    result.ours.append(seen.max)
    result.facts |= {
        "changes": seen.changes,
        "p50 s": seen.p50,
        "p99 s": seen.p99,
        "generator late s": seen.late,
        "server core": busy_share(before, after, cores.server),
        "load core": busy_share(before, after, cores.load),
    }
    return result


def _megabytes(server: Server) -> float:
    return server.memory().resident / 1e6


class _Watchers:
    """The process of the clients, which speaks in lines."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def line(self) -> str:
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if not said:
            raise ContenderFailed(tail(self._log))
        return said.strip()

    def expect(self, wanted: str) -> None:
        if (said := self.line()) != wanted:
            raise ContenderFailed(f"the watchers said {said!r}, not {wanted!r}")

    def tell(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()


@contextmanager
def _watching(plan: Plan, log: Path, core: int) -> Generator[_Watchers, None, None]:
    """Yield the process of the clients; it ends with its input, at the latest here."""
    argv = (sys.executable, "-m", "bench.harness.watchers", msgspec.json.encode(plan).decode())
    with (
        log.open("wb") as output,
        subprocess.Popen(
            argv,
            env=environment({}),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            preexec_fn=pinned(core),  # noqa: PLW1509 (this process has one thread)
        ) as process,
    ):
        try:
            yield _Watchers(process, log)
        finally:
            process.kill()
