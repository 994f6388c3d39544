"""Requests leave by the clock, whatever the server does."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.harness.pace import schedule


def test_the_same_seed_gives_the_same_schedule() -> None:
    assert schedule(1000.0, 2.0, seed=1) == schedule(1000.0, 2.0, seed=1)
    assert schedule(1000.0, 2.0, seed=1) != schedule(1000.0, 2.0, seed=2)


def test_the_rate_is_kept_on_average() -> None:
    assert len(schedule(5000.0, 4.0, seed=3)) == pytest.approx(20_000, rel=0.03)


def test_gaps_are_those_of_independent_users() -> None:
    due = schedule(1000.0, 20.0, seed=5)
    gaps = [later - earlier for earlier, later in pairwise(due)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5

    # Of an exponential distribution, both are alike; of even gaps, the second would be 0.
    assert deviation == pytest.approx(mean, rel=0.05)


@given(st.floats(min_value=1, max_value=5000), st.floats(min_value=0.01, max_value=1), st.integers())
def test_due_times_rise_within_the_run(rate: float, seconds: float, seed: int) -> None:
    due = schedule(rate, seconds, seed)

    assert due == sorted(due)
    assert all(0 <= moment < seconds for moment in due)
