"""Metrics that domains declare, and figures that somebody else has looked at: of one process, and of several."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from roadbed.runtime.counters import Counter, Counters, Label
from roadbed.runtime.measures import Measure, Sample
from roadbed.runtime.metrics import Metrics
from tests.unit.runtime.test_metrics import complaints, samples, value

LENT = Counter("roadbed_library_loans_total", "Loans.", (Label("kind", ("home", "hall")),))
BOOKS = Measure("roadbed_library_books", "gauge", "Books.", ("shelf",))


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("1.2.3", "sqlite")


async def test_what_domains_count_is_there_from_the_start(metrics: Metrics) -> None:
    counters = Counters([LENT])
    metrics.count(counters)
    counters.of(LENT, "home").add(2)
    metrics.flush()
    counters.of(LENT, "home").add()
    found = await samples(metrics)
    assert [value(found, LENT.name, kind=kind) for kind in ("home", "hall", "yard")] == [3, 0, None]


async def test_what_others_looked_at_is_shown_as_it_is_now(metrics: Metrics) -> None:
    known = [Sample(BOOKS, ("a",), 3.0), Sample(BOOKS, ("b",), 4.0)]
    metrics.show(lambda: known)
    metrics.show(lambda: [Sample(BOOKS, ("c",), 5.0)])
    first = await samples(metrics)
    known.pop(0)
    second = await samples(metrics)
    assert [[value(found, BOOKS.name, shelf=shelf) for shelf in "abc"] for found in (first, second)] == [
        [3, 4, 5],
        [None, 4, 5],
    ]
    assert complaints(await metrics.exposition()) == (0, b"", b"")


def test_domains_figures_of_several_workers(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from roadbed.runtime.counters import Counter, Counters
from roadbed.runtime.measures import Measure, Sample
from roadbed.runtime.metrics import Metrics
loans, books = Counter("roadbed_library_loans_total", "Loans."), Measure("roadbed_library_books", "gauge", "Books.")
metrics, counters = Metrics("1", "sqlite"), Counters([loans])
metrics.count(counters)
metrics.show(lambda: [Sample(books, (), 7.0)])
counters.of(loans).add(2)
sys.stdout.write(asyncio.run(metrics.exposition()).decode())
"""
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=60, check=True)
        for _ in range(2)
    ]
    lines = runs[-1].stdout.splitlines()
    assert [line for line in lines if line.startswith("roadbed_library")] == [
        "roadbed_library_loans_total 4.0",
        "roadbed_library_books 7.0",
    ]
