"""Figures of this very process: CPU time, memory, open files."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import msgspec

FILES_BESIDE_CONNECTIONS = 100
"""Open files that a process needs beside its connections: the database, its threads, the log."""

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Figures(msgspec.Struct, frozen=True):
    """``cpu`` in seconds (user and system) since the start, ``memory`` in bytes, files as counts."""

    cpu: float
    memory: int
    open_files: int
    max_open_files: int


def figures() -> Figures:
    """Look at this process."""
    used = os.times()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return Figures(
        used.user + used.system, _resident(), _open_files(), -1 if limit == resource.RLIM_INFINITY else limit
    )


def raise_open_files(needed: int) -> int:
    """Raise the limit of open files of this process to ``needed``, as far as the system lets it; return the limit.

    Many systems start processes with 1024, a value from the time of select(), although far more is allowed.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return soft
    limit = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * _PAGE
    except OSError:
        # No procfs (macOS): the peak is what can be had; there it comes in bytes, elsewhere in KiB.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _open_files() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return len(os.listdir(folder)) - 1  # noqa: PTH208 - one less: the listing itself
        except OSError:
            continue
    return 0
