"""The dashboards of the cache, and of the host as node exporter sees it."""

from __future__ import annotations

from roadbed.resource.panels import Board, Panel, Query, Row, or_none, pick, rate
from roadbed.runtime import measures

HITS = 'result=~"hit|shared|collapsed"'
_CPU = "node_cpu_seconds_total"
_IDLE = 'mode="idle"'
_FILES = 'fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660"'


def hit_rate(*matchers: str) -> str:
    """Return the share of requests that the cache could answer."""
    hits, asked = (f"sum({rate(measures.CACHE_REQUESTS, *some, *matchers)})" for some in ((HITS,), ()))
    return f"({or_none(hits)}) / {asked}"


CACHE = Board(
    "cache",
    "Roadbed: cache",
    "Replies that are kept. The cache is never wrong: a low rate of hits costs time alone.",
    (
        Row(
            "Use",
            (
                Panel(
                    title="Hit rate",
                    description="The share of requests for which nothing had to be made.",
                    unit="percentunit",
                    queries=(Query(hit_rate()),),
                    kind="stat",
                    runbook="cache",
                ),
                Panel(
                    title="Requests by result",
                    description="hit: kept in the process; shared: in Redis; collapsed: another request was just "
                    "making it; miss; bypass: the client wanted a new one.",
                    unit="reqps",
                    queries=(Query(f"sum by (result) ({rate(measures.CACHE_REQUESTS)})", "{{result}}"),),
                ),
                Panel(
                    title="Requests by resource",
                    description="Which resources are asked for.",
                    unit="reqps",
                    queries=(Query(f"sum by (resource) ({rate(measures.CACHE_REQUESTS)})", "{{resource}}"),),
                ),
            ),
        ),
        Row(
            "State",
            (
                Panel(
                    title="Entries",
                    description="Replies that are kept in the memory of workers.",
                    unit="short",
                    queries=(Query(f"sum by (instance) ({pick(measures.CACHE_ENTRIES)})", "{{instance}}"),),
                ),
                Panel(
                    title="Memory",
                    description="What they take, about.",
                    unit="bytes",
                    queries=(Query(f"sum by (instance) ({pick(measures.CACHE_BYTES)})", "{{instance}}"),),
                ),
                Panel(
                    title="Errors of Redis",
                    description="What Redis could not do. Replies came from memory and the database then.",
                    unit="ops",
                    queries=(Query(f"sum({rate(measures.CACHE_ERRORS)})"),),
                    warn=0.01,
                    bad=1.0,
                    runbook="cache",
                ),
            ),
        ),
    ),
)

HOST = Board(
    "host",
    "Roadbed: host",
    "CPU, memory and disk of the machines, from node exporter.",
    (
        Row(
            "CPU and memory",
            (
                Panel(
                    title="CPU",
                    description="The share of all cores that is busy.",
                    unit="percentunit",
                    queries=(Query(f"1 - avg by (instance) ({rate(_CPU, _IDLE)})", "{{instance}}"),),
                    warn=0.8,
                    bad=0.95,
                    runbook="saturation",
                ),
                Panel(
                    title="Load per core",
                    description="What runs or waits for CPU or disk, per core: above 1 something waits.",
                    unit="short",
                    queries=(
                        Query(
                            f"{pick('node_load1')} / on (instance) count by (instance) ({pick(_CPU, _IDLE)})",
                            "{{instance}}",
                        ),
                    ),
                    warn=1.0,
                    bad=2.0,
                    runbook="saturation",
                ),
                Panel(
                    title="Memory in use",
                    description="The share that programs hold and the kernel cannot take back.",
                    unit="percentunit",
                    queries=(
                        Query(
                            f"1 - {pick('node_memory_MemAvailable_bytes')} / {pick('node_memory_MemTotal_bytes')}",
                            "{{instance}}",
                        ),
                    ),
                    warn=0.85,
                    bad=0.95,
                    runbook="saturation",
                ),
            ),
        ),
        Row(
            "Disk and network",
            (
                Panel(
                    title="Free disk",
                    description="The free share of each file system. A full disk stops every write.",
                    unit="percentunit",
                    queries=(
                        Query(
                            f"{pick('node_filesystem_avail_bytes', _FILES)} / "
                            f"{pick('node_filesystem_size_bytes', _FILES)}",
                            "{{instance}} {{mountpoint}}",
                        ),
                    ),
                    warn=0.2,
                    bad=0.1,
                    falling=True,
                    runbook="disk",
                ),
                Panel(
                    title="Disk busy",
                    description="The share of time in which a disk had something to do. Commits wait for it.",
                    unit="percentunit",
                    queries=(Query(rate("node_disk_io_time_seconds_total"), "{{instance}} {{device}}"),),
                    warn=0.7,
                    bad=0.95,
                    runbook="disk",
                ),
                Panel(
                    title="Network",
                    description="Bytes received per second, and sent.",
                    unit="Bps",
                    queries=(
                        Query(f"sum by (instance) ({rate('node_network_receive_bytes_total')})", "{{instance}} in"),
                        Query(f"sum by (instance) ({rate('node_network_transmit_bytes_total')})", "{{instance}} out"),
                    ),
                ),
            ),
        ),
    ),
    "node_load1",
)
