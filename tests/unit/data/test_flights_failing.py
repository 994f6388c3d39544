"""Flights that fail, and people who leave: each hears of it once, in a way of its own."""

import asyncio
import gc
from typing import Any

import pytest

from roadbed.kernel.errors import Conflict, Unavailable
from tests.unit.data.runway import Tower, echo, turn


async def failure_of(future: asyncio.Future[Any]) -> BaseException:
    with pytest.raises(BaseException) as raised:  # noqa: PT011  the test looks at it
        await future
    return raised.value


async def test_when_the_flight_fails_all_on_board_hear_it() -> None:
    tower = Tower()
    futures = tower.join(1, 2)
    await tower.runway.land(Unavailable("the disk is gone"))
    assert [str(await failure_of(future)) for future in futures] == ["the disk is gone"] * 2


async def test_each_hears_by_an_exception_of_its_own_with_the_same_cause() -> None:
    tower = Tower()
    futures = tower.join(*range(50))
    error = Unavailable("the disk is gone")
    error.__cause__ = OSError("EIO")
    await tower.runway.land(error)
    heard = [await failure_of(future) for future in futures]
    assert len({id(one) for one in heard}) == 50
    assert {(type(one), one.__cause__) for one in heard} == {(Unavailable, error.__cause__)}


async def test_hearing_it_again_and_again_does_not_grow_it() -> None:
    tower = Tower()
    first, second = tower.join(1, 2)
    await tower.runway.land(Unavailable())

    async def depth() -> int:
        error, frames = await failure_of(first), 0
        trace = error.__traceback__
        while trace is not None:
            trace, frames = trace.tb_next, frames + 1
        return frames

    depths = [await depth() for _ in range(5)]
    assert max(depths) == depths[0]
    await failure_of(second)


async def test_the_failure_of_one_item_is_its_own() -> None:
    tower = Tower()
    futures = tower.join(1, 2, 3)
    await tower.runway.land(["one", Conflict("taken"), "three"])
    assert (await futures[0], str(await failure_of(futures[1])), await futures[2]) == ("one", "taken", "three")


@pytest.mark.parametrize("results", [[], ["one"], ["one", "two", "three"]])
async def test_with_more_or_fewer_results_nothing_is_acknowledged(results: list[str]) -> None:
    tower = Tower()
    futures = tower.join(1, 2)
    await tower.runway.land(results)
    heard = [await failure_of(future) for future in futures]
    assert [str(one) for one in heard] == [f"flight test: {len(results)} results for 2 items"] * 2


async def test_after_a_failure_the_next_flight_leaves() -> None:
    tower = Tower()
    (first,) = tower.join(1)
    await turn()
    (second,) = tower.join(2)
    await tower.runway.land(ValueError("unforeseen"))
    await tower.runway.land()
    assert (type(await failure_of(first)), await second) == (ValueError, 2)


async def test_a_failed_flight_has_landed_too() -> None:
    tower = Tower()
    futures = tower.join(1, 2)
    await tower.runway.land(ValueError())
    assert [landed.size for landed in tower.landed] == [2]
    for future in futures:
        await failure_of(future)


async def test_whoever_leaves_in_the_air_disturbs_nobody() -> None:
    tower = Tower()
    gone, stays = tower.join(1, 2)
    await turn()
    gone.cancel()
    await tower.runway.land()
    assert (gone.cancelled(), await stays) == (True, 2)


async def test_whoever_leaves_the_queue_gives_up_the_seat() -> None:
    tower = Tower(keys=lambda item: [item])
    tower.join("in the air")
    await turn()
    gone, stays = tower.join("a", "b")
    gone.cancel()
    (behind,) = tower.join("a")
    await tower.runway.land()
    await tower.runway.land()
    await tower.runway.land()
    assert tower.runway.flown == [["in the air"], ["b"], ["a"]]
    assert (await stays, await behind) == ("b", "a")


async def test_a_flight_that_all_have_left_does_not_fly() -> None:
    tower = Tower(capacity=2)
    (last,) = tower.join("in the air")
    await turn()
    for future in tower.join(1, 2, 3, 4):
        future.cancel()
    (last,) = tower.join(5)
    await tower.runway.land()
    await tower.runway.land()
    assert (tower.runway.flown, await last, tower.flight.depth) == ([["in the air"], [5]], 5, 0)


async def test_when_all_who_waited_have_left_the_flight_is_idle_again() -> None:
    tower = Tower(fly=echo)
    for future in tower.join(1, 2):
        future.cancel()
    await turn()
    assert await tower.flight.join(3) == 3
    await turn()
    assert [landed.size for landed in tower.landed] == [1]


async def test_nobody_complains_of_failures_that_nobody_awaited() -> None:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    tower = Tower()
    tower.join(1, 2)
    await tower.runway.land(ValueError("unheard"))
    tower.join(3)
    await tower.runway.land([Conflict("unheard too")])
    del tower
    gc.collect()
    await turn()
    assert complaints == []


async def test_a_subscriber_that_fails_does_not_ground_the_flight() -> None:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(str(context["exception"])))

    def fail(_: object) -> None:
        raise RuntimeError("a broken subscriber")

    tower = Tower(fly=echo)
    tower.flight._landed.append(fail)
    first = tower.flight.join(1)
    await turn()
    assert (await first, await tower.flight.join(2)) == (1, 2)
    await turn()
    gc.collect()
    assert complaints == ["a broken subscriber"] * 2


async def test_a_listener_that_fails_grounds_nobody() -> None:
    tower, told, complaints = Tower(), [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(str(context["exception"])))

    def hear(result: int) -> None:
        told.append(result)
        if result == 2:
            raise ValueError("not this one")

    tower.flight.told = hear
    futures = tower.join(1, 2, 3)
    await tower.runway.land()
    assert [await future for future in futures] == [1, 2, 3]
    (later,) = tower.join(4)
    await tower.runway.land()
    assert (await later, told, complaints) == (4, [1, 2, 3, 4], ["not this one"])
