"""The dashboards that every service has: itself, its data engine, its cache, and the host below it."""

from __future__ import annotations

from roadbed.platform.boards_below import CACHE, HOST
from roadbed.platform.boards_engine import ENGINE
from roadbed.resource.panels import Board, Panel, Query, Row, mean, or_none, pick, quantile, quantiles, rate
from roadbed.runtime import measures

FAILED = 'status=~"5.."'
REFUSED = 'status=~"4.."'
_REQUESTS = f"sum({rate(measures.HTTP_REQUESTS)})"
_ERRORS = f"({or_none(f'sum({rate(measures.HTTP_REQUESTS, FAILED)})')}) / {_REQUESTS}"

_GLANCE = Row(
    "At a glance",
    (
        Panel(
            title="Requests",
            description="Requests answered per second, by all workers.",
            unit="reqps",
            queries=(Query(_REQUESTS),),
            kind="stat",
            width=6,
        ),
        Panel(
            title="Errors",
            description="The share of requests that failed by the service's own fault (5xx).",
            unit="percentunit",
            queries=(Query(_ERRORS),),
            kind="stat",
            warn=0.001,
            bad=0.01,
            runbook="availability",
            width=6,
        ),
        Panel(
            title="Slowest in a hundred",
            description="One request in a hundred takes longer than this.",
            unit="s",
            queries=(Query(quantile(0.99, measures.HTTP_DURATION)),),
            kind="stat",
            warn=0.25,
            bad=1.0,
            runbook="latency",
            width=6,
        ),
        Panel(
            title="Turned away",
            description="Requests per second that met a full queue (503).",
            unit="reqps",
            queries=(Query(or_none(f"sum({rate(measures.REQUESTS_SHED)})")),),
            kind="stat",
            warn=0.1,
            bad=1.0,
            runbook="saturation",
            width=6,
        ),
    ),
)
_RATE = Row(
    "Rate",
    (
        Panel(
            title="Requests by route",
            description="The ten busiest routes.",
            unit="reqps",
            queries=(
                Query(f"topk(10, sum by (method, route) ({rate(measures.HTTP_REQUESTS)}))", "{{method}} {{route}}"),
            ),
            width=12,
        ),
        Panel(
            title="Requests by status",
            description="What was answered. 499: the client had left before its reply.",
            unit="reqps",
            queries=(Query(f"sum by (status) ({rate(measures.HTTP_REQUESTS)})", "{{status}}"),),
            width=12,
        ),
    ),
)
_FAULTS = Row(
    "Errors",
    (
        Panel(
            title="Share of errors",
            description="Failed requests (5xx) of all. The objective is 99.9 % without one.",
            unit="percentunit",
            queries=(Query(_ERRORS, "5xx"),),
            warn=0.001,
            bad=0.01,
            runbook="availability",
        ),
        Panel(
            title="Errors by route",
            description="Failed requests (5xx). `roadbed stats` tells the last ones with their request ids.",
            unit="reqps",
            queries=(
                Query(
                    or_none(f"sum by (method, route, status) ({rate(measures.HTTP_REQUESTS, FAILED)})"),
                    "{{status}} {{method}} {{route}}",
                ),
            ),
            runbook="availability",
        ),
        Panel(
            title="Refused by route",
            description="What clients did wrong (4xx). A sudden rise is often a client's new release, or an attack.",
            unit="reqps",
            queries=(
                Query(
                    or_none(f"topk(10, sum by (method, route, status) ({rate(measures.HTTP_REQUESTS, REFUSED)}))"),
                    "{{status}} {{method}} {{route}}",
                ),
            ),
        ),
    ),
)
_DURATION = Row(
    "Duration",
    (
        Panel(
            title="Duration of all requests",
            description="From the complete head of a request until its reply is handed over. The objective is 99 % "
            "within 250 ms.",
            unit="s",
            queries=quantiles(measures.HTTP_DURATION),
            warn=0.25,
            bad=1.0,
            runbook="latency",
        ),
        Panel(
            title="Slowest routes",
            description="The ten routes of which one request in a hundred takes longest.",
            unit="s",
            queries=(Query(f"topk(10, {quantile(0.99, measures.HTTP_DURATION, by='route')})", "{{route}}"),),
            warn=0.25,
            bad=1.0,
            runbook="latency",
        ),
        Panel(
            title="Mean by route",
            description="The mean duration: with the rate it says where the time goes.",
            unit="s",
            queries=(Query(f"topk(10, {mean(measures.HTTP_DURATION, by='route')})", "{{route}}"),),
            runbook="latency",
        ),
    ),
)
_SATURATION = Row(
    "Saturation",
    (
        Panel(
            title="In flight and open",
            description="Requests being answered, connections and event streams that are open.",
            unit="short",
            queries=(
                Query(f"sum({pick(measures.HTTP_IN_FLIGHT)})", "requests"),
                Query(f"sum({pick(measures.HTTP_CONNECTIONS)})", "connections"),
                Query(f"sum({pick(measures.HTTP_STREAMS)})", "event streams"),
            ),
            runbook="saturation",
        ),
        Panel(
            title="CPU of a worker",
            description="The share of one core. A worker that is near 1 needs help: more workers, or less work.",
            unit="percentunit",
            queries=(Query(rate(measures.PROCESS_CPU), "{{instance}} {{worker}}"),),
            warn=0.8,
            bad=0.95,
            runbook="saturation",
        ),
        Panel(
            title="Lag of the event loop",
            description="How late the loop wakes. Above 50 ms something holds it: all requests of that worker wait.",
            unit="s",
            queries=(Query(pick(measures.LOOP_LAG), "{{instance}}"),),
            warn=0.05,
            bad=0.25,
            runbook="saturation",
        ),
        Panel(
            title="Memory of a worker",
            description="Resident memory. A steady rise over days is a leak.",
            unit="bytes",
            queries=(Query(pick(measures.PROCESS_MEMORY), "{{instance}} {{worker}}"),),
            runbook="saturation",
        ),
        Panel(
            title="Open files of a worker",
            description="The share of file descriptors that are in use. At 1 no connection is accepted any more.",
            unit="percentunit",
            queries=(
                Query(
                    f"{pick(measures.PROCESS_FILES)} / {pick(measures.PROCESS_FILES_LIMIT)}", "{{instance}} {{worker}}"
                ),
            ),
            warn=0.7,
            bad=0.9,
            runbook="saturation",
        ),
        Panel(
            title="Turned away by queue",
            description="Requests that met a full queue, by queue.",
            unit="reqps",
            queries=(Query(or_none(f"sum by (queue) ({rate(measures.REQUESTS_SHED)})"), "{{queue}}"),),
            warn=0.1,
            bad=1.0,
            runbook="saturation",
        ),
        Panel(
            title="Errors that Sentry was not told of",
            description="By reason. `alike` and `many`: a burst was held back; all else: the receiver fails.",
            unit="ops",
            queries=(Query(or_none(f"sum by (reason) ({rate(measures.REPORTS_DROPPED)})"), "{{reason}}"),),
            warn=0.01,
            bad=1.0,
            runbook="availability",
        ),
    ),
)
_TRACES = Row(
    "Traces",
    (
        Panel(
            title="Spans",
            description="Spans that the collector took, and those that are lost, by reason. Requests do not suffer for "
            "it: the log says what the collector answered.",
            unit="ops",
            queries=(
                Query(f"sum({rate(measures.SPANS_EXPORTED)})", "taken"),
                Query(or_none(f"sum by (reason) ({rate(measures.SPANS_DROPPED)})"), "lost: {{reason}}"),
            ),
        ),
    ),
)
SERVICE = Board(
    "service",
    "Roadbed: service",
    "Rate, errors, duration and saturation of the whole service. Begin here.",
    (_GLANCE, _RATE, _FAULTS, _DURATION, _SATURATION, _TRACES),
)
BOARDS = (SERVICE, HOST, ENGINE, CACHE)
