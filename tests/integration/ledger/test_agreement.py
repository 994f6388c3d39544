"""SQLite, PostgreSQL and a model of a few lines give the same answers to the same questions."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from hypothesis import example, given

from roadbed.domains.ledger.service import Ledger
from roadbed.kernel.errors import NotFound
from tests.integration.ledger.books import account_for, audit, read_books
from tests.integration.ledger.databases import Opened, opened
from tests.integration.ledger.memory import MemoryLedger
from tests.integration.ledger.programs import (
    LONG,
    SHORT,
    Answer,
    AnyLedger,
    Create,
    Floor,
    Move,
    Names,
    Player,
    Step,
    Undo,
    World,
    new_world,
    programs,
)

TICK = timedelta(microseconds=1)


@pytest.fixture
async def both(sqlite_ledger_url: str, postgres_ledger_url: str) -> AsyncGenerator[list[Opened]]:
    async with opened(sqlite_ledger_url) as sqlite, opened(postgres_ledger_url) as postgres:
        yield [sqlite, postgres]


class Run:
    """One program on one ledger: what was answered, in the ledger's own ids and in names that all share."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.answers: list[Answer] = []
        self.said: list[object] = []


async def run(ledger: AnyLedger, program: list[Step]) -> Run:
    """Ask one step after the other, then what is there."""
    world = new_world()
    names, player, noted = Names(world), Player(ledger, world), Run(world)
    for step in program:
        answer = await player.play(step)
        noted.answers.append(answer)
        noted.said.append(names.answer(answer))
    for account_id in world.accounts:
        try:
            account = await ledger.account(account_id)
        except NotFound:
            noted.said.append("none")
        else:
            noted.said.append((account.balance, account.min_balance, account.version))
    noted.said += [names.entry(await ledger.transaction(one)) for one in player.told]
    return noted


async def agree(both: list[Opened], program: list[Step]) -> None:
    """Check that both engines say what the model says, and have written what they said."""
    expected = (await run(MemoryLedger(), program)).said
    for one in both:
        actual = await run(one.ledger, program)
        assert expected == actual.said
        books = await read_books(one.database, actual.world.accounts)
        audit(books)
        account_for(books, actual.answers)


async def check_reads(ledger: Ledger, world: World) -> None:
    """Check what only the service can be asked: statements by pages, and balances at every moment."""
    for account_id in world.accounts:
        everything = (await ledger.list_transactions(1000, None, account_id, True)).items
        pages, after = [], None
        for _ in range(len(everything) // 2 + 1):
            page = await ledger.list_transactions(2, after, account_id, True)
            assert page.total == len(everything)
            pages += page.items
            after = page.next
            if after is None:
                break
        assert pages == everything
        assert [row.sequence for row in everything] == list(range(len(everything), 0, -1))
        for row in everything:
            assert (await ledger.balance_at(account_id, row.created_at)).balance == row.balance
            assert (await ledger.balance_at(account_id, row.created_at - TICK)).balance == row.balance - row.amount


@SHORT
@given(program=programs(25))
@example(program=[Create(0, -(2**63)), Undo(0), Create(0, 2**63 - 1), Create(0, 1), Undo(0), Undo(0)])
@example(program=[Move(0, 1, 5, 0), Create(2, 5, 0), Move(0, 1, 5, 0), Undo(0), Undo(1), Undo(2), Move(1, 0, 5, 0)])
@example(program=[Move(0, 1, 5, None, 0), Undo(0), Move(0, 1, 5, None, 0), Undo(2), Undo(3, 0), Undo(3, 0)])
@example(program=[Create(0, 5), Floor(0, 5), Create(0, -1, 0, 0), Floor(0, None), Create(0, -1, 0, 0), Create(0, 0, 0)])
async def test_both_engines_and_the_model_agree(both: list[Opened], program: list[Step]) -> None:
    await agree(both, program)


@SHORT
@given(program=programs(25))
async def test_pages_and_past_balances_follow_the_one_order(both: list[Opened], program: list[Step]) -> None:
    for one in both:
        await check_reads(one.ledger, (await run(one.ledger, program)).world)


@pytest.mark.soak
@LONG
@given(program=programs(60))
async def test_both_engines_and_the_model_agree_for_long(both: list[Opened], program: list[Step]) -> None:
    await agree(both, program)
