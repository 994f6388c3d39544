"""Whatever is asked at once, at one door or at two: the books are right, and say what every client was told."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given

from roadbed.kernel.errors import Refused, RoadbedError
from tests.integration.ledger.books import account_for, audit, read_books
from tests.integration.ledger.databases import Opened, opened
from tests.integration.ledger.programs import LONG, SHORT, Answer, Player, Wave, World, new_world, waves


@pytest.fixture(params=[1, 2], ids=["one-door", "two-doors"])
async def doors(request: pytest.FixtureRequest, ledger_url: str) -> AsyncGenerator[list[Opened]]:
    """The same database, opened once or twice: two doors know of each other no more than two processes do."""
    async with opened(ledger_url) as first, opened(ledger_url) as second:
        yield [first, second][: request.param]


async def play_together(doors: list[Opened], program: list[Wave], world: World) -> list[Answer]:
    """Ask the steps of each wave at once, at the doors in turn; all players hear what one hears."""
    players = [Player(door.ledger, world) for door in doors]
    for player in players:
        player.told = players[0].told
    answers: list[Answer] = []
    for wave in program:
        asked = [players[place % len(players)].play(step) for place, step in enumerate(wave)]
        answers += await asyncio.gather(*asked)
    return answers


async def check(doors: list[Opened], program: list[Wave]) -> None:
    world = new_world()
    answers = await play_together(doors, program, world)
    # Nobody was turned away by what others did: each was written, or refused for a reason of its own.
    assert [answer for answer in answers if isinstance(answer, RoadbedError) and not isinstance(answer, Refused)] == []
    books = await read_books(doors[0].database, world.accounts)
    audit(books)
    account_for(books, answers)


@SHORT
@given(program=waves(most=4, width=12))
async def test_what_is_asked_at_once(doors: list[Opened], program: list[Wave]) -> None:
    await check(doors, program)


@pytest.mark.soak
@LONG
@given(program=waves(most=12, width=40))
async def test_what_is_asked_at_once_for_long(doors: list[Opened], program: list[Wave]) -> None:
    await check(doors, program)
