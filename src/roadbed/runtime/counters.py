"""Counters that domains declare: their services increase them in memory, about once a second they become metrics.

A service asks once for the counters that it increases, and adds on the request's path: a number in memory grows, which
takes well below a microsecond. What is added inside a batch counts when that is committed, and never where it is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import product

import msgspec

from roadbed.data.joining import after_commit, open_transaction
from roadbed.kernel.errors import ConfigurationError
from roadbed.runtime.measures import Measure

MOST_SERIES = 100
"""Series that one counter may come to."""


class Label(msgspec.Struct, frozen=True):
    """A label, and all values that it may have: what clients send is never one."""

    name: str
    values: tuple[str, ...]


class Counter(msgspec.Struct, frozen=True):
    """Something that only grows.

    ``name`` begins with ``roadbed_<domain>_`` and ends with ``_total``, before which its unit comes
    (``_seconds_total``). Every combination of its labels' values is a series, which is there from the start.
    """

    name: str
    help: str
    labels: tuple[Label, ...] = ()

    @property
    def measure(self) -> Measure:
        """What it is at ``/metrics``."""
        return Measure(self.name, "counter", self.help, tuple(label.name for label in self.labels))

    @property
    def size(self) -> int:
        """How many series it comes to."""
        return math.prod(len(label.values) for label in self.labels)

    def series(self) -> Iterator[tuple[str, ...]]:
        """Yield the values of the labels of each series."""
        return product(*(label.values for label in self.labels))


class Count:
    """One series of a counter. Belongs to the thread of the event loop."""

    __slots__ = ("_amount",)

    def __init__(self) -> None:
        self._amount: float = 0

    def add(self, amount: float = 1) -> None:
        """Count something that is in the database now, or will be when the batch around it is committed.

        Raises:
            ValueError: the amount is below 0: a counter only grows.
        """
        if amount < 0:
            raise ValueError(f"A counter only grows: {amount}")
        if open_transaction() is None:
            self._amount += amount
        else:
            after_commit(lambda: self._grow(amount))

    def _grow(self, amount: float) -> None:
        self._amount += amount

    def take(self) -> float:
        """Return what was added since the last call."""
        taken, self._amount = self._amount, 0
        return taken


class Counters:
    """The counters of some domains."""

    def __init__(self, declared: Iterable[Counter] = ()) -> None:
        self.declared = tuple(declared)
        self._counts = {counter.name: {values: Count() for values in counter.series()} for counter in self.declared}

    def of(self, counter: Counter, *values: str) -> Count:
        """Return the series of a counter with these values of its labels, in order. To be asked once, and kept.

        Raises:
            ConfigurationError: no domain declares the counter, or its labels may not have these values.
        """
        try:
            return self._counts[counter.name][values]
        except KeyError:
            shown = ", ".join(values)
            raise ConfigurationError(f"{counter.name}: no domain declares it with the labels ({shown})") from None

    def all(self) -> Iterator[tuple[Counter, tuple[str, ...], Count]]:
        """Yield every series."""
        for counter in self.declared:
            for values, count in self._counts[counter.name].items():
                yield counter, values, count
