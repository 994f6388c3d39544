"""Replies in memory: bounded, looked up by their stamp, forgotten with their epoch."""

import pytest

from roadbed.data.cache.bodies import OVERHEAD, Bodies, Kept, Stamp


def kept(size: int = 10) -> Kept:
    return Kept(b"x" * size, None, b"text/plain", [])


def filled(count: int, epoch: int = 0) -> Bodies:
    bodies = Bodies(100, 100_000)
    for number in range(count):
        bodies.put((number,), Stamp(1, epoch), kept())
    return bodies


def found(bodies: Bodies, count: int, epoch: int = 0) -> int:
    return sum(bodies.get((number,), Stamp(1, epoch)) is not None for number in range(count))


def test_all_are_forgotten() -> None:
    bodies = filled(5)
    before = dict(bodies.gauges())
    bodies.clear()
    assert before == {"cache_entries": 5.0, "cache_bytes": 5.0 * (10 + OVERHEAD)}
    assert (dict(bodies.gauges()), found(bodies, 5)) == ({"cache_entries": 0.0, "cache_bytes": 0.0}, 0)


def test_what_is_forgotten_can_be_kept_again() -> None:
    bodies = filled(5)
    bodies.clear()
    assert bodies.put((0,), Stamp(1, 0), kept())
    assert (found(bodies, 5), bodies.size) == (1, 10 + OVERHEAD)


def test_a_new_epoch_gives_the_memory_of_the_old_one_back() -> None:
    bodies = filled(5)
    bodies.put((9,), Stamp(1, 7), kept())
    assert (dict(bodies.gauges())["cache_entries"], found(bodies, 5)) == (1.0, 0)
    assert bodies.get((9,), Stamp(1, 7)) is not None


def test_within_an_epoch_nothing_is_forgotten() -> None:
    assert found(filled(50, epoch=3), 50, epoch=3) == 50


@pytest.mark.parametrize("stamp", [Stamp(2, 0), Stamp(1, 1), Stamp(0, 0)])
def test_another_stamp_finds_nothing(stamp: Stamp) -> None:
    assert filled(1).get((0,), stamp) is None


def test_who_is_too_large_forgets_nobody() -> None:
    bodies = filled(5)
    assert not bodies.put((9,), Stamp(1, 7), kept(100_000))
    assert found(bodies, 5) == 5
