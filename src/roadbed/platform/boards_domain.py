"""The dashboard of a domain: what every one has by its declaration, and what it declares itself in ``dashboard.py``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

from roadbed.kernel.errors import ConfigurationError
from roadbed.platform.boards import FAILED, REFUSED
from roadbed.platform.boards_below import hit_rate
from roadbed.resource.domain import Domain
from roadbed.resource.panels import Board, Panel, Query, Row, mean, or_none, pick, quantile, quantiles, rate
from roadbed.resource.plan import Plan, make_plans
from roadbed.resource.registry import part_of
from roadbed.runtime import measures


def board_of(domain: Domain[Any]) -> Board:
    """Return a domain's dashboard.

    Raises:
        ConfigurationError: its ``dashboard.py`` has no ``PANELS``, or something else than panels among them.
    """
    own = own_panels(domain)
    rows = [Row(domain.title, own)] if own else []
    statuses = [_statuses(plan) for plan in make_plans(domain.name, domain.resources) if plan.status is not None]
    if statuses:
        rows.append(Row("Statuses", statuses))
    rows.append(Row("Requests", _requests(matching("route", routes(domain)))))
    feeds = kept(domain)
    if feeds:
        rows.append(Row("Cache", _cache(matching("resource", feeds))))
    if domain.resources or domain.metadata is not None:
        rows.append(Row("Data", _data(f'flight=~"(merge:)?{domain.name}_.+"')))
    return Board(
        f"domain-{domain.name}", f"Roadbed: {domain.title}", f"The domain {domain.name}, by what it serves.", rows
    )


def own_panels(domain: Domain[Any]) -> Sequence[Panel]:
    """Return what a domain declares beside what all have; a domain in one file has a list of that name in none."""
    module = part_of(domain, "dashboard")
    if module is None:
        return ()
    panels: Any = getattr(module, "PANELS", None)
    if not isinstance(panels, (list, tuple)):
        raise ConfigurationError(f"{module.__name__}: PANELS is to be a list of panels")
    wrong = [type(panel).__name__ for panel in cast(Iterable[Any], panels) if not isinstance(panel, Panel)]
    if wrong:
        raise ConfigurationError(f"{module.__name__}: PANELS holds {', '.join(wrong)}, where panels are wanted")
    return cast(Sequence[Panel], panels)


def routes(domain: Domain[Any]) -> list[str]:
    """Return the templates of all its routes, as the label ``route`` has them."""
    declared = (one.path for operations, _ in domain.described() for one in operations.declared)
    return list(dict.fromkeys(path.replace(":path}", "}") for path in declared))


def kept(domain: Domain[Any]) -> list[str]:
    """Return the feeds by whose numbers replies of the domain are kept."""
    feeds = [plan.kept_by for plan in make_plans(domain.name, domain.resources)]
    feeds += [one.cache for operations, _ in domain.described() for one in operations.declared]
    return sorted({feed for feed in feeds if feed})


def matching(label: str, values: Iterable[str]) -> str:
    """Return the matcher of a label that has one of some values. Brackets do without backslashes, which pile up."""
    alternatives = "|".join(re.sub(r"[.*+?$(){}|]", lambda found: f"[{found[0]}]", value) for value in values)
    return f'{label}=~"{alternatives}"'


def _statuses(plan: Plan) -> Panel:
    rows = pick(measures.RESOURCE_ROWS, f'resource="{plan.table}"')
    return Panel(
        title=f"{plan.names.title} by status",
        description="How many there are of each status: the funnel, and where it is clogged.",
        unit="short",
        queries=(Query(f"max by (status) ({rows})", "{{status}}"),),
        width=12,
    )


def _requests(ours: str) -> tuple[Panel, ...]:
    asked = f"sum({rate(measures.HTTP_REQUESTS, ours)})"
    failed = or_none(f"sum({rate(measures.HTTP_REQUESTS, ours, FAILED)})")
    refused = or_none(f"sum by (status) ({rate(measures.HTTP_REQUESTS, ours, REFUSED)})")
    return (
        Panel(
            title="Requests by route",
            description="Requests of this domain per second.",
            unit="reqps",
            queries=(Query(f"sum by (method, route) ({rate(measures.HTTP_REQUESTS, ours)})", "{{method}} {{route}}"),),
        ),
        Panel(
            title="Share of errors",
            description="Failed requests (5xx) of all requests of this domain.",
            unit="percentunit",
            queries=(Query(f"({failed}) / {asked}", "5xx"),),
            warn=0.001,
            bad=0.01,
            runbook="availability",
        ),
        Panel(
            title="Refused",
            description="What clients did wrong (4xx), by status.",
            unit="reqps",
            queries=(Query(refused, "{{status}}"),),
        ),
        Panel(
            title="Duration",
            description="From the complete head of a request until its reply is handed over.",
            unit="s",
            queries=quantiles(measures.HTTP_DURATION, ours),
            warn=0.25,
            bad=1.0,
            runbook="latency",
            width=12,
        ),
        Panel(
            title="Duration by route",
            description="What one request in a hundred exceeds.",
            unit="s",
            queries=(Query(quantile(0.99, measures.HTTP_DURATION, ours, by="route"), "{{route}}"),),
            warn=0.25,
            bad=1.0,
            runbook="latency",
            width=12,
        ),
    )


def _cache(ours: str) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Hit rate",
            description="The share of reads for which nothing had to be made.",
            unit="percentunit",
            queries=(Query(hit_rate(ours)),),
            runbook="cache",
            width=12,
        ),
        Panel(
            title="Reads by result",
            description="hit: kept in the process; shared: in Redis; collapsed: another request was just making it.",
            unit="reqps",
            queries=(Query(f"sum by (result) ({rate(measures.CACHE_REQUESTS, ours)})", "{{result}}"),),
            runbook="cache",
            width=12,
        ),
    )


def _data(ours: str) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Requests per flight",
            description="How many requests share one trip to the database, on average.",
            unit="short",
            queries=(Query(mean(measures.FLIGHT_SIZE, ours, by="flight"), "{{flight}}"),),
            width=12,
        ),
        Panel(
            title="Time in the air",
            description="How long one flight in a hundred takes.",
            unit="s",
            queries=(Query(quantile(0.99, measures.FLIGHT_DURATION, ours, by="flight"), "{{flight}}"),),
            warn=0.1,
            bad=0.5,
            runbook="database",
            width=12,
        ),
    )
