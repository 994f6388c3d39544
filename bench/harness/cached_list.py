"""A list that the cache answers, against the ping route of the same server."""

from __future__ import annotations

import msgspec

from bench.harness import client
from bench.harness.errors import NotTheSameWork
from bench.harness.ground import Ground
from bench.harness.parts import Part
from bench.harness.results import PartResult
from bench.harness.roster import roadbed
from bench.harness.served import fetch, placed, running, turn

ITEMS = 30
LIST = "/items"
PING = "/ping"
# Of two names under which the list is asked for, ours and wrk's: the host is part of what a reply is kept under.
MISSES = 2


def measure(part: Part, ground: Ground) -> PartResult:
    """Measure both in turns; the cache must have answered all but the first of each client's."""
    result = PartResult(part.name)
    with (
        placed(part, ground) as place,
        running(roadbed(place), place.port, place.data.parent / "output.log", ground.cores.server, PING) as server,
    ):
        _fill(place.port)
        for number in range(ground.effort.rounds + 1):
            sides = (result.ours, LIST), (result.peer, PING)
            for rates, path in sides:
                slot = turn(server, "fetch.lua", (path,), ground.cores, ground.effort.seconds if number else 1)
                if number:  # the first turn warms up
                    rates.append(slot.rate)
        result.facts["misses"] = misses(fetch(place.port, "/metrics").decode())
    if not 0 < result.facts["misses"] <= MISSES:
        raise NotTheSameWork(f"the cache answered all but {result.facts['misses']:.0f} lists, not all but {MISSES}")
    return result


def _fill(port: int) -> None:
    requests = [
        client.request("POST", LIST, msgspec.json.encode({"name": f"Thing to do {number}"})) for number in range(ITEMS)
    ]
    refused = [status for status, _ in client.ask_all(port, requests, 1) if status != 201]
    if refused:
        raise NotTheSameWork(f"{len(refused)} of {ITEMS} items were refused, the first with {refused[0]}")
    listed = msgspec.json.decode(fetch(port, LIST))
    if len(listed) != ITEMS:
        raise NotTheSameWork(f"{ITEMS} items were stored, {len(listed)} are listed")


def misses(metrics: str) -> float:
    """Return how many lists of items were made anew, from the text of ``/metrics``."""
    counted = [line for line in metrics.splitlines() if line.startswith("roadbed_cache_requests_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in counted if '"items' in line and '"miss"' in line)
