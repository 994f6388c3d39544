"""The numbers in a row of ``statistic``, by name, without SQLAlchemy: for the schema, and for who writes and reads."""

from __future__ import annotations

LATENCIES = tuple(f"latency_{number:02d}" for number in range(16))
"""A histogram: how many requests took no longer than each of ``runtime.measures.DURATIONS``, the last: longer."""

COUNTS = (
    *("requests", "refused", "errors"),
    *LATENCIES,
    *("cache_hits", "cache_misses", "flights", "flight_items", "shed", "database_errors", "skipped"),
)
"""What was counted since the row before: sums over processes and time."""

STATES = (
    *("processes", "in_flight", "queued", "connections", "subscribers", "memory"),
    *("disk_free", "disk_size", "database_bytes", "cache_entries", "cache_bytes"),
)
"""How things stood when the row was written: sums over processes (of disks the worst), means over time."""

REALS = ("seconds", "latency_sum", "cpu")
"""The span that a row is of, and what adds up in seconds."""
