"""The command line: ``python -m bench [setup]``."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from types import FrameType

import msgspec

from bench.harness import machine, measure, parts, plan, report, setup
from bench.harness.cores import Cores, choose
from bench.harness.errors import BenchError
from bench.harness.ground import Ground
from bench.harness.parts import PART_BY_NAME, Part
from bench.harness.plan import CONNECTIONS, QUICK, WARM_UP_CONNECTIONS, WORKS, Effort
from bench.harness.postgres import Cluster, binaries
from bench.harness.results import STRANGERS, Run, measured, others_used
from bench.harness.roster import BY_NAME
from bench.harness.targets import judge_all

RESULTS = Path(__file__).parent.parent / "results"

KNOWN = (*BY_NAME, *PART_BY_NAME)

EXIT_PROBLEM = 1
EXIT_USAGE = 2
EXIT_MISSED = 3


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(
        prog="python -m bench",
        description="The same work on Roadbed and on its peers: interleaved turns, medians of ratios.",
        epilog="Exit status: 0 measured; 1 something went wrong with a contender; 2 the benchmark cannot run; "
        "3 with --strict, a target is missed or was not measured.",
    )
    words.add_argument("step", nargs="?", choices=["run", "setup"], default="run", help="setup installs the contenders")
    words.add_argument("--only", type=_names, default=[], metavar="A,B", help=f"of {', '.join(KNOWN)}")
    words.add_argument("--work", type=_names, metavar="W,…", help=f"of {', '.join(WORKS)} (all, and all parts)")
    words.add_argument("--connections", type=_numbers, metavar="N,…", help="of 1, 32, 256 (all; with --quick 32)")
    words.add_argument("--seconds", type=int, help=f"per turn where a target is decided ({Effort().seconds})")
    words.add_argument("--rounds", type=int, help=f"turns of each contender there ({Effort().rounds})")
    words.add_argument("--quick", action="store_true", help="few and short turns, a look and no evidence")
    words.add_argument("--database-on", choices=["load", "server"], default="load", help="PostgreSQL's core (load)")
    words.add_argument(
        "--save",
        action="store_true",
        help="write results/latest.* too, which is committed, if the run is fit as evidence",
    )
    words.add_argument("--strict", action="store_true", help="fail when a target is missed or was not measured")
    words.add_argument("--plan", action="store_true", help="print what would be measured and how long it takes")
    return words


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _numbers(text: str) -> list[int]:
    return [int(name) for name in _names(text)]


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    # A polite kill must take the servers down too: it unwinds like Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if options.step == "setup":
            setup.install(say)
            return 0
        return _run(options)
    except BenchError as error:
        say(f"bench: {error}")
        return EXIT_USAGE
    except KeyboardInterrupt:
        say("bench: interrupted; nothing was written")
        return 130


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run(options: argparse.Namespace) -> int:
    if options.connections is None:
        options.connections = [WARM_UP_CONNECTIONS] if options.quick else list(CONNECTIONS)
    _refuse_unknown(options)
    effort = _effort(options)
    pairs, skipped = _available(_pairs(options.only))
    works = list(WORKS) if options.work is None else options.work
    planned = [(pair, list(plan.steps(pair, works, options.connections, effort))) for pair in pairs]
    planned = [(pair, steps) for pair, steps in planned if steps]
    chosen = parts.parts_of(options.only, options.work)
    seconds = plan.duration([pair for pair, _ in planned], works, options.connections, effort)
    minutes = (seconds + parts.duration(chosen, effort)) / 60
    for name, reason in skipped.items():
        say(f"left out: {name}: {reason}")
    say(f"{len(planned)} pairs, {len(chosen)} parts, about {minutes:.0f} minutes")
    if options.plan:
        for pair, steps in planned:
            say(f"{' and '.join(pair.names)}: " + ", ".join(f"{s.work}@{s.connections}×{s.rounds}" for s in steps))
        for part in chosen:
            say(f"{part.name}: {part.title}{f' against {part.against}' if part.against else ''}")
        return 0
    if not planned and not chosen:
        raise BenchError("nothing to measure")
    cores = choose(options.database_on)
    # From here on this process stays off the server's core, as all it starts inherits unless told otherwise.
    os.sched_setaffinity(0, {cores.load})
    run = _measure(planned, chosen, skipped, cores, effort)
    text = report.markdown(run)
    print(text)
    evident = _write(run, text, options.save)
    return _status(run, options.strict) if evident else EXIT_PROBLEM


def _pairs(only: Sequence[str]) -> list[plan.Pair]:
    """Return the pairs among the named contenders; parts that are named beside them are none."""
    unknown = [name for name in only if name not in KNOWN]
    if unknown:
        raise BenchError(f"unknown contender or part {unknown[0]}; known: {', '.join(KNOWN)}")
    contenders = [name for name in only if name in BY_NAME]
    return plan.pairs_of(contenders, BY_NAME) if contenders or not only else []


def _refuse_unknown(options: argparse.Namespace) -> None:
    for given, known, what in ((options.work or (), WORKS, "work"), (options.connections, CONNECTIONS, "connections")):
        for each in given:
            if each not in known:
                raise BenchError(f"unknown {what} {each}; known: {', '.join(map(str, known))}")


def _effort(options: argparse.Namespace) -> Effort:
    effort = QUICK if options.quick else Effort()
    given = {name: getattr(options, name) for name in ("seconds", "rounds") if getattr(options, name) is not None}
    if any(value < 1 for value in given.values()):
        raise BenchError("seconds and rounds start at 1")
    return msgspec.structs.replace(effort, **given)


def _available(pairs: Sequence[plan.Pair]) -> tuple[list[plan.Pair], dict[str, str]]:
    reasons = {name: BY_NAME[name].missing() for pair in pairs for name in pair.names}
    skipped = {name: reason for name, reason in reasons.items() if reason}
    return [pair for pair in pairs if not skipped.keys() & set(pair.names)], skipped


def _measure(
    planned: Sequence[tuple[plan.Pair, list[plan.Step]]],
    chosen: Sequence[Part],
    skipped: dict[str, str],
    cores: Cores,
    effort: Effort,
) -> Run:
    folder = Path(tempfile.mkdtemp(prefix="roadbed-bench-"))
    folder.chmod(0o711)  # PostgreSQL's user walks through
    try:
        contenders = [BY_NAME[name] for name in dict.fromkeys(name for pair, _ in planned for name in pair.names)]
        uses_postgres = any(each.store == "postgresql" for each in (*contenders, *chosen))
        postgres = machine.output(str(binaries() / "postgres"), "--version").split()[2] if uses_postgres else ""
        facts = machine.facts(folder, cores, contenders, postgres)
        run = Run(facts=facts, effort=msgspec.to_builtins(effort), skipped=skipped)
        with Cluster(folder / "cluster", cores.database) if uses_postgres else nullcontext() as cluster:
            ground = Ground(folder, cores, cluster, effort, say)
            measure.everything(run, planned, ground)
            measure.parts(run, chosen, ground)
        return run
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unfit(run: Run) -> str:
    """Return why a run is no evidence; an empty text if it is."""
    if run.problems:
        return "there were problems"
    if run.skipped:
        return f"left out: {', '.join(run.skipped)}"
    return f"others used {others_used(run):.0%} of the cores" if others_used(run) > STRANGERS else ""


def _write(run: Run, text: str, save: bool) -> bool:
    """Write the run's own files; as the latest evidence too, if that is wished and it is some. Return whether all
    that was wished was written."""
    RESULTS.mkdir(exist_ok=True)
    reason = unfit(run) if save else ""
    for stem in [run.facts["time"].replace(":", ""), *(["latest"] if save and not reason else [])]:
        (RESULTS / f"{stem}.md").write_text(text)
        (RESULTS / f"{stem}.json").write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n")
        say(f"written: bench/results/{stem}.md and .json")
    if reason:
        say(f"bench: not saved as the latest: {reason}")
    return not reason


def _status(run: Run, strict: bool) -> int:
    if run.problems:
        return EXIT_PROBLEM
    missed = [verdict for verdict in judge_all(measured(run)) if not verdict.met]
    return EXIT_MISSED if strict and missed else 0
