"""On what was measured: nothing here names the machine, its user or its folders."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.harness import wrk
from bench.harness.contender import Contender
from bench.harness.cores import Cores
from bench.harness.errors import BenchError
from bench.harness.ratios import percentile

BENCH = Path(__file__).parent.parent
ROOT = BENCH.parent
SYNC_WRITES = 300
SYNC_SIZE = 4096  # bytes
IN_MEMORY = {"tmpfs", "ramfs"}


def facts(folder: Path, cores: Cores, contenders: Sequence[Contender], postgres: str) -> dict[str, Any]:
    """Gather them. ``folder`` is where the databases of the run lie."""
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpu": cpu_model(Path("/proc/cpuinfo").read_text()),
        "cores": os.cpu_count(),
        "placement": f"server on core {cores.server}, load on core {cores.load}, PostgreSQL on core {cores.database}",
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "disk": disk(folder),
        "load_before": os.getloadavg()[0],
        "commit": commit(),
        "versions": {
            "python": platform.python_version(),
            "node": output("node", "--version").lstrip("v"),
            "postgresql": postgres,
            "wrk": wrk.version(),
            **package_versions(contenders),
        },
    }


def cpu_model(cpuinfo: str) -> str:
    """Return the processor's name from the text of ``/proc/cpuinfo``; ARM kernels do not give one."""
    match = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return match.group(1).strip() if match else platform.machine()


def file_system(folder: Path, mounts: str) -> str:
    """Return the type of the file system that holds a folder, from the text of ``/proc/mounts``."""
    best, kind = -1, "unknown"
    for line in mounts.splitlines():
        point, type_ = line.split()[1:3]
        if folder.is_relative_to(point) and len(Path(point).parts) > best:
            best, kind = len(Path(point).parts), type_
    return kind


def disk(folder: Path) -> dict[str, Any]:
    """Return the file system and what it takes to make 4 KiB durable, in microseconds."""
    kind = file_system(folder.resolve(), Path("/proc/mounts").read_text())
    if kind in IN_MEMORY:
        raise BenchError(f"the temporary folder is on {kind}, where nothing is durable: set TMPDIR to one on a disk")
    times: list[float] = []
    path = folder / "fsync"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        for _ in range(SYNC_WRITES):
            os.write(descriptor, bytes(SYNC_SIZE))
            start = time.perf_counter()
            os.fdatasync(descriptor)
            times.append((time.perf_counter() - start) * 1e6)
    finally:
        os.close(descriptor)
        path.unlink()
    times.sort()
    return {
        "file_system": kind,
        "fsync_median_us": round(statistics.median(times)),
        "fsync_p99_us": round(percentile(times, 0.99)),
    }


def output(name: str, *arguments: str) -> str:
    """Return what a program prints, or an empty text where it is not installed."""
    if shutil.which(name) is None:
        return ""
    done = subprocess.run([name, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def commit() -> str:
    """Return the commit that was measured, with a mark if files had changed since."""
    head = output("git", "rev-parse", "--short=12", "HEAD")
    return f"{head} with changes" if head and output("git", "status", "--porcelain", "--", "src", "bench") else head


def package_versions(contenders: Sequence[Contender]) -> dict[str, str]:
    """Return the pinned versions of the contenders' packages, from the lock files."""
    locked = python_pins((BENCH / "requirements.txt").read_text()) | node_pins(
        (BENCH / "package-lock.json").read_text()
    )
    wanted = {name for contender in contenders for name in contender.packages}
    return {name: locked[name] for name in sorted(wanted) if name in locked}


def python_pins(requirements: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==([^\s;\\]+)", requirements, re.MULTILINE))


def node_pins(lock: str) -> dict[str, str]:
    packages: dict[str, dict[str, Any]] = json.loads(lock)["packages"]
    prefix = "node_modules/"
    return {path.removeprefix(prefix): entry["version"] for path, entry in packages.items() if path.startswith(prefix)}
