"""The few statistics of a comparison."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec


class Ratio(msgspec.Struct, frozen=True):
    """The median of the ratios of interleaved pairs, and their spread. No unit."""

    median: float
    low: float
    high: float
    pairs: int


def of_pairs(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Compare pair by pair: what slows the machine for a while slows both halves of a pair, and leaves their ratio.

    >>> of_pairs([20.0, 30.0, 22.0], [10.0, 10.0, 10.0])
    Ratio(median=2.2, low=2.0, high=3.0, pairs=3)
    """
    if len(ours) != len(theirs) or not ours:
        raise ValueError(f"a comparison needs pairs, not {len(ours)} against {len(theirs)}")
    if any(their <= 0 for their in theirs):
        raise ValueError("a ratio to nothing has no value")
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    return Ratio(median=statistics.median(ratios), low=min(ratios), high=max(ratios), pairs=len(ratios))


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of values in ascending order: the least value that ``share`` do not exceed.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    if not ordered:
        raise ValueError("nothing has no percentile")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
