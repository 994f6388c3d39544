"""The composition root: the one place where everything meets.

``build`` makes the ASGI application of one process from settings. What it opens, it opens in its lifespan, in the
order in which ``Application.running`` reads; it closes in the reverse order.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from typing import Any

import roadbed
from roadbed.data import changes, idempotency
from roadbed.data.atomic import Atomic
from roadbed.data.cache.opening import Cache, open_cache
from roadbed.data.database import Database, Health
from roadbed.data.migrations.locations import State, state
from roadbed.data.opening import open_database
from roadbed.http import batch, console
from roadbed.http.asgi import Receive, Scope, Send
from roadbed.http.caching import ResponseCache
from roadbed.http.connections import STATE_KEY
from roadbed.http.edge import Edge
from roadbed.http.limits import HttpOptions
from roadbed.http.operations import Operations
from roadbed.kernel.clock import now
from roadbed.kernel.events import Events, Notice
from roadbed.kernel.settings import Settings
from roadbed.kernel.settings_sources import Loaded
from roadbed.kernel.spans import enter
from roadbed.platform import api, basics
from roadbed.platform.keeping import Statistics, this_process
from roadbed.platform.looking import Looking
from roadbed.platform.service import Platform
from roadbed.resource.domain import Domain
from roadbed.resource.figures import Counters
from roadbed.resource.fitting import require_columns
from roadbed.resource.landing import leads
from roadbed.resource.registry import load_domains, locations, shipped_locations
from roadbed.runtime import memory
from roadbed.runtime.counts import Counts
from roadbed.runtime.health import Check, Readiness
from roadbed.runtime.jobs import Job, Jobs
from roadbed.runtime.lifecycle import lifespan, on_stop_signal, patiently, watch_parent
from roadbed.runtime.listening import allowed_hosts
from roadbed.runtime.log_events import log_events
from roadbed.runtime.logs import open_logs
from roadbed.runtime.metrics import Metrics
from roadbed.runtime.process import FILES_BESIDE_CONNECTIONS, raise_open_files
from roadbed.runtime.sentry import Reporter, open_reporter
from roadbed.runtime.tracing import open_tracing

CLOSE_TIMEOUT = 5.0
"""Seconds in which flights land at a shutdown, after the requests have had ``drain_timeout``."""

SWEEP_EVERY = 60.0
FLUSH_EVERY = 1.0
"""Seconds between two sweeps of what is kept for a while, and between two flushes of metrics."""


def http_options(settings: Settings) -> HttpOptions:
    """Return what the HTTP room is told of the settings."""
    return HttpOptions(
        allowed_hosts=allowed_hosts(settings),
        cors_origins=settings.cors_origins,
        body_limit=settings.body_limit,
        url_limit=settings.url_limit,
        head_limit=settings.head_limit,
        max_headers=settings.max_headers,
        request_timeout=settings.request_timeout,
        body_timeout=settings.body_timeout,
        max_connections=settings.max_connections,
        head_timeout=settings.head_timeout,
        keep_alive=settings.keep_alive,
        version=roadbed.__version__,
    )


def describe(settings: Settings) -> Edge:
    """Return the edge without a database or services: for its OpenAPI document, and to check declarations.

    Raises:
        ConfigurationError: a domain is unknown or declared wrongly, or two claim one path.
    """
    groups: list[tuple[Operations[Any], Any]] = [(basics.operations, None), (api.operations, None)]
    groups += [(batch.operations, None), (console.operations, None)]
    domains = load_domains(settings.domains)
    groups += [group for domain in domains for group in domain.described()]
    return Edge(groups, Events(), http_options(settings), leads=leads(domains))


def schema_state(stored: Sequence[str], domains: Sequence[Domain[Any]]) -> State:
    """Compare the revisions that a database is at with those of this release and these domains."""
    return state(stored, locations(domains), shipped_locations())


class Application:
    """The ASGI application of one process. ``failure`` is what made its start or its stop fail."""

    def __init__(
        self,
        settings: Settings,
        announce: Callable[[], None] | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = settings
        self._loaded = Loaded.of(settings, sources)
        self.failure: BaseException | None = None
        self._announce = announce
        self._served = False
        self._events = Events()
        self._readiness = Readiness()
        self._edge: Edge | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live the life of the process."""
        if self._edge is not None and scope["type"] != "lifespan":
            await self._edge(scope, receive, send)
        elif scope["type"] == "lifespan":
            self.failure = await lifespan(self.running(scope.setdefault("state", {})), receive, send)
        else:
            raise RuntimeError("a request came before the start")

    @asynccontextmanager
    async def running(self, shared: dict[str, Any]) -> AsyncGenerator[Edge]:
        """Open logs, database and services, in this order; close them in the reverse order.

        ``shared`` is the lifespan's state: there the server's protocol looks for the register of connections.
        """
        settings, events = self.settings, self._events
        async with AsyncExitStack() as stack:
            reporter = await self._open_logs(stack)
            raise_open_files(settings.max_connections + FILES_BESIDE_CONNECTIONS)
            domains = load_domains(settings.domains)
            node, components = this_process(), self._readiness.components
            tracing = open_tracing(settings, events, str(node.id))
            if tracing is not None:
                # Last of all but the log: whatever ends has spans to hand over.
                stack.push_async_callback(tracing.close)
            database = await self._open_database(stack, domains)
            cache = await open_cache(settings, database, events)
            stack.push_async_callback(cache.close)
            counts = Counts()
            if settings.metrics or settings.statistics_every:
                counts.subscribe(events)
            figures = self._metrics(database, cache, counts, traced=tracing is not None) if settings.metrics else None
            counters = Counters(counter for domain in domains for counter in domain.counters())
            opened = {domain.name: domain.opened(database, now, components, counters) for domain in domains}
            services = _services(opened, reporter)
            described = basics.Basics(domains, self._readiness, figures)
            watched = Platform(self._loaded, domains, database, cache, self._readiness, node, self._watchers, now)
            batches = batch.Batches(Atomic(database).run)
            groups: list[tuple[Operations[Any], Any]] = [(basics.operations, described), (api.operations, watched)]
            groups += [(batch.operations, batches), (console.operations, console.Console()), *services]
            options, bodies = http_options(settings), ResponseCache(cache, events)
            self._edge = edge = Edge(groups, events, options, cache=bodies, leads=leads(domains), tracer=tracing)
            batches.serve(edge.endpoints)
            shared[STATE_KEY] = edge.connections
            statistics = Statistics(settings, database, counts, node, events, now)
            statistics.watch((database.gauges, cache.bodies.gauges, self._http_gauges), self._watchers)
            stack.push_async_callback(statistics.finish)
            jobs = Jobs(events)
            stack.push_async_callback(jobs.stop)
            self._start_jobs(jobs, database, figures)
            if figures is not None:
                figures.count(counters)
                self._look(jobs, domains, database, figures)
            statistics.start(jobs)
            self._readiness.started({**_checks(database, domains), **cache.checks()})
            names = [domain.name for domain in domains]
            fields = {"domains": names, "engine": database.dialect, "process": os.getpid()}
            events.emit(Notice("info", "Serving", fields))
            self._served = True
            self._listen_to_the_outside(edge)
            memory.settle()
            yield edge

    async def _open_logs(self, stack: AsyncExitStack) -> Reporter | None:
        """Open the log, then what reports errors: whatever fails after this is told in both."""
        logs = open_logs(self.settings)
        stack.callback(logs.close)
        log_events(self._events, logs, self.settings)
        stack.callback(self._tell_end)
        reporter = open_reporter(self.settings, self._events)
        return None if reporter is None else await stack.enter_async_context(reporter)

    async def _open_database(self, stack: AsyncExitStack, domains: Sequence[Domain[Any]]) -> Database:
        """Open a database that has the tables of the domains, as they are declared."""
        settings, events = self.settings, self._events
        database = await patiently(lambda: open_database(settings, events), settings.database_wait, events)
        stack.push_async_callback(database.close, CLOSE_TIMEOUT)
        schema_state(await database.stored_heads(), domains).require_current()
        await require_columns(database, domains)
        return database

    def _metrics(self, database: Database, cache: Cache, counts: Counts, *, traced: bool) -> Metrics:
        figures = Metrics(roadbed.__version__, database.dialect, counts)
        figures.subscribe(self._events)
        if traced:
            figures.exemplify(self._events)
        figures.watch(database.gauges)
        figures.watch(cache.bodies.gauges)
        figures.watch(self._http_gauges)
        return figures

    def _http_gauges(self) -> Mapping[str, float]:
        if self._edge is None:
            return {}
        edge = self._edge
        return {
            "http_in_flight": edge.in_flight,
            "http_connections": len(edge.connections.open),
            "http_streams": len(edge.channels.open),
        }

    def _watchers(self) -> Mapping[str, int]:
        return {} if self._edge is None else self._edge.channels.feeds()

    def _start_jobs(self, jobs: Jobs, database: Database, figures: Metrics | None) -> None:
        jobs.start(Job("sweep idempotency keys", SWEEP_EVERY, SWEEP_EVERY, lambda: idempotency.sweep(database)))
        age, count = self.settings.change_log_age, self.settings.change_log_count
        jobs.start(Job("sweep changes", SWEEP_EVERY, SWEEP_EVERY, lambda: changes.sweep(database, age, count)))
        if figures is not None:
            jobs.start(Job("flush metrics", FLUSH_EVERY, FLUSH_EVERY, figures.flush_and_measure))

    def _look(self, jobs: Jobs, domains: Sequence[Domain[Any]], database: Database, figures: Metrics) -> None:
        every, timeout = self.settings.figures_every, self.settings.statement_timeout
        looks = [look for domain in domains for look in domain.looks()]
        if every and looks:
            looking = Looking(database, looks, every, timeout, now, self._events)
            figures.show(looking.samples)
            jobs.start(looking.job())

    def _listen_to_the_outside(self, edge: Edge) -> None:
        loop = asyncio.get_running_loop()

        def drain() -> None:
            if not self._readiness.draining:  # a second signal stops nothing anew
                loop.call_soon_threadsafe(self._tell_stop, edge)
            self._readiness.drain()
            edge.drain()
            loop.call_soon_threadsafe(edge.end_streams)
            # Signals come between any two instructions: only this may be called then.
            loop.call_soon_threadsafe(loop.call_later, self.settings.drain_timeout, edge.abandon)

        on_stop_signal(drain)
        watch_parent()
        if self.settings.open_access:
            self._events.emit(Notice("warning", "OPEN ACCESS: the service asks for no credentials (open_access)"))
        if self._announce is not None:
            self._announce()

    def _tell_stop(self, edge: Edge) -> None:
        # The signal came while some request was at work: this is no part of it.
        enter(None)
        fields = {"in_flight": edge.in_flight, "drain_timeout_s": self.settings.drain_timeout, "process": os.getpid()}
        self._events.emit(Notice("info", "Stopping", fields))

    def _tell_end(self) -> None:
        if self._served:
            self._events.emit(Notice("info", "Stopped", {"process": os.getpid()}))


def _services(
    by_domain: Mapping[str, list[tuple[Operations[Any], Any]]], reporter: Reporter | None
) -> list[tuple[Operations[Any], Any]]:
    """Return all groups; tell who reports errors whose route is whose."""
    if reporter is not None:
        reporter.domain_of = {
            operation.path: name
            for name, opened in by_domain.items()
            for operations, _ in opened
            for operation in operations.declared
        }
    return [group for opened in by_domain.values() for group in opened]


def _checks(database: Database, domains: Sequence[Domain[Any]]) -> Mapping[str, Check]:
    async def schema() -> Health:
        begin = monotonic()
        found = schema_state(await database.stored_heads(), domains)
        return Health(found.kind == "current", monotonic() - begin, "" if found.kind == "current" else found.kind)

    return {"database": database.ping, "schema": schema}


def build(
    settings: Settings, announce: Callable[[], None] | None = None, sources: Mapping[str, str] | None = None
) -> Application:
    """Return the ASGI application; nothing is opened before its lifespan begins. ``announce`` is called once it serves.

    A worker process builds its own, from the same settings. ``sources`` tells of each where it comes from.
    """
    return Application(settings, announce, sources)
