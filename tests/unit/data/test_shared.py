"""Reads that askers share: who gets whose answer, and what becomes of a read that nobody waits for."""

import asyncio
from collections.abc import Hashable

import pytest

from roadbed.data.shared import Shared
from roadbed.kernel.errors import Unavailable
from tests.unit.data.runway import turn


class Desk:
    """Reads that a test answers; each remembers its question."""

    def __init__(self) -> None:
        self.shared = Shared()
        self.reads: list[tuple[Hashable, asyncio.Future[str]]] = []
        self.cancelled = 0

    def ask(self, question: Hashable) -> asyncio.Task[str]:
        return asyncio.create_task(self.shared.ask(question, lambda: self._read(question)))

    async def _read(self, question: Hashable) -> str:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.reads.append((question, answer))
        try:
            return await answer
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    @property
    def asked(self) -> list[Hashable]:
        return [question for question, _ in self.reads]


async def test_who_asks_the_same_in_one_turn_shares_a_read_and_others_do_not_wait() -> None:
    desk = Desk()
    same, again, other = desk.ask("a"), desk.ask("a"), desk.ask("b")
    await turn()
    assert desk.asked == ["a", "b"]
    desk.reads[1][1].set_result("of b")
    assert await other == "of b"
    desk.reads[0][1].set_result("of a")
    assert await same is await again


async def test_who_asks_while_a_read_is_in_the_air_gets_the_next_one() -> None:
    desk = Desk()
    early = desk.ask("a")
    await turn()
    late = [desk.ask("a"), desk.ask("a")]
    await turn()
    assert desk.asked == ["a"]
    desk.reads[0][1].set_result("before the write")
    assert await early == "before the write"
    await turn()
    assert desk.asked == ["a", "a"]
    desk.reads[1][1].set_result("after the write")
    assert [await each for each in late] == ["after the write"] * 2


async def test_a_failure_is_told_to_each_and_the_next_one_asks_anew() -> None:
    desk = Desk()
    tasks = [desk.ask("a"), desk.ask("a")]
    await turn()
    desk.reads[0][1].set_exception(Unavailable("no database"))
    failures = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(failure) for failure in failures] == [Unavailable, Unavailable]
    assert failures[0] is not failures[1]
    again = desk.ask("a")
    await turn()
    desk.reads[1][1].set_result("there")
    assert await again == "there"


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 4])
async def test_a_read_is_broken_off_when_nobody_waits_any_more_and_never_stands_in_the_way(turns: int) -> None:
    desk = Desk()
    tasks = [desk.ask("a"), desk.ask("a")]
    await turn(turns)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await turn()
    assert desk.cancelled == len(desk.reads)
    again = desk.ask("a")
    await turn()
    desk.reads[-1][1].set_result("there")
    assert await again == "there"


async def test_who_leaves_takes_the_answer_from_nobody() -> None:
    desk = Desk()
    leaving, staying = desk.ask("a"), desk.ask("a")
    await turn()
    leaving.cancel()
    await turn()
    desk.reads[0][1].set_result("there")
    assert await staying == "there"
    assert desk.cancelled == 0
