"""From turns to the figures that targets are judged by."""

import msgspec
import pytest

from bench.harness.pace import Paced
from bench.harness.processes import Memory
from bench.harness.results import (
    Alone,
    Cell,
    Half,
    PairResult,
    PartResult,
    Run,
    Slot,
    cell_ratio,
    measured,
    others_used,
    paced_of,
    part_ratio,
    slots_of,
)
from bench.harness.targets import TARGETS, Target


def slot(rate: float) -> Slot:
    return Slot(rate=rate, p50=3.0, p99=10.0, bad=0, server_core=1.0, load_core=0.5)


def paced(p99: float) -> Paced:
    return Paced(rate=100.0, sent=300, bad=0, p50=1.0, p99=p99, max=p99, own_delay=0.1)


def run_of(*pairs: PairResult, alone: tuple[Alone, ...] = ()) -> Run:
    return Run(facts={}, effort={}, alone=list(alone), pairs=list(pairs))


def target(kind: str, ours: str, work: str = "", peer: str = "") -> Target:
    return next(each for each in TARGETS if (each.kind, each.ours, each.work, each.peer) == (kind, ours, work, peer))


def test_turns_are_compared_in_pairs() -> None:
    cell = Cell("create", 32, [slot(30.0), slot(40.0)], [slot(10.0), slot(10.0)])
    found = cell_ratio(cell)

    assert found is not None
    assert (found.median, found.low, found.high) == (3.5, 3.0, 4.0)


@pytest.mark.parametrize(
    "cell",
    [
        Cell("create", 32),
        Cell("create", 32, [slot(1.0)], []),
        Cell("create", 32, [slot(1.0)], [slot(0.0)]),
    ],
)
def test_without_a_second_half_there_is_no_ratio(cell: Cell) -> None:
    assert cell_ratio(cell) is None


def test_a_rate_target_reads_the_cell_it_names() -> None:
    cells = [
        Cell("create", 1, [slot(1.0)], [slot(1.0)]),
        Cell("create", 32, [slot(30.0)], [slot(10.0)]),
        Cell("get", 32, [slot(80.0)], [slot(20.0)]),
    ]
    found = measured(run_of(PairResult("roadbed", "pocketbase", cells=cells)))

    assert found[target("rate", "roadbed", "create", "pocketbase")].median == 3.0
    assert found[target("rate", "roadbed", "get", "pocketbase")].median == 4.0
    assert len(found) == 2


def test_the_other_engine_s_cells_are_not_taken_for_it() -> None:
    cells = [Cell("create", 32, [slot(30.0)], [slot(10.0)])]

    assert measured(run_of(PairResult("roadbed-postgres", "pocketbase", cells=cells))) == {}


def test_latency_at_half_load_is_compared_in_pairs_too() -> None:
    half = Half([paced(4.0), paced(9.0), paced(5.0)], [paced(8.0), paced(9.0), paced(20.0)])
    found = measured(run_of(PairResult("roadbed-postgres", "fastify", half=half)))

    assert found[target("paced-p99", "roadbed-postgres", "create", "fastify")].median == 0.5


def test_start_and_memory_come_from_the_time_alone() -> None:
    alone = Alone("roadbed", first_start=0.9, starts=[0.3, 0.2, 0.4], memory=Memory(50_000_000, 40_000_000))
    found = measured(run_of(alone=(alone,)))

    assert found[target("start", "roadbed")].median == 0.3
    # What one process maps counts in full, whoever shares it.
    assert found[target("memory", "roadbed")].median == 50.0


def test_a_contender_s_turns_are_gathered_over_its_pairs() -> None:
    run = run_of(
        PairResult("roadbed", "pocketbase", cells=[Cell("get", 32, [slot(3.0)], [slot(1.0)])]),
        PairResult("roadbed", "limit", cells=[Cell("get", 32, [slot(4.0)], [slot(5.0)])]),
    )

    assert [found.rate for _, _, found in slots_of(run, "roadbed")] == [3.0, 4.0]
    assert [found.rate for _, _, found in slots_of(run, "limit")] == [5.0]


def test_half_load_is_gathered_on_both_sides() -> None:
    run = run_of(
        PairResult("fastify", "express", half=Half([paced(1.0)], [paced(2.0)])),
        PairResult("roadbed-postgres", "fastify", half=Half([paced(3.0)], [paced(4.0)])),
    )

    assert [each.p99 for each in paced_of(run, "fastify")] == [1.0, 4.0]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (PartResult("import-sqlite", [30.0, 40.0], [10.0, 10.0]), (3.5, 3.0, 4.0)),
        (PartResult("import-sqlite", [0.06, 0.08, 0.05]), (0.06, 0.05, 0.08)),
    ],
)
def test_a_part_is_a_ratio_or_speaks_for_itself(part: PartResult, expected: tuple[float, ...]) -> None:
    found = part_ratio(part)

    assert found is not None
    assert (found.median, found.low, found.high) == expected


def test_a_part_that_was_not_measured_has_no_figure() -> None:
    assert part_ratio(PartResult("feed")) is None


def test_a_part_s_target_reads_the_part_it_names() -> None:
    run = Run({}, {}, parts=[PartResult("feed", [0.06]), PartResult("statistics", [9.0], [10.0])])

    assert {found.ours: ratio.median for found, ratio in measured(run).items()} == {"feed": 0.06, "statistics": 0.9}


def test_strangers_count_before_a_part_too() -> None:
    assert others_used(Run({}, {}, parts=[PartResult("feed", others=0.3)])) == 0.3


def test_a_run_survives_its_file() -> None:
    alone = Alone("roadbed", first_start=0.9, starts=[0.3], memory=Memory(2, 1))
    run = run_of(PairResult("roadbed", "limit", cells=[Cell("get", 32, [slot(4.0)], [])]), alone=(alone,))

    assert msgspec.json.decode(msgspec.json.encode(run), type=Run) == run
