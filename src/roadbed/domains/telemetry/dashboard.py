"""What is worth seeing of telemetry: how measurements come in, and how they are read."""

from __future__ import annotations

from roadbed.resource.panels import Panel, Query, or_none, quantiles, rate
from roadbed.runtime.measures import HTTP_DURATION, HTTP_REQUESTS

_POST = 'method="POST"'
_GET = 'method="GET"'
_INGEST = 'route="/measurements"'
_READS = 'route=~"/measurements|/measurements/.+|/signals/[{]signal_id[}]/.+"'

PANELS = (
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
