"""A process of its own that asks a ledger.

It reads a task from stdin, writes ``ready``, begins when it reads a second line, and writes its report. Task and report
are a line of JSON each.
"""

import asyncio
import random
import sys

import msgspec

from roadbed.domains.ledger.model import Transaction
from roadbed.domains.ledger.service import Posted
from tests.integration.ledger.databases import opened
from tests.integration.ledger.programs import Create, Floor, Move, Player, Step, Undo, Wave, World

WIDTH = 32
"""Requests at once, as many as busy clients of one process have open."""


class Task(msgspec.Struct, frozen=True):
    """What to ask: ``waves`` times ``WIDTH`` random steps from ``seed`` on, in a world that other workers share."""

    url: str
    world: World
    seed: int
    waves: int


class Report(msgspec.Struct, frozen=True):
    """What was answered: first answers, repeated and replayed ones, and the refusals by their kind."""

    fresh: list[tuple[Transaction, ...]]
    again: list[tuple[Transaction, ...]]
    refused: dict[str, int]


def random_step(source: random.Random, world: World) -> Step:
    """Return a step that any worker may ask."""
    account = source.randrange(len(world.accounts))
    chosen = source.choice([None, source.randrange(len(world.chosen))])
    key = source.choice([None, source.randrange(1000)])
    match source.randrange(10):
        case 0:
            return Undo(source.randrange(10_000), key)
        case 1:
            return Floor(account, source.choice([None, -50, -5]))
        case 2 | 3 | 4:
            target = (account + source.randrange(1, len(world.accounts))) % len(world.accounts)
            return Move(account, target, source.randrange(1, 20), chosen, key)
        case _:
            return Create(account, source.randrange(-9, 12), chosen, key)


def wave_of(source: random.Random, world: World, number: int) -> Wave:
    """Return one half that every worker asks in the same wave, and one half of this worker's own."""
    everybodys = random.Random(number)
    shared = [random_step(everybodys, world) for _ in range(WIDTH // 2)]
    return shared + [random_step(source, world) for _ in range(WIDTH // 2)]


async def work(task: Task) -> Report:
    """Ask, and note the answers."""
    source = random.Random(task.seed)
    fresh: list[tuple[Transaction, ...]] = []
    again: list[tuple[Transaction, ...]] = []
    refused: dict[str, int] = {}
    async with opened(task.url) as one:
        player = Player(one.ledger, task.world)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        for number in range(task.waves):
            for answer in await player.play_wave(wave_of(source, task.world, number)):
                if isinstance(answer, Posted):
                    (again if answer.repeated or answer.replayed else fresh).append(answer.legs)
                elif isinstance(answer, Exception):
                    kind = getattr(answer, "kind", answer.slug)
                    refused[kind] = refused.get(kind, 0) + 1
    return Report(fresh, again, refused)


def main() -> None:
    task = msgspec.json.decode(sys.stdin.readline(), type=Task)
    report = asyncio.run(work(task))
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")


if __name__ == "__main__":
    main()
