"""Natural batching: who flies together, in which order, and who is turned away."""

import asyncio

import pytest

from roadbed.kernel.errors import Overloaded
from roadbed.kernel.events import FlightLanded, RequestShed
from tests.unit.data.runway import Tower, echo, turn


async def test_an_idle_flight_leaves_at_once() -> None:
    tower = Tower()
    tower.join("a")
    await turn(2)
    assert tower.runway.flown == [["a"]]


async def test_what_arrives_in_one_turn_flies_together() -> None:
    tower = Tower()
    tower.join("a", "b", "c")
    await turn()
    assert tower.runway.flown == [["a", "b", "c"]]


async def test_while_one_is_in_the_air_the_rest_share_the_next() -> None:
    tower = Tower()
    futures = tower.join("a")
    await turn()
    futures += tower.join("b")
    await turn()
    futures += tower.join("c", "d")
    await turn()
    assert (tower.runway.flown, tower.flight.depth) == ([["a"]], 3)
    await tower.runway.land()
    assert (tower.runway.flown, tower.flight.depth) == ([["a"], ["b", "c", "d"]], 0)
    await tower.runway.land()
    assert [await future for future in futures] == ["a", "b", "c", "d"]


async def test_each_waiter_gets_its_own_result() -> None:
    tower = Tower()
    futures = tower.join(1, 2, 3)
    await tower.runway.land(["one", "two", "three"])
    assert [await future for future in futures] == ["one", "two", "three"]


async def test_after_a_pause_it_leaves_at_once_again() -> None:
    tower = Tower(fly=echo)
    for item in range(3):
        assert await tower.flight.join(item) == item
        await turn()
    assert [landed.size for landed in tower.landed] == [1, 1, 1]


async def test_a_flight_takes_no_more_than_its_capacity() -> None:
    tower = Tower(capacity=2)
    futures = tower.join(1, 2, 3, 4, 5)
    for _ in range(3):
        await tower.runway.land()
    assert tower.runway.flown == [[1, 2], [3, 4], [5]]
    assert [future.result() for future in futures] == [1, 2, 3, 4, 5]


async def test_order_of_arrival_is_kept_over_many_flights() -> None:
    tower = Tower(capacity=3)
    tower.join("first")
    await turn()
    for item in range(10):
        tower.join(item)
    for _ in range(5):
        await tower.runway.land()
    assert [item for flight in tower.runway.flown for item in flight] == ["first", *range(10)]


async def test_items_that_share_a_key_never_share_a_flight() -> None:
    tower = Tower(keys=lambda item: item[1:])
    tower.join("1a", "2b", "3a", "4c", "5a")
    for _ in range(3):
        await tower.runway.land()
    assert tower.runway.flown == [["1a", "2b", "4c"], ["3a"], ["5a"]]


async def test_a_later_arrival_stays_behind_an_earlier_one_of_its_key() -> None:
    tower = Tower(keys=lambda item: item[1:])
    tower.join("1a")
    await turn()
    tower.join("2a", "3ab", "4b", "5c")
    for _ in range(4):
        await tower.runway.land()
    # 4b waits for 3ab, which waits for 2a; 5c waits for nobody.
    assert tower.runway.flown == [["1a"], ["2a", "5c"], ["3ab"], ["4b"]]


async def test_clashing_keys_obey_the_capacity_too() -> None:
    tower = Tower(capacity=2, keys=lambda item: item[1:])
    tower.join("1a", "2b", "3a", "4c", "5d", "6a")
    for _ in range(3):
        await tower.runway.land()
    assert tower.runway.flown == [["1a", "2b"], ["3a", "4c"], ["5d", "6a"]]


async def test_items_without_keys_clash_with_nobody() -> None:
    tower = Tower(keys=lambda item: [])
    tower.join(*"aaaa")
    await turn()
    assert tower.runway.flown == [["a", "a", "a", "a"]]


async def test_a_key_is_free_again_once_it_has_flown() -> None:
    tower = Tower(keys=lambda item: [item], fly=echo)
    for _ in range(5):
        await tower.flight.join("a")
    assert ([landed.size for landed in tower.landed], tower.flight.depth) == ([1] * 5, 0)


async def test_a_hot_key_holds_up_nobody_else() -> None:
    tower = Tower(queue=5000, keys=lambda item: [item] if item == "hot" else [])
    tower.join(*["hot"] * 2000)
    tower.join(*range(99))
    await turn()
    assert tower.runway.flown == [["hot", *range(99)]]


async def test_a_full_queue_turns_away_at_once() -> None:
    tower = Tower(queue=2)
    tower.join("in the air")
    await turn()
    tower.join(1, 2)
    with pytest.raises(Overloaded, match="2 requests already wait for test"):
        tower.join(3)
    assert (tower.shed, tower.flight.depth) == ([RequestShed("flight:test")], 2)


async def test_whoever_is_turned_away_leaves_the_others_alone() -> None:
    tower = Tower(queue=1)
    (first,) = tower.join(1)
    with pytest.raises(Overloaded):
        tower.join(2)
    await tower.runway.land()
    (third,) = tower.join(3)
    await tower.runway.land()
    assert (await first, await third, tower.runway.flown) == (1, 3, [[1], [3]])


async def test_a_key_that_cannot_be_told_fails_its_own_request_only() -> None:
    tower = Tower(keys=lambda item: [10 // item])
    (first,) = tower.join(1)
    with pytest.raises(ZeroDivisionError):
        tower.join(0)
    (third,) = tower.join(5)
    await tower.runway.land()
    assert [await first, await third] == [1, 5]


async def test_landings_are_told() -> None:
    tower = Tower(fly=echo)
    await asyncio.gather(*tower.join(1, 2, 3))
    await turn()
    assert [(landed.flight, landed.size) for landed in tower.landed] == [("test", 3)]
    assert all(isinstance(landed, FlightLanded) and landed.wait >= 0 for landed in tower.landed)
