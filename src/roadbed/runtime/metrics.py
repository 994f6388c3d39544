"""Metrics of one process, or of all workers together, in Prometheus's text format.

With several workers prometheus-client keeps each value in a file that is mapped into memory, one set per worker, and
a scrape of any worker reads them all (its "multiprocess mode"). It then leaves out its own figures of the process and
``Info``: so those are metrics of ours. ``roadbed.runtime.metrics_folder`` says where the files are.
"""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from roadbed.kernel.events import (
    CacheFailed,
    DatabaseFailed,
    Events,
    FlightRetried,
    FlightSplit,
    ReportDropped,
    RequestShed,
    SpansDropped,
    SpansExported,
    StatisticsSkipped,
)
from roadbed.runtime import measures
from roadbed.runtime.counters import Count, Counters
from roadbed.runtime.counts import Counts
from roadbed.runtime.exemplars import Example, Exemplars
from roadbed.runtime.measures import MEASURES, Measure, Sample
from roadbed.runtime.metrics_folder import VARIABLE, files, forget_the_dead
from roadbed.runtime.process import figures
from roadbed.runtime.tallies import Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_LAG_LOOK = 0.05
"""Seconds to sleep for, to see how late the loop wakes."""

Probe = Callable[[], Mapping[str, float]]
"""Returns present figures by name, as ``Database.gauges`` does."""


class Metrics:
    """Subscribes to events, looks at gauges, and renders all of it.

    ``flush`` is to be called about once a second, in the thread of the event loop: it moves what was counted on the
    hot path into the metrics.
    """

    def __init__(self, version: str, engine: str, counts: Counts | None = None) -> None:
        from prometheus_client import CollectorRegistry, disable_created_metrics

        disable_created_metrics()
        self._folder = os.environ.get(VARIABLE)
        self._registry = CollectorRegistry()
        self._metrics = {measure: self._make(measure) for measure in MEASURES}
        self._counts = counts or Counts()
        self._counts.hand_to(self)
        # Where others count with us, they have subscribed already.
        self._subscribes = counts is None
        self._probes: list[Probe] = []
        self._looked = _Looked()
        self._registry.register(self._looked)
        self._counters: list[tuple[Count, Any]] = []
        self._exemplars: Exemplars | None = None
        self._worker = str(os.getpid())
        self._cpu = 0.0
        self._of(measures.BUILD_INFO, version, platform.python_version(), engine).set(1)
        self._of(measures.PROCESS_START, self._worker).set(time.time())

    def subscribe(self, events: Events) -> None:
        """Count what happens from now on."""
        if self._subscribes:
            self._counts.subscribe(events)
        events.on(FlightSplit, lambda event: self._of(measures.FLIGHT_SPLITS, event.flight).inc())
        events.on(FlightRetried, lambda event: self._of(measures.FLIGHT_RETRIES, event.flight, event.code).inc())
        events.on(RequestShed, lambda event: self._of(measures.REQUESTS_SHED, event.queue).inc())
        events.on(DatabaseFailed, lambda event: self._of(measures.DATABASE_ERRORS, event.dialect, event.kind).inc())
        events.on(StatisticsSkipped, lambda _: self._metrics[measures.STATISTICS_SKIPPED].inc())
        events.on(ReportDropped, lambda event: self._of(measures.REPORTS_DROPPED, event.reason).inc())
        events.on(CacheFailed, lambda _: self._metrics[measures.CACHE_ERRORS].inc())
        events.on(SpansExported, lambda event: self._metrics[measures.SPANS_EXPORTED].inc(event.count))
        events.on(SpansDropped, lambda event: self._of(measures.SPANS_DROPPED, event.reason).inc(event.count))

    def exemplify(self, events: Events) -> None:
        """Show a trace per bucket from now on, where a scrape can: with one worker."""
        if self._folder is None:
            self._exemplars = Exemplars()
            self._exemplars.subscribe(events)

    def watch(self, probe: Probe) -> None:
        """Ask ``probe`` for present figures at every flush."""
        self._probes.append(probe)

    def count(self, counters: Counters) -> None:
        """Take in what domains count, from now on. Each series is there at once, at 0."""
        made = {counter.name: self._make(counter.measure) for counter in counters.declared}
        for counter, values, count in counters.all():
            metric = made[counter.name]
            self._counters.append((count, metric.labels(*values) if values else metric))

    def show(self, samples: Callable[[], Iterable[Sample]]) -> None:
        """Show at every scrape what somebody has looked at, as it is known in this process."""
        self._looked.sources.append(samples)

    def flush(self, lag: float | None = None) -> None:
        """Move what was counted into the metrics, and look at the gauges. ``lag`` is the event loop's, in seconds."""
        self._counts.pour()
        if self._exemplars is not None:
            for route, method, bucket, example in self._exemplars.take():
                show(self._of(measures.HTTP_DURATION, route, method), bucket, example)
        for count, child in self._counters:
            if amount := count.take():
                child.inc(amount)
        for probe in self._probes:
            for name, value in probe().items():
                self._gauge(name, value)
        if lag is not None:
            self._metrics[measures.LOOP_LAG].set(lag)
        self._look_at_process()

    def took_requests(self, route: str, method: str, status: int, tally: Tally) -> None:
        """Add the durations of requests."""
        self._of(measures.HTTP_REQUESTS, route, method, status).inc(sum(tally[:-1]))
        add(self._of(measures.HTTP_DURATION, route, method), tally)

    def took_flights(self, flight: str, size: Tally, wait: Tally, duration: Tally) -> None:
        """Add sizes, waits and durations of flights."""
        add(self._of(measures.FLIGHT_SIZE, flight), size)
        add(self._of(measures.FLIGHT_WAIT, flight), wait)
        add(self._of(measures.FLIGHT_DURATION, flight), duration)

    def took_cache(self, resource: str, result: str, count: int) -> None:
        """Add how often the cache was asked."""
        self._of(measures.CACHE_REQUESTS, resource, result).inc(count)

    async def flush_and_measure(self) -> None:
        """Flush, and measure how late the event loop is."""
        begin = time.perf_counter()
        await asyncio.sleep(_LAG_LOOK)
        self.flush(max(time.perf_counter() - begin - _LAG_LOOK, 0.0))

    async def exposition(self, *, openmetrics: bool = False) -> bytes:
        """Return all metrics in the text format, or as OpenMetrics; of all workers where there are several."""
        self.flush()
        write = _writer(openmetrics=openmetrics)
        if self._folder is None:
            return write(self._registry)
        return await asyncio.to_thread(_of_all_workers, self._folder, _Told(self._looked.collect()), write)

    def _gauge(self, name: str, value: float) -> None:
        kind, _, rest = name.partition(":")
        if kind == "queue_depth":
            self._of(measures.QUEUE_DEPTH, rest).set(value)
        elif kind.startswith("pool_"):
            self._of(measures.POOL, kind.removeprefix("pool_")).set(value)
        elif (place := _PLACES.get(kind)) is not None:
            self._of(*place).set(value)

    def _look_at_process(self) -> None:
        now = figures()
        self._of(measures.PROCESS_CPU, self._worker).inc(max(now.cpu - self._cpu, 0.0))
        self._cpu = now.cpu
        self._of(measures.PROCESS_MEMORY, self._worker).set(now.memory)
        self._of(measures.PROCESS_FILES, self._worker).set(now.open_files)
        self._of(measures.PROCESS_FILES_LIMIT, self._worker).set(now.max_open_files)

    def _make(self, measure: Measure) -> Any:
        from prometheus_client import Counter, Gauge, Histogram

        # With several workers the files are read, and not this registry.
        registry = self._registry if self._folder is None else None
        if measure.kind == "counter":
            return Counter(measure.name, measure.help, measure.labels, registry=registry)
        if measure.kind == "histogram":
            return Histogram(measure.name, measure.help, measure.labels, registry=registry, buckets=measure.buckets)
        mode = "livesum" if measure.across == "sum" else "livemax"
        return Gauge(measure.name, measure.help, measure.labels, registry=registry, multiprocess_mode=mode)

    def _of(self, measure: Measure, *labels: object) -> Any:
        metric = self._metrics[measure]
        return metric.labels(*labels) if labels else metric


