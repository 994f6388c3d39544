"""The figures of README's "How fast", from the last run of the benchmark that was kept: `make docs` puts them in."""

import statistics
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench.harness.observability import OFF, VARIANTS
from bench.harness.observability import WORKS as SEEN_AT
from bench.harness.report import LOAD_BOUND, UNITS, against, describe
from bench.harness.results import Run, measured, slots_of
from bench.harness.roster import BY_NAME
from bench.harness.tables import amount, table
from bench.harness.targets import Verdict, judge_all

ROOT = Path(__file__).resolve().parent.parent
LATEST = ROOT / "bench" / "results" / "latest.json"
BEGIN = "<!-- From bench/results/latest.json, by `make docs`: change nothing here. -->\n"
END = "<!-- The end of what `make docs` writes. -->\n"

CONNECTIONS = 32
WORKS = {"create": "create", "create-hot": "create, all on one account", "get": "get by id", "list": "list of 30"}


def with_figures(readme: str) -> str:
    """Return README with the figures of the last run between the two marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("README has lost the marks between which the figures stand")
    return f"{before}{BEGIN}\n{figures(msgspec.json.decode(LATEST.read_bytes(), type=Run))}\n{END}{after}"


def figures(run: Run) -> str:
    """Return the tables of one run, and what it says of the targets, met and missed alike."""
    verdicts = judge_all(measured(run))
    facts, effort = run.facts, run.effort
    how = (
        f"Measured {facts['time'][:10]} on {facts['cores']} cores ({facts['cpu']}), {effort['rounds']} turns of "
        f"{effort['seconds']} s each where a target is decided, {effort['other_rounds']} elsewhere."
    )
    parts = [
        "Requests per second (medians):",
        _rates(run),
        "Medians of the ratios of neighbouring turns, and what is promised:",
        _ratios([verdict for verdict in verdicts if verdict.target.kind == "rate"]),
        "\n".join(_line(verdict) for verdict in verdicts if verdict.target.kind != "rate"),
        _cost_of_being_seen(run),
        how,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _cost_of_being_seen(run: Run) -> str:
    """Return what is kept of the rate with each kind of observation; nothing where that was not measured."""
    rows: list[tuple[str, ...]] = []
    kinds = [variant.name for variant in VARIANTS if variant.name != OFF]
    for result in run.parts:
        if result.name in SEEN_AT:
            cells = (f"{amount(result.facts[f'{kind} ×'])} ×" for kind in kinds)
            rows.append((WORKS[SEEN_AT[result.name]], *cells))
    words = "What is kept of the rate with everything off (SQLite, 32 connections):"
    return f"{words}\n\n{table(('', *kinds), rows)}" if rows else ""


def _rates(run: Run) -> str:
    rows: list[tuple[str, ...]] = []
    marked = False
    for name, contender in BY_NAME.items():
        cells: list[str] = []
        for work in WORKS:
            slots = [slot for each, number, slot in slots_of(run, name) if (each, number) == (work, CONNECTIONS)]
            bound = bool(slots) and statistics.median(slot.load_core for slot in slots) > LOAD_BOUND
            marked = marked or bound
            cells.append((amount(statistics.median(slot.rate for slot in slots)) if slots else "") + "*" * bound)
        title = contender.title
        rows.append((f"**{title}**" if title.startswith("Roadbed") else title, *cells))
    note = "\n\n\\* The core of the load and of PostgreSQL was busy all the time: that server may do more." * marked
    return table(("", *WORKS.values()), [row for row in rows if any(row[1:])]) + note


def _ratios(verdicts: list[Verdict]) -> str:
    pairs = dict.fromkeys((verdict.target.ours, verdict.target.peer) for verdict in verdicts)
    works = [work for work in WORKS if any(verdict.target.work == work for verdict in verdicts)]
    rows: list[tuple[str, ...]] = []
    for ours, peer in pairs:
        found = {verdict.target.work: verdict for verdict in verdicts if _sides(verdict) == (ours, peer)}
        cells = [_cell(found[work]) if work in found else "" for work in works]
        rows.append((f"{BY_NAME[ours].title} : {BY_NAME[peer].title}", *cells))
    return table(("", *(WORKS[work] for work in works)), rows)


def _sides(verdict: Verdict) -> tuple[str, str]:
    return verdict.target.ours, verdict.target.peer


def _line(verdict: Verdict) -> str:
    other = against(verdict.target)
    return f"- {describe(verdict.target)}{f', against {other}' if other else ''}: {_cell(verdict)}"


def _cell(verdict: Verdict) -> str:
    return " ".join(_words(verdict))


def _words(verdict: Verdict) -> Iterator[str]:
    target, unit = verdict.target, UNITS[verdict.target.kind]
    if verdict.measured is None:
        yield "not measured"
    else:
        yield f"{amount(verdict.measured.median)}{unit}"
        if not verdict.met:
            yield "**not met**"
    yield f"({'≥' if target.at_least else '≤'} {target.bound:g}{unit})"
