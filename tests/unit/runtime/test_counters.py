"""Counters of domains: every series is there from the start, and what is undone was never counted."""

from collections.abc import Callable

import pytest

from roadbed.data.joining import joined
from roadbed.kernel.errors import ConfigurationError
from roadbed.runtime.counters import Counter, Counters, Label
from roadbed.runtime.measures import Measure

LENT = Counter("roadbed_library_loans_total", "Loans.", (Label("kind", ("home", "hall")), Label("age", ("old", "new"))))
PLAIN = Counter("roadbed_library_visits_total", "Visits.")


def test_a_counter_is_a_measure() -> None:
    assert LENT.measure == Measure("roadbed_library_loans_total", "counter", "Loans.", ("kind", "age"))


@pytest.mark.parametrize(("counter", "size"), [(LENT, 4), (PLAIN, 1)], ids=["labels", "none"])
def test_all_series_are_known(counter: Counter, size: int) -> None:
    assert (counter.size, len(list(counter.series())), len(list(Counters([counter]).all()))) == (size, size, size)


def test_a_series_is_the_same_whenever_it_is_asked_for() -> None:
    counters = Counters([LENT, PLAIN])
    counters.of(LENT, "home", "old").add()
    counters.of(LENT, "home", "old").add(2)
    counters.of(PLAIN).add(5)
    assert [count.take() for _, _, count in counters.all()] == [3, 0, 0, 0, 5]


def test_what_was_taken_is_not_taken_again() -> None:
    count = Counters([PLAIN]).of(PLAIN)
    count.add(2**62)
    assert (count.take(), count.take()) == (2**62, 0)


@pytest.mark.parametrize("values", [("home",), ("home", "middle"), ()], ids=["too few", "unknown", "none"])
def test_what_is_not_declared_is_refused(values: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="no domain declares it with the labels"):
        Counters([LENT]).of(LENT, *values)


def test_a_counter_of_nobody_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="roadbed_library_visits_total"):
        Counters([LENT]).of(PLAIN)


def test_it_only_grows() -> None:
    count = Counters([PLAIN]).of(PLAIN)
    with pytest.raises(ValueError, match="only grows"):
        count.add(-1)
    assert count.take() == 0


def test_inside_a_batch_it_waits_for_the_commit() -> None:
    count = Counters([PLAIN]).of(PLAIN)
    later: list[Callable[[], None]] = []
    with joined(object(), later):
        count.add(3)
        assert count.take() == 0
    for call in later:
        call()
    assert count.take() == 3
