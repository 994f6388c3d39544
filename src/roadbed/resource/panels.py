"""What a dashboard shows, as data: panels over queries in PromQL. ``platform/grafana`` makes Grafana's JSON of it.

A domain that brings ``dashboard.py`` says there what is worth seeing of it beside what everybody's has::

    from roadbed.resource.panels import Panel, Query, rate
    from roadbed.runtime.measures import HTTP_REQUESTS

    LENT = rate(HTTP_REQUESTS, 'route="/loans"', 'status="201"')
    PANELS = (
        Panel(
            title="Loans",
            description="Books that are lent per second.",
            unit="ops",
            queries=(Query(f"sum({LENT})"),),
        ),
    )

Expressions may use ``$instance`` (the services that are chosen above) and ``$__rate_interval``, as the helpers here do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from roadbed.runtime.measures import Measure

Unit = Literal["short", "reqps", "ops", "rowsps", "s", "percentunit", "bytes", "Bps", "dateTimeAsIso"]
"""Units by Grafana's names: a number, requests, operations and rows per second, seconds, a share of 1, bytes …"""

INSTANCE = 'instance=~"$instance"'


class Query(msgspec.Struct, frozen=True):
    """An expression in PromQL, and how its series are called: ``{{label}}`` stands for the value of a label."""

    expression: str
    legend: str = ""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One panel. ``description`` says what is seen, and when to worry.

    From ``warn`` on a value is amber, from ``bad`` on red; ``falling`` turns that round (a free share of a disk).
    ``runbook`` is a page of ``docs/runbooks``, without its ending. ``width`` is in 24ths of a row.
    """

    title: str
    description: str
    unit: Unit
    queries: Sequence[Query]
    kind: Literal["timeseries", "stat"] = "timeseries"
    warn: float | None = None
    bad: float | None = None
    falling: bool = False
    runbook: str = ""
    width: int = 8


class Row(msgspec.Struct, frozen=True):
    """Panels under a heading."""

    title: str
    panels: Sequence[Panel]


class Board(msgspec.Struct, frozen=True):
    """A dashboard. ``name`` is that of its file, and part of its address in Grafana."""

    name: str
    title: str
    description: str
    rows: Sequence[Row]
    instances: str = "roadbed_build_info"
    """A metric that whatever can be chosen as ``$instance`` has."""


def pick(metric: Measure | str, *matchers: str) -> str:
    """Return the selector of a metric's series on the instances that are chosen."""
    name = metric if isinstance(metric, str) else metric.name
    return f"{name}{{{','.join((INSTANCE, *matchers))}}}"


def rate(metric: Measure | str, *matchers: str) -> str:
    """Return the rate of a counter, per second."""
    return f"rate({pick(metric, *matchers)}[$__rate_interval])"


def part(measure: Measure, which: Literal["sum", "count", "bucket"]) -> str:
    """Return the name of one of the metrics that a histogram comes as."""
    return f"{measure.name}_{which}"


def quantile(share: float, measure: Measure, *matchers: str, by: str = "") -> str:
    """Return a quantile of a histogram, over all series or by one label."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) ({rate(part(measure, 'bucket'), *matchers)}))"


def mean(measure: Measure, *matchers: str, by: str = "") -> str:
    """Return the mean of a histogram, over all series or by one label."""
    total, count = (rate(part(measure, which), *matchers) for which in ("sum", "count"))
    grouped = f"sum by ({by})" if by else "sum"
    return f"{grouped} ({total}) / {grouped} ({count})"


def or_none(expression: str) -> str:
    """Return an expression that is 0 where there is no series: nothing has failed yet is not the same as no answer."""
    return f"({expression}) or vector(0)"


def quantiles(measure: Measure, *matchers: str) -> tuple[Query, ...]:
    """Return the median, and what one in twenty and one in a hundred exceed."""
    return tuple(
        Query(quantile(share, measure, *matchers), name) for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    )
