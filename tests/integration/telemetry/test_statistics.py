"""Statistics that the database computes are those of exact arithmetic, on both engines."""

import statistics
from datetime import timedelta
from fractions import Fraction
from math import isclose

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from roadbed.domains.telemetry.model import LARGEST_VALUE, Statistics
from roadbed.domains.telemetry.pages import Window
from roadbed.domains.telemetry.service import Telemetry
from roadbed.kernel.clock import EPOCH
from roadbed.kernel.errors import Invalid, NotFound
from tests.integration.telemetry.databases import ingest

HOUR = timedelta(hours=1)
START = EPOCH + 1000 * HOUR

LEAST_SPREAD = 1e-150
"""What is less has no square."""

# What drowns in a sum: large values that differ little, large ones among small ones, the largest of all.
VALUES = st.one_of(
    st.floats(-1e6, 1e6),
    st.integers(-5, 5).map(float),
    st.floats(-1e-3, 1e-3).map(lambda value: 1e9 + value),
    st.sampled_from([0.0, -0.0, 1e-300, 0.1, LARGEST_VALUE, -LARGEST_VALUE]),
)


def expected(values: list[float]) -> Statistics:
    """Compute the same slowly: fractions know no rounding."""
    if not values:
        return Statistics(1, None, None, 0, None, None, None, None, None)
    exact = [Fraction(value) for value in values]
    return Statistics(
        1,
        None,
        None,
        len(values),
        mean=float(statistics.mean(exact)),
        min=min(values),
        max=max(values),
        median=float(statistics.median(exact)),
        std_dev=float(statistics.stdev(exact)) if len(values) > 1 else 0.0,
    )


def are_close(wanted: Statistics, found: Statistics, scale: float) -> bool:
    """Compare: counts and extremes exactly, means to the last digits that a double of the largest value has."""
    wrong = scale * 4e-16 + LEAST_SPREAD
    pairs = ((wanted.mean, found.mean), (wanted.median, found.median), (wanted.std_dev, found.std_dev))
    return (wanted.count, wanted.min, wanted.max) == (found.count, found.min, found.max) and all(
        one is not None and other is not None and isclose(one, other, rel_tol=1e-9, abs_tol=wrong)
        for one, other in pairs
    )


async def replace(service: Telemetry, values: list[float]) -> Window:
    """Store values at places of their own; return their range of time."""
    replace.next += timedelta(days=1)  # type: ignore[attr-defined]
    start = replace.next  # type: ignore[attr-defined]
    times = [start + timedelta(seconds=place) for place in range(len(values))]
    rows = [(time.isoformat(" "), 1, repr(value).replace(".", ",")) for time, value in zip(times, values, strict=True)]
    counts = await ingest(service, *rows)
    assert counts.inserted == len(values)
    return Window(start, start + 12 * HOUR)


replace.next = START  # type: ignore[attr-defined]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(values=st.lists(VALUES, min_size=1, max_size=40))
@example(values=[0.1, 0.1, 0.1])
@example(values=[1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16])
@example(values=[LARGEST_VALUE, -LARGEST_VALUE])
@example(values=[LARGEST_VALUE, -LARGEST_VALUE, 5e-324])
@example(values=[5e-324, 0.0, -5e-324])
async def test_they_are_those_of_exact_arithmetic(service: Telemetry, values: list[float]) -> None:
    window = await replace(service, values)
    found = await service.statistics(1, window)
    assert (found.from_date, found.to_date) == (window.since, window.until)
    assert are_close(expected(values), found, max(map(abs, values))), (expected(values), found)


async def test_the_bounds_are_included_and_may_be_left_out(service: Telemetry) -> None:
    rows = [((START + place * HOUR).isoformat(), 1, place) for place in range(5)]
    await ingest(service, *rows, (START.isoformat(), 2, 999))
    for window, values in (
        (Window(START + HOUR, START + 3 * HOUR), [1.0, 2.0, 3.0]),
        (Window(START + 3 * HOUR), [3.0, 4.0]),
        (Window(None, START), [0.0]),
        (Window(), [0.0, 1.0, 2.0, 3.0, 4.0]),
    ):
        found = await service.statistics(1, window)
        assert are_close(expected(values), found, 4.0), window
        assert (found.from_date, found.to_date) == (window.since, window.until)


async def test_of_nothing_there_is_a_count_alone_and_of_no_signal_nothing(service: Telemetry) -> None:
    assert await service.statistics(1, Window()) == expected([])
    with pytest.raises(NotFound, match="There is no signal 4"):
        await service.statistics(4, Window())
    with pytest.raises(Invalid, match="query:from: must be before `to`"):
        Window(START, START).check()
