"""What every process answers for itself: what the service is, its resources, its health, its metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

import roadbed
from roadbed.http.accepting import prefers_openmetrics
from roadbed.http.call import Call
from roadbed.http.operations import Operations
from roadbed.http.reply import Reply
from roadbed.kernel.errors import NotFound
from roadbed.resource.describing import DomainDescription, describe_domains
from roadbed.resource.domain import Domain
from roadbed.runtime.health import Readiness, Report
from roadbed.runtime.metrics import CONTENT_TYPE, OPENMETRICS, Metrics


class Basics(msgspec.Struct):
    """What these operations work on."""

    domains: Sequence[Domain[Any]]
    readiness: Readiness
    metrics: Metrics | None


class Index(msgspec.Struct, frozen=True):
    """What this service is, and where to go on."""

    name: str
    version: str
    domains: dict[str, str]
    links: dict[str, str]


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str = "ok"


operations: Operations[Basics] = Operations("platform", "The service itself: what it is, its health, its metrics")


@operations.get("/", documented=False, alone=True)
async def index(call: Call[Basics]) -> Index:
    """Describe the service to programs; browsers are led to the console."""
    links = {
        "documentation": "/docs",
        "openapi": "/openapi.json",
        "resources": "/resources.json",
        "health": "/health/ready",
        "platform": "/platform",
    }
    if call.service.metrics is not None:
        links["metrics"] = "/metrics"
    domains = {domain.name: domain.title for domain in call.service.domains}
    return Index("Roadbed", roadbed.__version__, domains, links)


@operations.get("/resources.json", alone=True)
async def resources(call: Call[Basics]) -> list[DomainDescription]:
    """Describe the domains that are on, and their resources: fields, bounds, order, filters, allowed statuses.

    This is what the console makes its tables and forms from.
    """
    return describe_domains(call.service.domains)


@operations.get("/health/live", alone=True)
async def live(_call: Call[Basics]) -> Alive:
    """Tell that the process is alive."""
    return Alive()


@operations.get("/health/ready", also={503: "The process should not get requests now"}, alone=True)
async def ready(call: Call[Basics]) -> Report:
    """Tell whether the process should get requests, with the state and latency of each component; 503 if not."""
    report = await call.service.readiness.report()
    call.status = 200 if report.status in ("ready", "degraded") else 503
    return report


@operations.get("/metrics", produces="text/plain", raises=[NotFound], alone=True)
async def metrics(call: Call[Basics]) -> Reply:
    """Return metrics in Prometheus's text format, or as OpenMetrics, with exemplars, for who would rather have that."""
    if call.service.metrics is None:
        raise NotFound("Metrics are switched off")
    is_open = prefers_openmetrics(call.header("accept"))
    body = await call.service.metrics.exposition(openmetrics=is_open)
    return Reply(body=body, media_type=OPENMETRICS if is_open else CONTENT_TYPE)
