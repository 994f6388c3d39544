"""Closing a flight: nobody else gets on board, everybody on board or in the queue gets an answer."""

import asyncio
from typing import Any

import pytest

from roadbed.kernel.errors import OutcomeUnknown, Unavailable
from tests.unit.data.runway import Tower, echo, turn


async def test_an_idle_flight_closes_at_once() -> None:
    tower = Tower()
    await tower.flight.close(timeout=60)
    with pytest.raises(Unavailable, match="shutting down"):
        tower.flight.join(1)


async def test_what_has_just_arrived_still_flies() -> None:
    tower = Tower(fly=echo)
    (future,) = tower.join(1)
    await tower.flight.close(timeout=60)
    assert await future == 1


async def test_all_that_waits_flies_before_the_end() -> None:
    tower = Tower(capacity=2)
    futures = tower.join(1, 2, 3, 4, 5)
    await turn()
    closing = asyncio.ensure_future(tower.flight.close(timeout=60))
    await turn()
    assert not closing.done()
    for _ in range(3):
        await tower.runway.land()
    await closing
    assert [future.result() for future in futures] == [1, 2, 3, 4, 5]


async def test_nobody_gets_on_board_of_a_closing_flight() -> None:
    tower = Tower()
    tower.join(1)
    await turn()
    closing = asyncio.ensure_future(tower.flight.close(timeout=60))
    await turn()
    with pytest.raises(Unavailable, match="shutting down"):
        tower.join(2)
    await tower.runway.land()
    await closing


async def test_when_time_is_up_who_flies_and_who_waits_hear_what_is_true_of_them() -> None:
    tower = Tower()
    (flies,) = tower.join(1)
    await turn()
    (waits,) = tower.join(2)
    await tower.flight.close(timeout=0)
    with pytest.raises(OutcomeUnknown, match="the outcome is unknown"):
        await flies
    with pytest.raises(Unavailable, match="nothing was written") as refused:
        await waits
    assert (type(refused.value), tower.runway.flown, tower.flight.depth) == (Unavailable, [[1]], 0)


async def test_who_has_just_arrived_when_there_is_no_time_is_told() -> None:
    tower = Tower()
    (waits,) = tower.join(1)
    await tower.flight.close(timeout=0)
    await turn()
    with pytest.raises(Unavailable, match="nothing was written"):
        await waits
    assert tower.runway.flown == []


async def test_a_flight_that_does_not_break_off_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roadbed.data.flights._TIME_TO_BREAK_OFF", 0.01)
    release = asyncio.Event()

    async def stubborn(items: list[Any]) -> list[Any]:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return items

    tower = Tower(fly=stubborn)
    (future,) = tower.join(1)
    await turn()
    await tower.flight.close(timeout=0)
    assert not future.done()
    release.set()
    assert await future == 1


async def test_closing_twice_is_harmless() -> None:
    tower = Tower(fly=echo)
    (future,) = tower.join(1)
    await asyncio.gather(tower.flight.close(timeout=60), tower.flight.close(timeout=60))
    await tower.flight.close(timeout=60)
    assert future.result() == 1


async def test_when_the_event_loop_ends_nobody_is_left_waiting() -> None:
    tower = Tower()
    (flies,) = tower.join(1)
    await turn()
    (waits,) = tower.join(2)
    # What ``asyncio.run`` does at its end.
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await turn()
    assert (type(flies.exception()), type(waits.exception())) == (OutcomeUnknown, Unavailable)
    assert tower.runway.flown == [[1]]
