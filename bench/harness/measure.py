"""The run itself: each contender alone, then pair by pair in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack

from bench.harness import cached_list, client, feed, holding, imports, observability, rows, seed, statistics_by_hand
from bench.harness.contender import Contender
from bench.harness.cores import others
from bench.harness.errors import BenchError
from bench.harness.ground import Ground
from bench.harness.pace import Paced, pace
from bench.harness.parts import Part
from bench.harness.plan import WARM_UP_CONNECTIONS, Effort, Pair, Step, has_paced
from bench.harness.results import Alone, Cell, PairResult, PartResult, Run
from bench.harness.roster import BY_NAME
from bench.harness.stage import Stage, staged
from bench.harness.tables import amount

IDLE_AFTER = 2.0  # seconds from the first answer until a server counts as idle
WARM_UP = 1  # second
MEASURES = {
    "cached-list": cached_list.measure,
    "import": imports.measure,
    "statistics": statistics_by_hand.measure,
    "feed": feed.measure,
    "rows": rows.measure,
    "holding": holding.measure,
    "observability": observability.measure,
}
BAD_SHARE = 0.001  # of all requests: more refused ones than this make a turn unsound


def alone(contender: Contender, ground: Ground) -> Alone:
    """Start a contender by itself, on an empty database and again on its own; see what it holds when idle."""
    with staged(contender, ground.folder / f"alone-{contender.name}", ground.cores, ground.cluster) as stage:
        first = stage.start()
        stage.check()
        starts: list[float] = []
        for _ in range(ground.effort.restarts):
            stage.stop()
            starts.append(stage.start())
        time.sleep(IDLE_AFTER)
        return Alone(contender.name, first, starts, stage.memory())


def pair(pair: Pair, planned: Sequence[Step], ground: Ground) -> PairResult:
    """Measure two contenders in turns; both are up, one is loaded."""
    contenders = [BY_NAME[name] for name in pair.names]
    result = PairResult(pair.ours, pair.peer if len(contenders) == 2 else "", others(ground.cores))
    with ExitStack() as stack:
        stages = [
            stack.enter_context(staged(each, ground.folder / f"pair-{each.name}", ground.cores, ground.cluster))
            for each in contenders
        ]
        for stage in stages:
            stage.start()
            stage.check()
            stage.seed()
        warm: set[str] = set()
        for step in planned:
            if step.work not in warm:
                warm.add(step.work)
                for stage in stages:
                    stage.load(step.work, WARM_UP_CONNECTIONS, WARM_UP, turn=0)
            result.cells.append(_cell(stages, step))
            ground.say(f"  {step.work} at {step.connections}: {_rates(result.cells[-1])}")
        if has_paced(pair, planned):
            _half_load(stages, result, ground.effort)
            ground.say(f"  creates at half load, p99: {_paced(result)}")
    return result


def _cell(stages: Sequence[Stage], step: Step) -> Cell:
    cell = Cell(step.work, step.connections)
    sides = (cell.ours, cell.peer)
    for turn in range(1, step.rounds + 1):
        for stage, slots in zip(stages, sides, strict=False):
            # The same seed for both halves of a pair: the same requests.
            slots.append(stage.load(step.work, step.connections, step.seconds, turn))
    return cell


def _half_load(stages: Sequence[Stage], result: PairResult, effort: Effort) -> None:
    """Creates at half of what each was just seen to do."""
    full = next(cell for cell in result.cells if (cell.work, cell.connections) == ("create", WARM_UP_CONNECTIONS))
    known = seed.accounts()
    for turn in range(effort.paced_rounds):
        for stage, slots, turns in zip(
            stages, (full.ours, full.peer), (result.half.ours, result.half.peer), strict=False
        ):
            rate = statistics.median(slot.rate for slot in slots) / 2
            turns.append(_paced_turn(stage, known, rate, effort, turn))


def _paced_turn(stage: Stage, known: list[str], rate: float, effort: Effort, turn: int) -> Paced:
    requests = [client.request("POST", stage.contender.routes.create, body) for body in seed.bodies(known, len(known))]
    return pace(stage.place.port, requests, rate, effort.paced_seconds, seed=turn)


def _rates(cell: Cell) -> str:
    sides = [statistics.median(slot.rate for slot in slots) for slots in (cell.ours, cell.peer) if slots]
    return " against ".join(f"{rate:,.0f}/s" for rate in sides)


def _paced(result: PairResult) -> str:
    sides = [statistics.median(paced.p99 for paced in turns) for turns in (result.half.ours, result.half.peer) if turns]
    return " against ".join(f"{value:.1f} ms" for value in sides)


def unsound(result: PairResult) -> list[str]:
    """Return in words where too many requests went wrong."""
    found: list[str] = []
    for cell in result.cells:
        for name, slots in ((result.ours, cell.ours), (result.peer, cell.peer)):
            bad = sum(slot.bad for slot in slots)
            if bad > BAD_SHARE * sum(slot.rate for slot in slots):
                found.append(
                    f"{name}: {bad} requests of {cell.work} at {cell.connections} connections were not answered well"
                )
    for name, turns in ((result.ours, result.half.ours), (result.peer, result.half.peer)):
        if bad := sum(paced.bad for paced in turns):
            found.append(f"{name}: {bad} creates at half load were not answered well")
    return found


def everything(run: Run, plan: Sequence[tuple[Pair, list[Step]]], ground: Ground) -> None:
    """Fill a run. What fails is written down, and the rest goes on."""
    for name in dict.fromkeys(name for each, _ in plan for name in each.names):
        ground.say(f"{name}: start-up and memory")
        try:
            run.alone.append(alone(BY_NAME[name], ground))
        except BenchError as error:
            _note(run, str(error), ground)
    sound = {each.name for each in run.alone}
    for number, (each, planned) in enumerate(plan, start=1):
        if not sound.issuperset(each.names):
            continue
        ground.say(f"[{number}/{len(plan)}] {' and '.join(each.names)}")
        try:
            run.pairs.append(pair(each, planned, ground))
        except BenchError as error:
            _note(run, str(error), ground)
            continue
        for problem in unsound(run.pairs[-1]):
            _note(run, problem, ground)


def parts(run: Run, planned: Sequence[Part], ground: Ground) -> None:
    """Measure what stands against something else than a contender. What fails is written down, and the rest goes on."""
    for part in planned:
        ground.say(f"{part.name}")
        before = others(ground.cores)
        try:
            result = MEASURES[part.measure](part, ground)
        except BenchError as error:
            _note(run, f"{part.title}: {error}", ground)
            continue
        result.others = before
        run.parts.append(result)
        ground.say(f"  {_figures(part, result)}")


def _figures(part: Part, result: PartResult) -> str:
    sides = [f"{amount(statistics.median(side))}{part.unit}" for side in (result.ours, result.peer) if side]
    return " against ".join(sides)


def _note(run: Run, problem: str, ground: Ground) -> None:
    run.problems.append(problem)
    ground.say(f"  PROBLEM: {problem}")
