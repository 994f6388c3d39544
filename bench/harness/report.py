"""A run as tables: the targets first, then what everybody did."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from bench.harness.parts import PART_BY_NAME
from bench.harness.plan import CONNECTIONS, WORKS
from bench.harness.ratios import Ratio
from bench.harness.results import STRANGERS, Run, measured, others_used, paced_of, slots_of
from bench.harness.roster import BY_NAME
from bench.harness.tables import amount, table
from bench.harness.targets import Target, Verdict, judge_all

# Above this share of its time, the core that makes the load may be what is measured.
LOAD_BOUND = 0.95
# Above this delay of the generator's own, in milliseconds, latencies say more about it than about the server.
OWN_DELAY = 1.0

UNITS = {"rate": " ×", "paced-p99": " ×", "start": " s", "memory": " MB", "part": " ×", "delay": " s"}


def markdown(run: Run) -> str:
    """Return the whole report."""
    parts = [
        "# Roadbed and its peers, on the same work",
        _facts(run.facts, run.effort),
        _quiet(run),
        "## Targets",
        targets(judge_all(measured(run))),
        *_contenders(run),
        *_parts(run),
    ]
    if run.skipped:
        parts += ["## Left out", "\n".join(f"- {name}: {reason}" for name, reason in run.skipped.items())]
    if run.problems:
        parts += ["## Problems", "\n".join(_problem(problem) for problem in run.problems)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _contenders(run: Run) -> list[str]:
    if not run.alone:
        return []
    return [
        "## Requests per second",
        *(_rates(run, number) for number in CONNECTIONS if _names(run, number)),
        "## Latency, memory, start-up",
        _other(run),
        "## What each contender is",
        _notes(run),
    ]


def _problem(text: str) -> str:
    first, *rest = text.splitlines()
    return "\n".join([f"- {first}", *(f"      {line}" for line in rest)])


def targets(verdicts: Sequence[Verdict]) -> str:
    """Return the table of targets: promise, what was measured with its spread, and the verdict."""
    head = ("target", "against", "promised", "measured", "spread", "pairs", "verdict")
    return table(head, [_target_row(verdict) for verdict in verdicts], left=2)


def _target_row(verdict: Verdict) -> tuple[str, ...]:
    target, ratio = verdict.target, verdict.measured
    word = {True: "met", False: "NOT MET", None: "not measured"}[verdict.met]
    figures = (_figure(target, ratio.median), _spread(target, ratio), str(ratio.pairs)) if ratio else ("", "", "")
    return (describe(target), against(target), _promise(target), *figures, word)


def against(target: Target) -> str:
    """Return what a target's figure is held against; an empty text where it speaks for itself."""
    if target.ours in PART_BY_NAME:
        return PART_BY_NAME[target.ours].against
    return BY_NAME[target.peer].title if target.peer else ""


def describe(target: Target) -> str:
    if target.ours in PART_BY_NAME:
        return PART_BY_NAME[target.ours].title
    name = BY_NAME[target.ours].title
    return {
        "rate": f"{name}: {target.work} at {target.connections}",
        "paced-p99": f"{name}: p99 of {target.work} at half load",
        "start": f"{name}: start to first reply",
        "memory": f"{name}: memory when idle",
    }[target.kind]


def _promise(target: Target) -> str:
    return f"{'≥' if target.at_least else '≤'} {_figure(target, target.bound)}"


def _figure(target: Target, value: float) -> str:
    return f"{amount(value)}{UNITS[target.kind]}"


def _spread(target: Target, ratio: Ratio) -> str:
    return f"{_figure(target, ratio.low)} – {_figure(target, ratio.high)}"


def _names(run: Run, connections: int | None = None) -> list[str]:
    """Return the contenders that were measured, in the order of the roster."""
    seen = {
        name for name in BY_NAME for _, number, _ in slots_of(run, name) if connections is None or number == connections
    }
    return [name for name in BY_NAME if name in seen]


