"""What is measured, in which order, for how long: decided before anything runs, as data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import msgspec

from bench.harness.contender import Routes
from bench.harness.errors import BenchError
from bench.harness.roster import BY_NAME
from bench.harness.targets import TARGETS, Target

WORKS = ("create", "create-hot", "get", "list", "lists", "ping", "kv-put", "kv-get")
OF_VALUES = ("kv-put", "kv-get")
AT_32_ALONE = ("lists", *OF_VALUES)
CONNECTIONS = (1, 32, 256)
WARM_UP_CONNECTIONS = 32
# Measured on two cores: what a turn costs beyond its seconds (wrk's start and end, the books), what a pair costs beyond
# its turns (two starts, the check, the seed), and what a contender's time alone takes.
SLOT_OVERHEAD = 0.4  # seconds
PAIR_OVERHEAD = 15.0  # seconds
ALONE_OVERHEAD = 6.0  # seconds


class Pair(msgspec.Struct, frozen=True):
    """Two contenders that are measured in turns. ``whole``: at all works and connections, not the targets' alone."""

    ours: str
    peer: str
    whole: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        return (self.ours,) if self.ours == self.peer else (self.ours, self.peer)


PAIRS: tuple[Pair, ...] = (
    Pair("roadbed", "pocketbase"),
    Pair("roadbed", "limit", whole=False),
    Pair("roadbed-postgres", "limit-postgres", whole=False),
    Pair("declared", "roadbed", whole=False),
    Pair("declared-postgres", "roadbed-postgres", whole=False),
    Pair("roadbed-postgres", "fastify"),
    Pair("roadbed-postgres", "fastapi"),
    Pair("roadbed", "fastapi", whole=False),
    Pair("roadbed-postgres", "express"),
    Pair("roadbed-postgres", "django"),
)


class Effort(msgspec.Struct, frozen=True):
    """How long and how often. ``seconds`` and ``rounds`` hold where a target is decided, ``other_*`` elsewhere.

    ``readings``, ``items``: rows of the files that are imported; ``feed_seconds``: for how long changes are made under
    watchers; ``holding_seconds``: for how long pings are sent under an ingest of each format.
    """

    seconds: int = 2
    rounds: int = 5
    other_seconds: int = 1
    other_rounds: int = 2
    paced_seconds: int = 3
    paced_rounds: int = 3
    restarts: int = 3
    readings: int = 500_000
    feed_seconds: int = 10
    items: int = 50_000
    holding_seconds: int = 3


QUICK = Effort(
    seconds=1,
    rounds=2,
    other_seconds=1,
    other_rounds=1,
    paced_seconds=2,
    paced_rounds=1,
    restarts=1,
    readings=200_000,
    feed_seconds=5,
    items=20_000,
    holding_seconds=1,
)


class Step(msgspec.Struct, frozen=True):
    """One work at one number of connections, in ``rounds`` turns of each contender of a pair."""

    work: str
    connections: int
    seconds: int
    rounds: int


def pairs_of(only: Sequence[str], known: Collection[str]) -> list[Pair]:
    """Return the pairs among the named contenders; of all of them if none is named.

    Names that no pair connects are measured against the first one; a single name is measured alone.
    """
    unknown = [name for name in only if name not in known]
    if unknown:
        raise BenchError(f"unknown contender {unknown[0]}; known: {', '.join(known)}")
    if not only:
        return list(PAIRS)
    chosen = [pair for pair in PAIRS if pair.ours in only and pair.peer in only]
    paired = {name for pair in chosen for name in pair.names}
    alone = [name for name in only if name not in paired]
    if len(only) == 1:
        return [Pair(only[0], only[0])]
    return chosen + [Pair(only[0], name) for name in alone if name != only[0]]


def steps(pair: Pair, works: Collection[str], connections: Collection[int], effort: Effort) -> Iterator[Step]:
    """Yield what is measured of a pair, work by work: what both do."""
    decided = {(target.work, target.connections) for target in rate_targets(pair)}
    missing = () if all(BY_NAME[name].routes.kv for name in pair.names) else OF_VALUES
    for work in WORKS:
        for number in CONNECTIONS:
            if work not in works or number not in connections or work in missing:
                continue
            if work in AT_32_ALONE and number != WARM_UP_CONNECTIONS:
                continue
            if (work, number) in decided:
                yield Step(work, number, effort.seconds, effort.rounds)
            elif pair.whole:
                yield Step(work, number, effort.other_seconds, effort.other_rounds)


def rate_targets(pair: Pair) -> list[Target]:
    return [
        target for target in TARGETS if target.kind == "rate" and (target.ours, target.peer) == (pair.ours, pair.peer)
    ]


def duration(pairs: Sequence[Pair], works: Collection[str], connections: Collection[int], effort: Effort) -> float:
    """Estimate how long a run takes, in seconds."""
    alone = ALONE_OVERHEAD * len({name for pair in pairs for name in pair.names})
    return alone + sum(pair_duration(pair, list(steps(pair, works, connections, effort)), effort) for pair in pairs)


def pair_duration(pair: Pair, planned: Sequence[Step], effort: Effort) -> float:
    sides = len(pair.names)
    slots = sum((step.seconds + SLOT_OVERHEAD) * step.rounds * sides for step in planned)
    warm_ups = len({step.work for step in planned}) * sides * (1 + SLOT_OVERHEAD)
    paced = (effort.paced_seconds + 1) * effort.paced_rounds * sides if has_paced(pair, planned) else 0.0
    return PAIR_OVERHEAD + slots + warm_ups + paced


def has_paced(pair: Pair, planned: Sequence[Step]) -> bool:
    """Half of the full load is known once creates were measured at the connections of the target."""
    return pair.whole and any((step.work, step.connections) == ("create", WARM_UP_CONNECTIONS) for step in planned)


def script(work: str, routes: Routes, files: dict[str, Path], seed: int) -> tuple[str, tuple[str, ...]]:
    """Return wrk's script for a work and the script's arguments. ``files``: accounts, hot, ids and keys."""
    if work in {"create", "create-hot"}:
        accounts = files["hot" if work == "create-hot" else "accounts"]
        return "create.lua", (routes.create, str(accounts), str(seed))
    if work in OF_VALUES:
        return "put.lua" if work == "kv-put" else "get.lua", (routes.kv, str(files["keys"]), str(seed))
    if work == "get":
        return "get.lua", (routes.get, str(files["ids"]), str(seed))
    if work == "lists":
        return "lists.lua", (routes.newest, str(seed))
    return "fetch.lua", (routes.newest if work == "list" else routes.ping,)
