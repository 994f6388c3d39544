"""The figures that a domain declares beside those that all have: they become metrics, for its dashboard and its alerts.

Counters grow in the memory of each process; its service adds to them. Gauges are read from the database by a named
query, about every ``figures_every``, by one process at a time and never on a request's path::

    LENT = Counter("roadbed_library_loans_total", "Copies that were lent.", (Label("kind", ("home", "hall")),))
    SHELVES = Look(
        "library_shelves",
        Queries("library").query("books_by_shelf", Shelf),
        (Gauge("roadbed_library_books", "Books.", column="books", labels=("shelf",)),),
    )
    domain = Domain(name="library", ..., figures=(LENT, SHELVES))

The service gets its counters from ``Stores.counters`` (``open_stores``), once:
``self._lent = stores.counters.of(LENT, "home")``, and then ``self._lent.add()`` after each write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from roadbed.data.queries import Query
from roadbed.runtime.counters import MOST_SERIES, Counter, Counters, Label
from roadbed.runtime.measures import ALL, Measure

__all__ = ["Counter", "Counters", "Figure", "Gauge", "Label", "Look", "measures_of", "problems_among"]

_NAME = re.compile(r"[a-z][a-z0-9_]*[a-z0-9]\Z")
_RESERVED = frozenset({"instance", "job", "le", "quantile", "worker"})


class Gauge(msgspec.Struct, frozen=True, kw_only=True):
    """A number that a look finds: ``column`` of each row, under the values of the columns that ``labels`` names.

    A time becomes seconds since 1970 (its name then ends with ``_timestamp_seconds``), null nothing at all.
    """

    name: str
    help: str
    column: str
    labels: tuple[str, ...] = ()

    @property
    def measure(self) -> Measure:
        """What it is at ``/metrics``. All processes tell the same."""
        return Measure(self.name, "gauge", self.help, self.labels, across="max")


class Look(msgspec.Struct, frozen=True):
    """A question to the database, and the gauges that its rows fill.

    The statement bounds its rows itself (``LIMIT``); at most ``MOST_SERIES`` count. It may know ``:now``. It runs no
    longer than ``statement_timeout``, and not again before a hundred times as long has passed as it took.
    """

    name: str
    query: Query[Any]
    gauges: tuple[Gauge, ...]


Figure = Counter | Look


def _problems_of(domain: str, figures: Iterable[Figure]) -> list[str]:
    """Return what is wrong with the figures of a domain."""
    prefix = f"roadbed_{domain.replace('-', '_')}_"
    return [f"{domain}: {problem}" for figure in figures for problem in _wrong_with(prefix, figure)]


def _wrong_with(prefix: str, figure: Figure) -> Iterator[str]:
    if isinstance(figure, Counter):
        yield from _misnamed(figure.measure, prefix, "_total")
        if not 1 <= figure.size <= MOST_SERIES:
            yield f"{figure.name}: {figure.size} series, where 1 to {MOST_SERIES} are expected"
        return
    columns: Sequence[str] = getattr(figure.query.row, "__struct_fields__", ())
    for gauge in figure.gauges:
        yield from _misnamed(gauge.measure, prefix, "")
        yield from (
            f"{gauge.name}: {name!r} is no column of {figure.query.name!r}"
            for name in (gauge.column, *gauge.labels)
            if name not in columns
        )
    if figure.query.writes or not figure.query.parameters <= {"now"}:
        yield f"{figure.name}: its statement is to read, and may know :now alone"


def _misnamed(measure: Measure, prefix: str, ending: str) -> Iterator[str]:
    name = measure.name
    fits = name.startswith(prefix) and name.endswith(ending) and (ending or not name.endswith("_total"))
    if not fits or _NAME.match(name) is None:
        wanted = f"{prefix}…{ending}" if ending else f"{prefix}…, without _total"
        yield f"{name}: no name of a {measure.kind}, which looks like {wanted}"
    wrong = [label for label in measure.labels if label in _RESERVED or _NAME.match(label) is None]
    if wrong or len(set(measure.labels)) < len(measure.labels):
        yield f"{name}: labels {', '.join(measure.labels)}: each once, of a-z, 0-9 and _, none of {_listed(_RESERVED)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def measures_of(figures: Iterable[Figure]) -> list[Measure]:
    """Return what figures are at ``/metrics``."""
    return [
        measure
        for figure in figures
        for measure in ([figure.measure] if isinstance(figure, Counter) else [gauge.measure for gauge in figure.gauges])
    ]


def problems_among(declared: Iterable[tuple[str, Sequence[Figure]]]) -> list[str]:
    """Return what is wrong with the figures of all domains, each given with its name."""
    problems: list[str] = []
    names = [measure.name for measure in ALL]
    looks: list[str] = []
    for domain, figures in declared:
        problems += _problems_of(domain, figures)
        names += [measure.name for measure in measures_of(figures)]
        looks += [figure.name for figure in figures if isinstance(figure, Look)]
    for what in (names, looks):
        problems += [f"figures: {name!r} is declared twice" for name in sorted({*what}) if what.count(name) > 1]
    return problems
