"""What is worth seeing of telemetry: how measurements come in, how far they lag behind, and how they are read."""

from __future__ import annotations

from roadbed.domains.telemetry.figures import MEASUREMENTS, NEWEST, SIGNALS, STALEST
from roadbed.resource.panels import Panel, Query, or_none, pick, quantiles, rate
from roadbed.runtime.measures import HTTP_DURATION, HTTP_REQUESTS

_POST = 'method="POST"'
_GET = 'method="GET"'
_INGEST = 'route="/measurements"'
_KEPT = 'result!="rejected"'
_REJECTED = 'result="rejected"'
_READS = 'route=~"/measurements|/measurements/.+|/signals/[{]signal_id[}]/.+"'

PANELS = (
    Panel(
        title="Measurements",
        description="Rows per second that came over HTTP and are on disk. unchanged: they were there already.",
        unit="rowsps",
        queries=(Query(f"sum by (result) ({rate(MEASUREMENTS.measure, _KEPT)})", "{{result}}"),),
    ),
    Panel(
        title="Rejected",
        description="Rows per second that were left out: malformed, or of no known signal. The reply says why.",
        unit="rowsps",
        queries=(Query(f"sum({rate(MEASUREMENTS.measure, _REJECTED)})", "rejected"),),
    ),
    Panel(
        title="Lag",
        description="How old the newest measurement of each unit is. When it rises, nothing comes in any more.",
        unit="s",
        queries=(Query(f"time() - max by (unit) ({pick(NEWEST.measure)})", "{{unit}}"),),
    ),
    Panel(
        title="Silent longest",
        description="How long the quietest signal of each unit has said nothing.",
        unit="s",
        queries=(Query(f"time() - max by (unit) ({pick(STALEST.measure)})", "{{unit}}"),),
        width=12,
    ),
    Panel(
        title="Signals",
        description="Signals that have measurements, by unit.",
        unit="short",
        queries=(Query(f"max by (unit) ({pick(SIGNALS.measure)})", "{{unit}}"),),
        width=12,
    ),
    Panel(
        title="Ingests",
        description="Bodies of measurements per second, by what they were answered. Each may hold many rows.",
        unit="ops",
        queries=(Query(f"sum by (status) ({rate(HTTP_REQUESTS, _POST, _INGEST)})", "{{status}}"),),
    ),
    Panel(
        title="Duration of an ingest",
        description="From the head of a request until all of its rows are on disk: the client's own pace counts.",
        unit="s",
        queries=quantiles(HTTP_DURATION, _POST, _INGEST),
    ),
    Panel(
        title="Reads of measurements",
        description="Ranges, last values, statistics and series per second.",
        unit="reqps",
        queries=(Query(or_none(f"sum by (route) ({rate(HTTP_REQUESTS, _GET, _READS)})"), "{{route}}"),),
    ),
)