def _rates(run: Run, connections: int) -> str:
    rows: list[tuple[str, ...]] = []
    marked = False
    for name in _names(run, connections):
        cells: list[str] = []
        for work in WORKS:
            slots = [slot for each, number, slot in slots_of(run, name) if (each, number) == (work, connections)]
            bound = bool(slots) and statistics.median(slot.load_core for slot in slots) > LOAD_BOUND
            marked = marked or bound
            rate = amount(statistics.median(slot.rate for slot in slots)) if slots else ""
            cells.append(f"{rate}*" if bound else rate)
        rows.append((BY_NAME[name].title, *cells))
    note = (
        "\n\n\\* the core of wrk and PostgreSQL was busy all the time: the server alone may do more" if marked else ""
    )
    plural = "s" if connections > 1 else ""
    return f"At {connections} connection{plural}:\n\n{table(('', *WORKS), rows)}{note}"


def _other(run: Run) -> str:
    head = ("", "create p50/p99 at full load", "at half load", "idle RSS/PSS", "start", "first start")
    rows: list[tuple[str, ...]] = []
    alone = {each.name: each for each in run.alone}
    late = False
    for name in [name for name in BY_NAME if name in alone]:
        full = [slot for work, number, slot in slots_of(run, name) if (work, number) == ("create", 32)]
        half = paced_of(run, name)
        late = late or any(paced.own_delay > OWN_DELAY for paced in half)
        one = alone[name]
        rows.append(
            (
                BY_NAME[name].title,
                _latency([slot.p50 for slot in full], [slot.p99 for slot in full]),
                _latency([paced.p50 for paced in half], [paced.p99 for paced in half]),
                f"{one.memory.resident / 1e6:.0f} / {one.memory.proportional / 1e6:.0f} MB",
                f"{statistics.median(one.starts):.2f} s" if one.starts else "",
                f"{one.first_start:.2f} s",
            )
        )
    text = (
        "Full load: 32 connections. Half load: creates leave by the clock at half of one's own full rate, and a "
        "latency counts from the moment its request was due. Memory: all processes of the contender, without "
        "PostgreSQL; RSS counts shared pages once per process, PSS splits them; targets look at RSS. "
        "Start: until the first reply; the first start finds an empty database."
    )
    warning = "\n\nThe generator itself was late by more than a millisecond in some turns: repeat on a quiet machine."
    return f"{text}\n\n{table(head, rows)}{warning if late else ''}"


def _parts(run: Run) -> list[str]:
    """Return the parts with their figures, and what else was seen of each."""
    if not run.parts:
        return []
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for result in run.parts:
        part = PART_BY_NAME[result.name]
        sides = [f"{amount(statistics.median(side))}{part.unit}" if side else "" for side in (result.ours, result.peer)]
        rows.append((part.title, sides[0], part.against, sides[1]))
        seen = ", ".join(f"{name} {amount(value)}" for name, value in result.facts.items())
        notes.append(f"- {part.title}: {part.note}." + (f" Seen: {seen}." if seen else ""))
    head = ("", "Roadbed", "against", "it makes")
    return ["## Parts against the least that could do it", table(head, rows), "\n".join(notes)]


def _latency(p50: Sequence[float], p99: Sequence[float]) -> str:
    return f"{amount(statistics.median(p50))} / {amount(statistics.median(p99))} ms" if p50 else ""


def _notes(run: Run) -> str:
    measured_ones = {each.name for each in run.alone}
    return "\n".join(f"- {each.title}: {each.note}." for name, each in BY_NAME.items() if name in measured_ones)


def _quiet(run: Run) -> str:
    if others_used(run) <= STRANGERS:
        return ""
    return (
        f"**Not a quiet machine**: something else used up to {others_used(run):.0%} of the cores just before a pair or "
        "a part. Both halves of a pair suffer, not always alike: repeat when nothing else runs."
    )


def _facts(facts: dict[str, Any], effort: dict[str, Any]) -> str:
    disk = facts["disk"]
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items() if version)
    return f"""\
Measured {facts["time"]} at commit {facts["commit"] or "unknown"}.

- Machine: {facts["cpu"]}, {facts["cores"]} cores, {facts["memory_gib"]} GiB, {facts["kernel"]}.
- Disk: {disk["file_system"]}, 4 KiB made durable in {disk["fsync_median_us"]} µs (p99 {disk["fsync_p99_us"]} µs).
- Placement: {facts["placement"]}.
- Turns: {effort["rounds"]} of {effort["seconds"]} s each where a target is decided, {effort["other_rounds"]} of \
{effort["other_seconds"]} s elsewhere, one contender after the other; a ratio is the median of the ratios of \
neighbouring turns, its spread the least and the greatest.
- Versions: {versions}."""
