"""The speed targets of the design, as data, and the verdict on each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from bench.harness.ratios import Ratio

Kind = Literal["rate", "paced-p99", "start", "memory", "part", "delay"]

ROADBED = "roadbed"
ON_POSTGRES = "roadbed-postgres"


class Target(msgspec.Struct, frozen=True):
    """One promise.

    kind       what is compared: requests per second (``rate``), the 99th percentile of creates at half of one's own
               full load (``paced-p99``), seconds from start to first reply (``start``), resident bytes when idle
               (``memory``), what a part makes against its other half (``part``), seconds until all watchers have a
               change (``delay``)
    ours       a contender, or for the last two a part
    bound      the least ratio to the peer for ``rate`` and ``part``; the greatest for ``paced-p99``; the greatest value
               in seconds or megabytes (10^6 bytes) for the others
    """

    kind: Kind
    ours: str
    bound: float
    peer: str = ""
    work: str = ""
    connections: int = 32

    @property
    def at_least(self) -> bool:
        """Whether more is better."""
        return self.kind in {"rate", "part"}


class Verdict(msgspec.Struct, frozen=True):
    """A target, what was measured of it, and whether that is enough; ``met`` is None where nothing was measured."""

    target: Target
    measured: Ratio | None
    met: bool | None


def _rates(bound: float, peer: str, ours: Sequence[str], works: Sequence[str]) -> tuple[Target, ...]:
    return tuple(Target("rate", name, bound, peer, work) for name in ours for work in works)


TARGETS: tuple[Target, ...] = (
    *_rates(3.0, "pocketbase", [ROADBED], ["create", "get"]),
    *_rates(1.2, "fastify", [ON_POSTGRES], ["create", "get"]),
    *_rates(3.0, "fastify", [ON_POSTGRES], ["create-hot"]),
    *_rates(12.0, "fastapi", [ON_POSTGRES, ROADBED], ["create", "get"]),
    *_rates(0.6, "limit", [ROADBED], ["create", "get"]),
    *_rates(0.6, "limit-postgres", [ON_POSTGRES], ["create", "get"]),
    *_rates(0.9, "roadbed", ["declared"], ["create", "get"]),
    *_rates(0.9, "roadbed-postgres", ["declared-postgres"], ["create", "get"]),
    Target("paced-p99", ON_POSTGRES, 1.0, "fastify", "create"),
    Target("start", ROADBED, 1.0),
    Target("start", ON_POSTGRES, 1.0),
    Target("memory", ROADBED, 120.0),
    Target("memory", ON_POSTGRES, 120.0),
    Target("part", "cached-list", 0.7),
    Target("part", "import-postgres", 0.6),
    Target("part", "import-sqlite", 0.6),
    Target("part", "statistics", 0.9),
    Target("part", "statistics-postgres", 0.9),
    Target("part", "observability-create", 0.75),
    Target("part", "observability-get", 0.75),
    Target("delay", "feed", 0.5),
    Target("delay", "feed-postgres", 0.5),
)


def judge(target: Target, measured: Ratio | None) -> Verdict:
    """Compare the median: a single lucky or unlucky pair decides nothing."""
    if measured is None:
        return Verdict(target, None, None)
    enough = measured.median >= target.bound if target.at_least else measured.median <= target.bound
    return Verdict(target, measured, enough)


def judge_all(measured: Mapping[Target, Ratio]) -> list[Verdict]:
    """Return a verdict on every target, in the order of the design."""
    return [judge(target, measured.get(target)) for target in TARGETS]
