"""Medians of ratios, and percentiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.harness.ratios import Ratio, of_pairs, percentile

RATES = st.floats(min_value=0.1, max_value=1e6)


def test_the_median_of_the_ratios_and_their_spread() -> None:
    assert of_pairs([20.0, 30.0, 22.0], [10.0, 10.0, 10.0]) == Ratio(median=2.2, low=2.0, high=3.0, pairs=3)


def test_an_even_number_of_pairs_has_its_median_in_the_middle() -> None:
    assert of_pairs([10.0, 40.0], [10.0, 10.0]).median == 2.5


def test_what_slows_both_halves_of_a_pair_leaves_the_ratio() -> None:
    quiet = of_pairs([200.0, 200.0, 200.0], [100.0, 100.0, 100.0])
    disturbed = of_pairs([200.0, 20.0, 200.0], [100.0, 10.0, 100.0])

    assert disturbed == quiet


def test_it_is_not_the_ratio_of_the_medians() -> None:
    # Medians 30 and 20 would give 1.5; pair by pair it is 3, 1 and 0.5.
    assert of_pairs([30.0, 20.0, 40.0], [10.0, 20.0, 80.0]).median == 1.0


@pytest.mark.parametrize(("ours", "theirs"), [([], []), ([1.0], []), ([1.0, 2.0], [1.0])])
def test_halves_without_their_other_half_are_refused(ours: list[float], theirs: list[float]) -> None:
    with pytest.raises(ValueError, match="needs pairs"):
        of_pairs(ours, theirs)


def test_a_ratio_to_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no value"):
        of_pairs([1.0, 1.0], [1.0, 0.0])


@given(st.lists(st.tuples(RATES, RATES), min_size=1, max_size=9))
def test_the_median_lies_within_the_spread(pairs: list[tuple[float, float]]) -> None:
    ratio = of_pairs([ours for ours, _ in pairs], [theirs for _, theirs in pairs])

    assert ratio.low <= ratio.median <= ratio.high
    assert ratio.pairs == len(pairs)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.5, 2.0), (0.51, 3.0), (0.99, 4.0), (1.0, 4.0)])
def test_nearest_rank(share: float, value: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], share) == value


def test_the_99th_percentile_of_a_hundred_is_the_second_highest() -> None:
    assert percentile([float(number) for number in range(1, 101)], 0.99) == 99.0


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no percentile"):
        percentile([], 0.5)


@given(st.lists(RATES, min_size=1), st.floats(min_value=0, max_value=1))
def test_a_percentile_is_one_of_the_values(values: list[float], share: float) -> None:
    assert percentile(sorted(values), share) in values