_PLACES: dict[str, tuple[Measure, *tuple[str, ...]]] = {
    "database_bytes": (measures.DATABASE_FILE, "main"),
    "wal_bytes": (measures.DATABASE_FILE, "wal"),
    "http_in_flight": (measures.HTTP_IN_FLIGHT,),
    "http_connections": (measures.HTTP_CONNECTIONS,),
    "cache_entries": (measures.CACHE_ENTRIES,),
    "cache_bytes": (measures.CACHE_BYTES,),
    "http_streams": (measures.HTTP_STREAMS,),
}


def add(child: Any, tally: Tally) -> None:
    """Add a whole tally to a child of a histogram.

    prometheus-client only offers to observe one value at a time; a test compares the result of both ways.
    """
    buckets: Sequence[Any] = child._buckets
    for bucket, count in zip(buckets, tally[:-1], strict=True):
        if count:
            bucket.inc(count)
    child._sum.inc(tally[-1])


def show(child: Any, bucket: int, example: Example) -> None:
    """Give a bucket of a histogram's child its exemplar. It belongs to prometheus-client as ``add`` does."""
    from prometheus_client.samples import Exemplar

    exemplar = Exemplar({"trace_id": example.trace_id}, example.duration, example.ended)
    child._buckets[bucket].set_exemplar(exemplar)


def _writer(*, openmetrics: bool) -> Callable[[Any], bytes]:
    if openmetrics:
        from prometheus_client.openmetrics import exposition

        typed: Any = exposition  # half of its types are missing
        return typed.generate_latest
    from prometheus_client import generate_latest

    return generate_latest


class _Merged:
    """A collector of what all workers counted. prometheus-client's own would stumble over an empty file."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Any]:
        from prometheus_client import multiprocess

        collector: Any = multiprocess.MultiProcessCollector  # half of its types are missing
        return collector.merge(files(self._folder), accumulate=True)


class _Looked:
    """A collector of what was read from the database for all processes: it needs no files to be told once."""

    def __init__(self) -> None:
        self.sources: list[Callable[[], Iterable[Sample]]] = []

    def collect(self) -> Iterable[Any]:
        from prometheus_client.core import GaugeMetricFamily

        families: dict[str, GaugeMetricFamily] = {}
        for source in self.sources:
            for measure, labels, value in source():
                family = families.get(measure.name)
                if family is None:
                    family = families[measure.name] = GaugeMetricFamily(
                        measure.name, measure.help, labels=measure.labels
                    )
                family.add_metric(labels, value)
        return families.values()


class _Told:
    """A collector of what was collected before: another thread must not look at what changes meanwhile."""

    def __init__(self, families: Iterable[Any]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Any]:
        return self._families


def _of_all_workers(folder: str, looked: _Told, write: Callable[[Any], bytes]) -> bytes:
    from prometheus_client import CollectorRegistry

    forget_the_dead(folder)
    registry = CollectorRegistry()
    registry.register(_Merged(folder))
    registry.register(looked)
    return write(registry)
