"""Metrics: what is counted shows at the next look, in Prometheus's format, with a bounded set of labels."""

import asyncio
import os
import platform
import re
import subprocess
import sys

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from roadbed.kernel.events import (
    CacheAsked,
    CacheFailed,
    DatabaseFailed,
    Events,
    FlightLanded,
    FlightRetried,
    FlightSplit,
    RequestFinished,
    RequestShed,
)
from roadbed.runtime.measures import ALL, DURATIONS, MEASURES, Measure
from roadbed.runtime.metrics import Metrics, add
from roadbed.runtime.tallies import new_tally
from tests.support.programs import find_program

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def finished(route: str = "/x", method: str = "GET", status: int = 200, duration: float = 0.003) -> RequestFinished:
    return RequestFinished("id", method, route, "/x", status, duration, "127.0.0.1", 0, "")


async def samples(metrics: Metrics) -> Samples:
    text = (await metrics.exposition()).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def complaints(text: bytes) -> tuple[int, bytes, bytes]:
    """Return the exit code of promtool, and what it says."""
    command = [find_program("promtool"), "check", "metrics"]
    done = subprocess.run(command, input=text, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


@pytest.fixture
def counted() -> tuple[Metrics, Events]:
    metrics, events = Metrics("1.2.3", "sqlite"), Events()
    metrics.subscribe(events)
    return metrics, events


async def test_requests(counted: tuple[Metrics, Events]) -> None:
    metrics, events = counted
    for event in (finished(), finished(), finished(status=404), finished(method="POST", status=201)):
        events.emit(event)
    found = await samples(metrics)
    name = "roadbed_http_requests_total"
    assert [
        value(found, name, route="/x", method="GET", status="200"),
        value(found, name, route="/x", method="GET", status="404"),
        value(found, name, route="/x", method="POST", status="201"),
        value(found, name, route="/x", method="POST", status="200"),
    ] == [2, 1, 1, None]


async def test_durations(counted: tuple[Metrics, Events]) -> None:
    metrics, events = counted
    for duration in (0.0004, 0.003, 0.25, 100.0):
        events.emit(finished(duration=duration))
    found = await samples(metrics)
    name = "roadbed_http_request_duration_seconds"
    buckets = [
        value(found, f"{name}_bucket", route="/x", method="GET", le=le) for le in ("0.0005", "0.005", "0.25", "+Inf")
    ]
    whole = [value(found, f"{name}_{part}", route="/x", method="GET") for part in ("count", "sum")]
    assert (buckets, whole) == ([1, 2, 3, 4], [4, pytest.approx(100.2534)])


async def test_durations_of_all_statuses_are_one_histogram(counted: tuple[Metrics, Events]) -> None:
    metrics, events = counted
    events.emit(finished(status=200))
    events.emit(finished(status=503))
    found = await samples(metrics)
    assert value(found, "roadbed_http_request_duration_seconds_count", route="/x", method="GET") == 2


async def test_what_clients_invent_is_no_label(counted: tuple[Metrics, Events]) -> None:
    metrics, events = counted
    for number in range(200):
        events.emit(finished(route="", method=f"BREW{number}", status=404))
    series = [labels for name, labels in await samples(metrics) if name == "roadbed_http_requests_total"]
    assert [dict(labels) for labels in series] == [{"route": "unmatched", "method": "OTHER", "status": "404"}]


async def test_flights(counted: tuple[Metrics, Events]) -> None:
    metrics, events = counted
    events.emit(FlightLanded("post", 3, 0.0002, 0.004))
    events.emit(FlightLanded("post", 64, 0.0, 0.5))
    found = await samples(metrics)
    assert [
        value(found, "roadbed_flight_size_count", flight="post"),
        value(found, "roadbed_flight_size_sum", flight="post"),
        value(found, "roadbed_flight_size_bucket", flight="post", le="4.0"),
        value(found, "roadbed_flight_wait_seconds_bucket", flight="post", le="0.0001"),
        value(found, "roadbed_flight_duration_seconds_sum", flight="post"),
    ] == [2, 67, 1, 1, 0.504]


@pytest.mark.parametrize(
    ("event", "name", "labels"),
    [
        (FlightSplit("post", 9, ValueError()), "roadbed_flight_splits_total", {"flight": "post"}),
        (FlightRetried("post", "40001"), "roadbed_flight_retries_total", {"flight": "post", "code": "40001"}),
        (RequestShed("writer"), "roadbed_requests_shed_total", {"queue": "writer"}),
        (CacheAsked("items", "hit"), "roadbed_cache_requests_total", {"resource": "items", "result": "hit"}),
        (CacheFailed(ValueError()), "roadbed_cache_errors_total", {}),
        (
            DatabaseFailed("postgres", "timeout", ValueError()),
            "roadbed_database_errors_total",
            {"dialect": "postgres", "kind": "timeout"},
        ),
    ],
    ids=lambda part: type(part).__name__,
)
async def test_rare_events(counted: tuple[Metrics, Events], event: object, name: str, labels: dict[str, str]) -> None:
    metrics, events = counted
    events.emit(event)
    events.emit(event)
    assert value(await samples(metrics), name, **labels) == 2


async def test_nothing_is_counted_twice(counted: tuple[Metrics, Events]) -> None:
    metrics, events = counted
    events.emit(finished())
    events.emit(FlightLanded("post", 3, 0.0, 0.0))
    metrics.flush()
    metrics.flush()
    await samples(metrics)
    found = await samples(metrics)
    assert (
        value(found, "roadbed_http_requests_total", route="/x", method="GET", status="200"),
        value(found, "roadbed_flight_size_count", flight="post"),
    ) == (1, 1)


@pytest.mark.parametrize(
    ("figure", "name", "labels"),
    [
        ("queue_depth:flight:post", "roadbed_queue_depth", {"queue": "flight:post"}),
        ("queue_depth:writer", "roadbed_queue_depth", {"queue": "writer"}),
        ("pool_size", "roadbed_pool_connections", {"state": "size"}),
        ("pool_idle", "roadbed_pool_connections", {"state": "idle"}),
        ("pool_limit", "roadbed_pool_connections", {"state": "limit"}),
        ("database_bytes", "roadbed_database_file_bytes", {"file": "main"}),
        ("wal_bytes", "roadbed_database_file_bytes", {"file": "wal"}),
        ("http_in_flight", "roadbed_http_requests_in_flight", {}),
        ("http_connections", "roadbed_http_connections", {}),
        ("http_streams", "roadbed_http_event_streams", {}),
        ("cache_entries", "roadbed_cache_entries", {}),
        ("cache_bytes", "roadbed_cache_bytes", {}),
    ],
)
async def test_probes(counted: tuple[Metrics, Events], figure: str, name: str, labels: dict[str, str]) -> None:
    metrics, _ = counted
    figures = {figure: 7.0}
    metrics.watch(lambda: figures)
    before = value(await samples(metrics), name, **labels)
    figures[figure] = 3.0
    assert (before, value(await samples(metrics), name, **labels)) == (7, 3)


async def test_a_figure_that_nobody_knows_is_left_out(counted: tuple[Metrics, Events]) -> None:
    metrics, _ = counted
    metrics.watch(lambda: {"phase_of_the_moon": 0.5})
    assert b"moon" not in await metrics.exposition()


async def test_the_process(counted: tuple[Metrics, Events]) -> None:
    metrics, _ = counted
    found, worker = await samples(metrics), str(os.getpid())
    names = ("cpu_seconds_total", "resident_memory_bytes", "open_files", "max_open_files", "start_time_seconds")
    figures = [value(found, f"roadbed_process_{name}", worker=worker) or 0 for name in names]
    assert [figure > 0 for figure in figures] == [True] * len(names)


async def test_cpu_time_is_counted_once(counted: tuple[Metrics, Events]) -> None:
    metrics, _ = counted
    for _ in range(10):
        metrics.flush()
    used = os.times()
    counted_seconds = value(await samples(metrics), "roadbed_process_cpu_seconds_total", worker=str(os.getpid()))
    assert counted_seconds == pytest.approx(used.user + used.system, abs=0.5)


async def test_what_runs(counted: tuple[Metrics, Events]) -> None:
    found = await samples(counted[0])
    python = platform.python_version()
    assert value(found, "roadbed_build_info", version="1.2.3", python=python, engine="sqlite") == 1


async def test_a_loop_that_is_held_up_shows(counted: tuple[Metrics, Events]) -> None:
    metrics, _ = counted
    metrics.flush(lag=0.25)
    before = value(await samples(metrics), "roadbed_event_loop_lag_seconds")
    measuring = asyncio.create_task(metrics.flush_and_measure())
    await measuring
    after = value(await samples(metrics), "roadbed_event_loop_lag_seconds")
    assert (before, after is not None and after >= 0) == (0.25, True)


async def test_the_text_says_no_time_of_creation(counted: tuple[Metrics, Events]) -> None:
    metrics, events = counted
    events.emit(finished())
    assert b"_created" not in await metrics.exposition()


def test_a_tally_adds_up_as_single_observations_do() -> None:
    durations = [0.0, 0.0005, 0.0006, 0.004, 0.3, 2.0, 29.0, 30.0, 31.0]
    registries = CollectorRegistry(), CollectorRegistry()
    one, other = (Histogram("h", "h", ["l"], registry=registry, buckets=DURATIONS) for registry in registries)
    tally = new_tally(DURATIONS)
    for duration in durations:
        one.labels("x").observe(duration)
        tally[next((index for index, bound in enumerate(DURATIONS) if duration <= bound), len(DURATIONS))] += 1
        tally[-1] += duration
    add(other.labels("x"), tally)
    created = re.compile(r"^h_created.*\n", re.MULTILINE)
    texts = [created.sub("", generate_latest(registry).decode()) for registry in registries]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("measure", ALL, ids=lambda measure: measure.name)
def test_names_follow_the_rules(measure: Measure) -> None:
    assert (measure.name.startswith("roadbed_"), measure.name.endswith("_total")) == (True, measure.kind == "counter")


@pytest.mark.parametrize("measure", ALL, ids=lambda measure: measure.name)
def test_help_is_a_sentence(measure: Measure) -> None:
    assert (measure.help[0].isupper(), measure.help[-1]) == (True, ".")


@pytest.mark.parametrize("measure", ALL, ids=lambda measure: measure.name)
def test_histograms_alone_have_buckets(measure: Measure) -> None:
    assert bool(measure.buckets) == (measure.kind == "histogram")


def test_no_name_is_given_twice() -> None:
    names = [measure.name for measure in ALL]
    assert sorted(set(names)) == sorted(names)


async def test_promtool_finds_nothing(counted: tuple[Metrics, Events]) -> None:
    metrics, events = counted
    for event in (
        finished(),
        FlightLanded("post", 3, 0.0, 0.0),
        FlightSplit("post", 9, ValueError()),
        FlightRetried("post", "40001"),
        RequestShed("writer"),
        DatabaseFailed("sqlite", "io", ValueError()),
    ):
        events.emit(event)
    metrics.watch(lambda: {"queue_depth:writer": 1, "pool_size": 1, "database_bytes": 1, "http_in_flight": 1})
    assert complaints(await metrics.exposition()) == (0, b"", b"")


async def test_every_measure_appears(counted: tuple[Metrics, Events]) -> None:
    text = (await counted[0].exposition()).decode()
    assert [measure.name for measure in MEASURES if f"# TYPE {measure.name}".removesuffix("_total") not in text] == []


def test_metrics_are_imported_late() -> None:
    code = "import sys, roadbed.runtime.metrics; print('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"
