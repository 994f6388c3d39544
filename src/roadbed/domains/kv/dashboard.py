"""What is worth seeing of the key-value store: reads, writes, and writes that met another one."""

from __future__ import annotations

from roadbed.resource.panels import Panel, Query, or_none, rate
from roadbed.runtime.measures import HTTP_REQUESTS

_KV = 'route=~"/kv|/kv/.+"'
_READ = 'method=~"GET|HEAD"'
_WRITE = 'method!~"GET|HEAD"'
_MET = 'status=~"409|412"'

PANELS = (
    Panel(
        title="Reads and writes",
        description="Per second, whatever was answered.",
        unit="ops",
        queries=(
            Query(or_none(f"sum({rate(HTTP_REQUESTS, _KV, _READ)})"), "reads"),
            Query(or_none(f"sum({rate(HTTP_REQUESTS, _KV, _WRITE)})"), "writes"),
        ),
        width=12,
    ),
    Panel(
        title="Writes that met another one",
        description="409: the key was there already; 412: its version was another one. Many: clients fight for a key.",
        unit="ops",
        queries=(Query(or_none(f"sum by (status) ({rate(HTTP_REQUESTS, _KV, _WRITE, _MET)})"), "{{status}}"),),
        width=12,
    ),
)
