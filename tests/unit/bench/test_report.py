"""A run as tables."""

import msgspec
import pytest

from bench.harness import report
from bench.harness.pace import Paced
from bench.harness.plan import Effort
from bench.harness.processes import Memory
from bench.harness.ratios import Ratio
from bench.harness.results import Alone, Cell, Half, PairResult, PartResult, Run, Slot
from bench.harness.targets import Target, judge

FACTS = {
    "time": "2026-01-02T03:04:05Z",
    "cpu": "Some CPU",
    "cores": 2,
    "placement": "server on core 0, load on core 1, PostgreSQL on core 1",
    "memory_gib": 23.5,
    "kernel": "Linux 6.1",
    "disk": {"file_system": "ext4", "fsync_median_us": 160, "fsync_p99_us": 300},
    "commit": "abc123",
    "versions": {"python": "3.11.7", "node": ""},
}


def slot(rate: float, load_core: float = 0.5) -> Slot:
    return Slot(rate=rate, p50=3.0, p99=10.0, bad=0, server_core=1.0, load_core=load_core)


@pytest.fixture
def run() -> Run:
    half = Half(
        [Paced(rate=100, sent=10, bad=0, p50=1.0, p99=4.0, max=5.0, own_delay=0.1)],
        [Paced(rate=100, sent=10, bad=0, p50=2.0, p99=8.0, max=9.0, own_delay=0.1)],
    )
    cells = [
        Cell("create", 32, [slot(9000.0), slot(9300.0), slot(9100.0)], [slot(3000.0), slot(3000.0), slot(3000.0)]),
        Cell("get", 32, [slot(16000.0)], [slot(5000.0)]),
    ]
    return Run(
        facts=FACTS,
        effort=msgspec.to_builtins(Effort()),
        alone=[
            Alone("roadbed", 0.5, [0.25, 0.2, 0.3], Memory(53_000_000, 37_000_000)),
            Alone("pocketbase", 0.03, [0.02], Memory(40_000_000, 31_000_000)),
        ],
        pairs=[PairResult("roadbed", "pocketbase", cells=cells, half=half)],
    )


def line_with(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_target_shows_promise_measure_spread_and_verdict(run: Run) -> None:
    row = cells_of(line_with(report.markdown(run), "| Roadbed, embedded: create at 32 "))

    assert row == ["Roadbed, embedded: create at 32", "PocketBase", "≥ 3.00 ×", "3.03 ×", "3.00 × – 3.10 ×", "3", "met"]


@pytest.mark.parametrize(
    ("target", "median", "promised", "shown", "word"),
    [
        (Target("rate", "roadbed", 3.0, "pocketbase", "get"), 2.0, "≥ 3.00 ×", "2.00 ×", "NOT MET"),
        (Target("paced-p99", "roadbed-postgres", 1.0, "fastify", "create"), 0.5, "≤ 1.00 ×", "0.50 ×", "met"),
        (Target("start", "roadbed", 1.0), 1.2, "≤ 1.00 s", "1.20 s", "NOT MET"),
        (Target("memory", "roadbed", 120.0), 53.0, "≤ 120 MB", "53.0 MB", "met"),
    ],
)
def test_each_kind_of_target_has_its_unit(target: Target, median: float, promised: str, shown: str, word: str) -> None:
    row = cells_of(report.targets([judge(target, Ratio(median, median, median, 1))]).splitlines()[2])

    assert (row[2], row[3], row[6]) == (promised, shown, word)


def test_what_was_not_measured_is_said(run: Run) -> None:
    row = cells_of(line_with(report.markdown(run), "| Roadbed on PostgreSQL: create-hot at 32"))

    assert row[-1] == "not measured"


def test_rates_are_medians_in_the_order_of_the_roster(run: Run) -> None:
    text = report.markdown(run)
    rates = text[text.index("At 32 connections") :]

    assert cells_of(line_with(rates, "| Roadbed, embedded ")) == ["Roadbed, embedded", "9,100", "", "16,000", *[""] * 5]
    assert rates.index("| Roadbed, embedded ") < rates.index("| PocketBase ")


def test_numbers_of_connections_without_turns_have_no_table(run: Run) -> None:
    assert "At 256 connections" not in report.markdown(run)


def test_a_busy_load_core_is_marked(run: Run) -> None:
    run.pairs[0].cells.append(Cell("ping", 32, [slot(30000.0, load_core=0.99)], [slot(9000.0)]))
    text = report.markdown(run)

    assert "30,000*" in text
    assert "9,000*" not in text
    assert "was busy all the time" in text


def test_latency_memory_and_start(run: Run) -> None:
    text = report.markdown(run)
    row = cells_of(line_with(text[text.index("## Latency") :], "| Roadbed, embedded "))

    assert row[1:] == ["3.00 / 10.0 ms", "1.00 / 4.00 ms", "53 / 37 MB", "0.25 s", "0.50 s"]


def test_a_machine_that_others_use_is_named_as_such(run: Run) -> None:
    assert "Not a quiet machine" not in report.markdown(run)
    run.pairs[0].others = 0.4
    assert "up to 40% of the cores" in report.markdown(run)


def test_a_part_shows_both_sides_and_what_else_was_seen(run: Run) -> None:
    run.parts.append(PartResult("statistics", [900.0, 950.0], [1000.0, 1000.0], {"busiest load core": 1.0}))
    text = report.markdown(run)
    target = cells_of(line_with(text, "| Roadbed, embedded: statistics"))
    part = cells_of(line_with(text[text.index("## Parts") :], "| Roadbed, embedded: statistics"))

    assert target[1:] == ["the same SQL by hand", "≥ 0.90 ×", "0.93 ×", "0.90 × – 0.95 ×", "2", "met"]
    assert part[1:] == ["925/s", "the same SQL by hand", "1,000/s"]
    assert "Seen: busiest load core 1.00." in line_with(text, "- Roadbed, embedded: statistics")


def test_a_part_without_another_half_is_a_figure(run: Run) -> None:
    run.parts.append(PartResult("feed", [0.06]))
    row = cells_of(line_with(report.markdown(run), "| Roadbed, embedded: a change to all"))

    assert row[1:] == ["", "≤ 0.50 s", "0.060 s", "0.060 s – 0.060 s", "1", "met"]


def test_parts_alone_are_a_report_too() -> None:
    alone = Run(facts=FACTS, effort=msgspec.to_builtins(Effort()), parts=[PartResult("feed", [0.06])])
    text = report.markdown(alone)

    assert "## Parts" in text
    assert "## Requests per second" not in text


def test_problems_and_absent_contenders_are_told(run: Run) -> None:
    run.problems.append("PocketBase: 5 creates were acknowledged, but 4 rows were added")
    run.problems.append("Fastify + pg: the server ended with 1:\nError: no port")
    run.skipped["django"] = "gunicorn is not installed"
    text = report.markdown(run)

    assert "- PocketBase: 5 creates" in text
    assert "- Fastify + pg: the server ended with 1:\n      Error: no port" in text
    assert "- django: gunicorn is not installed" in text


def test_a_sound_run_has_no_such_parts(run: Run) -> None:
    text = report.markdown(run)

    assert "## Problems" not in text
    assert "## Left out" not in text


def test_facts_leave_out_what_is_not_installed(run: Run) -> None:
    line = line_with(report.markdown(run), "- Versions:")

    assert line == "- Versions: python 3.11.7."
