"""The design's promises as data, and the verdicts on them."""

from collections import Counter

import pytest

from bench.harness.parts import PART_BY_NAME
from bench.harness.plan import CONNECTIONS, PAIRS, WORKS
from bench.harness.ratios import Ratio
from bench.harness.roster import BY_NAME
from bench.harness.targets import TARGETS, Target, judge, judge_all

CREATE = Target("rate", "roadbed", 3.0, "pocketbase", "create")
P99 = Target("paced-p99", "roadbed-postgres", 1.0, "fastify", "create")
START = Target("start", "roadbed", 1.0)


def ratio(median: float) -> Ratio:
    return Ratio(median, median - 0.1, median + 0.1, 5)


@pytest.mark.parametrize(
    ("target", "median", "met"),
    [
        (CREATE, 3.0, True),
        (CREATE, 2.99, False),
        (CREATE, 4.2, True),
        (P99, 1.0, True),
        (P99, 1.01, False),
        (P99, 0.3, True),
        (START, 0.9, True),
        (START, 1.1, False),
        (Target("part", "cached-list", 0.7), 0.71, True),
        (Target("part", "cached-list", 0.7), 0.69, False),
        (Target("delay", "feed", 0.5), 0.51, False),
        (Target("delay", "feed", 0.5), 0.06, True),
    ],
)
def test_rates_and_parts_have_a_floor_and_all_else_a_ceiling(target: Target, median: float, met: bool) -> None:
    assert judge(target, ratio(median)).met is met


def test_the_median_decides_not_the_luckiest_pair() -> None:
    assert judge(CREATE, Ratio(median=2.9, low=1.0, high=9.0, pairs=5)).met is False


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert judge(CREATE, None).met is None


def test_every_target_gets_a_verdict_in_the_design_s_order() -> None:
    verdicts = judge_all({TARGETS[0]: ratio(5.0)})

    assert [verdict.target for verdict in verdicts] == list(TARGETS)
    assert [verdict.met for verdict in verdicts] == [True] + [None] * (len(TARGETS) - 1)


def test_the_promises_of_the_design() -> None:
    promised = {(target.ours, target.peer, target.work): target.bound for target in TARGETS if target.kind == "rate"}

    assert promised == {
        ("roadbed", "pocketbase", "create"): 3.0,
        ("roadbed", "pocketbase", "get"): 3.0,
        ("roadbed-postgres", "fastify", "create"): 1.2,
        ("roadbed-postgres", "fastify", "get"): 1.2,
        ("roadbed-postgres", "fastify", "create-hot"): 3.0,
        ("roadbed-postgres", "fastapi", "create"): 12.0,
        ("roadbed-postgres", "fastapi", "get"): 12.0,
        ("roadbed", "fastapi", "create"): 12.0,
        ("roadbed", "fastapi", "get"): 12.0,
        ("roadbed", "limit", "create"): 0.6,
        ("roadbed", "limit", "get"): 0.6,
        ("roadbed-postgres", "limit-postgres", "create"): 0.6,
        ("roadbed-postgres", "limit-postgres", "get"): 0.6,
        ("declared", "roadbed", "create"): 0.9,
        ("declared", "roadbed", "get"): 0.9,
        ("declared-postgres", "roadbed-postgres", "create"): 0.9,
        ("declared-postgres", "roadbed-postgres", "get"): 0.9,
    }
    others = {(target.kind, target.ours): target.bound for target in TARGETS if target.kind != "rate"}
    assert others == {
        ("paced-p99", "roadbed-postgres"): 1.0,
        ("start", "roadbed"): 1.0,
        ("start", "roadbed-postgres"): 1.0,
        ("memory", "roadbed"): 120.0,
        ("memory", "roadbed-postgres"): 120.0,
        ("part", "cached-list"): 0.7,
        ("part", "import-postgres"): 0.6,
        ("part", "import-sqlite"): 0.6,
        ("part", "statistics"): 0.9,
        ("part", "statistics-postgres"): 0.9,
        ("part", "observability-create"): 0.75,
        ("part", "observability-get"): 0.75,
        ("delay", "feed"): 0.5,
        ("delay", "feed-postgres"): 0.5,
    }


def test_no_target_is_there_twice() -> None:
    assert set(Counter(TARGETS).values()) == {1}


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_every_target_is_measured_by_a_whole_run(target: Target) -> None:
    assert target.ours in (PART_BY_NAME if target.kind in {"part", "delay"} else BY_NAME)
    if target.kind in {"rate", "paced-p99"}:
        pair = next(pair for pair in PAIRS if (pair.ours, pair.peer) == (target.ours, target.peer))
        assert target.work in WORKS
        assert target.connections in CONNECTIONS
        # Half of the full load is only looked at in a whole pair.
        assert pair.whole or target.kind == "rate"
