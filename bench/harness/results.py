"""What a run leaves behind: plain records, written as JSON and read by the report."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

import msgspec

from bench.harness.pace import Paced
from bench.harness.processes import Memory
from bench.harness.ratios import Ratio, of_pairs
from bench.harness.targets import TARGETS, Target


class Slot(msgspec.Struct, frozen=True):
    """One turn of one contender. ``rate``: good replies per second; ``p50``, ``p99``: milliseconds under full load;
    ``bad``: refused or lost requests; ``server_core``, ``load_core``: share of the time in which it worked."""

    rate: float
    p50: float
    p99: float
    bad: int
    server_core: float
    load_core: float


class Cell(msgspec.Struct):
    """One work at one number of connections: a turn of ours, a turn of the peer, and so on."""

    work: str
    connections: int
    ours: list[Slot] = []
    peer: list[Slot] = []


class Half(msgspec.Struct):
    """Creates at half of each one's own full load, in turns."""

    ours: list[Paced] = []
    peer: list[Paced] = []


class PairResult(msgspec.Struct):
    """Two contenders in turns. ``others``: the share of the two cores that strangers used just before."""

    ours: str
    peer: str
    others: float = 0.0
    cells: list[Cell] = []
    half: Half = msgspec.field(default_factory=Half)


class Alone(msgspec.Struct):
    """A contender by itself. ``first_start``, ``starts``: seconds to the first 200, on an empty database and on its own
    later; ``memory``: of all its processes, without the database server's, when idle after its start."""

    name: str
    first_start: float
    starts: list[float]
    memory: Memory


class PartResult(msgspec.Struct):
    """A part, a figure per turn: of Roadbed's, and of what it is held against. The unit is the part's; more is better
    but for seconds. ``facts``: what else was seen, by name. ``others``: as in ``PairResult``."""

    name: str
    ours: list[float] = []
    peer: list[float] = []
    facts: dict[str, float] = {}
    others: float = 0.0


class Run(msgspec.Struct):
    """Everything. ``problems`` are in words; a run with problems proves nothing about the contenders they name."""

    facts: dict[str, Any]
    effort: dict[str, Any]
    alone: list[Alone] = []
    pairs: list[PairResult] = []
    parts: list[PartResult] = []
    skipped: dict[str, str] = {}
    problems: list[str] = []


# What others may use of the two cores before a run stops being evidence.
STRANGERS = 0.05


def others_used(run: Run) -> float:
    """Return the greatest share of the cores that strangers used just before a pair or a part."""
    return max((each.others for each in (*run.pairs, *run.parts)), default=0.0)


def cell_ratio(cell: Cell) -> Ratio | None:
    """Compare requests per second; None where a side is missing or answered nothing."""
    ours = [slot.rate for slot in cell.ours]
    theirs = [slot.rate for slot in cell.peer]
    if not ours or len(ours) != len(theirs) or min(theirs) <= 0:
        return None
    return of_pairs(ours, theirs)


def measured(run: Run) -> dict[Target, Ratio]:
    """Return what the run says of each target that it covers."""
    found = ((target, _measure(run, target)) for target in TARGETS)
    return {target: ratio for target, ratio in found if ratio is not None}


def part_ratio(part: PartResult) -> Ratio | None:
    """Compare turn by turn; where there is no other half, return the figures themselves."""
    if not part.ours:
        return None
    return of_pairs(part.ours, part.peer) if part.peer else _spread(part.ours)


def _measure(run: Run, target: Target) -> Ratio | None:
    if target.kind in {"part", "delay"}:
        return next((part_ratio(part) for part in run.parts if part.name == target.ours), None)
    if target.kind in {"start", "memory"}:
        values = [
            value
            for alone in run.alone
            if alone.name == target.ours
            for value in (alone.starts if target.kind == "start" else [alone.memory.resident / 1e6])
        ]
        return _spread(values) if values else None
    for pair in run.pairs:
        if (pair.ours, pair.peer) != (target.ours, target.peer):
            continue
        if target.kind == "paced-p99":
            return half_ratio(pair.half)
        for cell in pair.cells:
            if (cell.work, cell.connections) == (target.work, target.connections):
                return cell_ratio(cell)
    return None


def half_ratio(half: Half) -> Ratio | None:
    if not half.ours or len(half.ours) != len(half.peer):
        return None
    return of_pairs([paced.p99 for paced in half.ours], [paced.p99 for paced in half.peer])


def _spread(values: list[float]) -> Ratio:
    return Ratio(statistics.median(values), min(values), max(values), len(values))


def slots_of(run: Run, name: str) -> Iterator[tuple[str, int, Slot]]:
    """Yield (work, connections, slot) of a contender over all its pairs."""
    for pair in run.pairs:
        for cell in pair.cells:
            for owner, slots in ((pair.ours, cell.ours), (pair.peer, cell.peer)):
                if owner == name:
                    yield from ((cell.work, cell.connections, slot) for slot in slots)


def paced_of(run: Run, name: str) -> list[Paced]:
    """Return a contender's turns at half of its full load, over all its pairs."""
    sides = [(pair.ours, pair.half.ours) for pair in run.pairs] + [(pair.peer, pair.half.peer) for pair in run.pairs]
    return [paced for owner, turns in sides if owner == name for paced in turns]
