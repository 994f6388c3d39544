"""Who reads many rows lets others run in between."""

import asyncio

import pytest

from roadbed.resource.transfer import turns
from roadbed.resource.transfer.turns import Turns


def test_a_turn_is_over_when_its_time_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [10.0]
    monkeypatch.setattr(turns, "perf_counter", lambda: clock[0])
    mine = Turns()
    assert not mine.over
    clock[0] += turns.HOLD / 2
    assert not mine.over
    clock[0] += turns.HOLD
    assert mine.over


async def test_others_run_meanwhile_and_the_next_turn_begins_after_them(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [10.0]
    monkeypatch.setattr(turns, "perf_counter", lambda: clock[0])
    mine, seen = Turns(), list[str]()

    async def other() -> None:
        seen.append("other")
        clock[0] += 1

    task = asyncio.create_task(other())
    await mine.give()
    assert (seen, mine.over) == (["other"], False)
    await task
