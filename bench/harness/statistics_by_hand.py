"""Statistics over a range of time, against a bare application that runs the same SQL on the same rows."""

from __future__ import annotations

from bench.harness import processes, readings, seed
from bench.harness.contender import Place
from bench.harness.errors import NotTheSameWork
from bench.harness.ground import Ground
from bench.harness.imports import load, prepare
from bench.harness.parts import Part
from bench.harness.results import PartResult
from bench.harness.roster import limit, roadbed
from bench.harness.served import fetch, placed, running, turn

PATH = "/measurements/stats/"
PING = "/ping"
ASKED = 1_000
COMPARED = 20


def measure(part: Part, ground: Ground) -> PartResult:
    """Ask both for the same days of the same signals, in turns."""
    result = PartResult(part.name)
    core, seconds = ground.cores.server, ground.effort.seconds
    with placed(part, ground) as place:
        folder = place.data.parent
        files = readings.write(folder, readings.MONTH)
        prepare(place, files, core)
        load(place, (files.messy,), core)
        asked = readings.days(ASKED)
        paths = seed.write_lines(folder / "days.txt", asked)
        by_hand = Place(processes.free_port(), place.data, place.database_url)
        with (
            running(roadbed(place), place.port, folder / "roadbed.log", core, PING) as ours,
            running(limit(by_hand, "limit.statistics:app"), by_hand.port, folder / "by-hand.log", core, PING) as peer,
        ):
            compare(ours.port, peer.port, asked[:COMPARED])
            for number in range(ground.effort.rounds + 1):
                for server, rates in ((ours, result.ours), (peer, result.peer)):
                    arguments = (PATH, str(paths), str(number))
                    slot = turn(server, "get.lua", arguments, ground.cores, seconds if number else 1)
                    if number:  # the first turn warms up
                        rates.append(slot.rate)
                        result.facts["busiest load core"] = max(
                            result.facts.get("busiest load core", 0.0), slot.load_core
                        )
    return result


def compare(ours: int, peer: int, asked: list[str]) -> None:
    """Refuse another answer: both must say the same, byte by byte."""
    for each in asked:
        answers = [fetch(port, PATH + each) for port in (ours, peer)]
        if answers[0] != answers[1]:
            raise NotTheSameWork(f"{each}: {answers[0]!r} is not {answers[1]!r}")
