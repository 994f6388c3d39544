"""What it costs to be seen: the same service with metrics, logs and traces, against itself with everything off."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import msgspec

from bench.harness import seed
from bench.harness.contender import Place, Routes
from bench.harness.errors import NotTheSameWork
from bench.harness.ground import Ground
from bench.harness.parts import Part
from bench.harness.plan import script
from bench.harness.processes import Command, Server, free_port
from bench.harness.ratios import of_pairs
from bench.harness.results import PartResult
from bench.harness.roster import ROOT, roadbed
from bench.harness.served import fetch, placed, running, turn

PING = "/ping"
OFF, SHIPPED = "off", "metrics and logs"
WORKS = {"observability-create": "create", "observability-get": "get"}


class Variant(msgspec.Struct, frozen=True):
    """The service as it is started once: ``settings`` are its variables; ``traced``: it sends spans to the sink."""

    name: str
    settings: Mapping[str, str] = {}
    traced: bool = False


_NO_LINES = {"ROADBED_ACCESS_LOG_SAMPLE": "0"}

VARIANTS = (
    Variant(OFF, {"ROADBED_METRICS": "false", "ROADBED_STATISTICS_EVERY": "0", **_NO_LINES}),
    Variant("metrics", _NO_LINES),
    Variant(SHIPPED),
    Variant("and 1 % traced", {"ROADBED_TRACE_SAMPLE": "0.01"}, traced=True),
    Variant("and all traced", {"ROADBED_TRACE_SAMPLE": "1.0"}, traced=True),
)


def measure(part: Part, ground: Ground) -> PartResult:
    """Load all of them in turns; what each keeps of the rate without anything is a fact."""
    rates: dict[str, list[float]] = {variant.name: [] for variant in VARIANTS}
    busiest = 0.0
    with placed(part, ground) as place, ExitStack() as stack:
        folder = place.data.parent
        sink = stack.enter_context(_sink(folder, ground.cores.load))
        servers = {
            variant.name: stack.enter_context(_service(variant, folder, sink.port, ground.cores.server))
            for variant in VARIANTS
        }
        files = {name: _seeded(server, folder / name.replace(" ", "-")) for name, server in servers.items()}
        for number in range(ground.effort.rounds + 1):
            for name, server in servers.items():
                lua, arguments = script(WORKS[part.name], Routes(), files[name], number)
                slot = turn(server, lua, arguments, ground.cores, ground.effort.seconds if number else 1)
                if number:  # the first turn warms up
                    rates[name].append(slot.rate)
                    busiest = max(busiest, slot.load_core)
        sent = int(fetch(sink.port, "/"))
    if not sent:
        raise NotTheSameWork("no span has reached the sink: nothing was traced")
    return result_of(part.name, rates, {"busiest load core": busiest, "MB of spans": sent / 1e6})


def result_of(name: str, rates: Mapping[str, list[float]], facts: Mapping[str, float]) -> PartResult:
    """Compare every variant with the one that has everything off, turn by turn."""
    off = rates[OFF]
    kept = {f"{variant} ×": of_pairs(each, off).median for variant, each in rates.items() if variant != OFF}
    spread = max(off) / min(off) if off else 1.0
    return PartResult(name, list(rates[SHIPPED]), list(off), {**kept, **facts, "spread of off ×": spread})


def _sink(folder: Path, core: int) -> AbstractContextManager[Server]:
    port = free_port()
    command = Command((sys.executable, "-m", "bench.harness.otlp_sink", str(port)), {}, ROOT)
    return running(command, port, folder / "sink.log", core, "/")


def _service(variant: Variant, folder: Path, sink: int, core: int) -> AbstractContextManager[Server]:
    own = folder / variant.name.replace(" ", "-")
    data = own / "data"
    data.mkdir(parents=True)
    place = Place(free_port(), data, "")
    settings = dict(variant.settings)
    if variant.traced:
        settings["ROADBED_OTLP_ENDPOINT"] = f"http://127.0.0.1:{sink}"
    return running(roadbed(place, extra=settings), place.port, own / "output.log", core, PING)


def _seeded(server: Server, folder: Path) -> dict[str, Path]:
    """Create what is looked up; return the files that the scripts of the load read."""
    known = seed.accounts()
    ids = seed.transactions(server.port, Routes(), known)
    return {
        "accounts": seed.write_lines(folder / "accounts.txt", known),
        "ids": seed.write_lines(folder / "ids.txt", ids),
    }
