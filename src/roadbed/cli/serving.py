"""``roadbed up`` and ``roadbed serve``: all checks first, then the server, in this process or in workers."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Mapping
from contextlib import ExitStack, redirect_stdout, suppress
from socket import socket

import roadbed
from roadbed.app import Application, build, describe
from roadbed.cli.migrating import examine, migrate_if_behind
from roadbed.cli.outcome import FAILED
from roadbed.cli.samples import ask, load_samples
from roadbed.cli.telling import listener, refuse
from roadbed.http.protocol import PROTOCOL
from roadbed.kernel.errors import RoadbedError
from roadbed.kernel.events import Events
from roadbed.kernel.settings import PRODUCTION, Settings
from roadbed.kernel.settings_values import mask
from roadbed.runtime import server
from roadbed.runtime.last_words import say, speak_for_python
from roadbed.runtime.lifecycle import explain
from roadbed.runtime.listening import check_exposure, is_loopback, listen, url_of
from roadbed.runtime.log_events import log_events
from roadbed.runtime.logs import open_logs
from roadbed.runtime.sentry import open_reporter, reporting_failures
from roadbed.runtime.storage import prepare_storage

Announce = Callable[[], None]
Sources = Mapping[str, str] | None
"""Where each setting comes from, for those who look at a running service."""


def serve_after_migration(settings: Settings, sources: Sources = None, *, samples: bool | None = None) -> int:
    """Migrate, serve until a signal, return the exit code.

    ``samples``: whether a database that is made now gets sample data; None asks whoever sits at the terminal.
    """
    return _serve(settings, sources, migrate_if_behind, samples=samples)


def serve_as_it_is(settings: Settings, sources: Sources = None) -> int:
    """Serve until a signal, return the exit code; a database that does not fit is refused."""

    def check(settings: Settings) -> list[str]:
        examine(settings)[1].require_current()
        prepare_storage(settings)
        return []

    return _serve(settings, sources, check, samples=False)


def _serve(
    settings: Settings,
    sources: Sources,
    prepare: Callable[[Settings], list[str]],
    *,
    samples: bool | None = None,
) -> int:
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        with reporting_failures(settings):
            check_exposure(settings)
            describe(settings)  # A wrong declaration is told before anything is touched.
            sock = listen(settings)
            stack.callback(sock.close)
            samples = ask(settings, samples)
            ran = prepare(settings)
            announce = _announcement(settings, sock, ran, _samples(settings, ran, samples))
        if settings.workers == 1:
            return _serve_here(settings, sock, announce, sources)
        return _serve_with_workers(settings, sock, announce, sources)
    # Ctrl-C before anything served: nothing was begun that would have to be told.
    return server.STOPPED


def _samples(settings: Settings, ran: list[str], wanted: bool | None) -> str:
    if listener(settings) is None:
        return load_samples(settings, ran, wanted)
    # Bars and tables are for people: the announcement says what came of it.
    with redirect_stdout(io.StringIO()):
        return load_samples(settings, ran, wanted)


def _announcement(settings: Settings, sock: socket, ran: list[str], samples: str) -> Announce:
    """Return what tells that the service is up, to whoever listens."""
    to = listener(settings)
    if to is None:
        return functools.partial(print, banner(settings, sock, ran, samples), flush=True)
    return functools.partial(
        say,
        "info",
        "Up",
        to,
        url=f"{url_of(sock, settings)}/",
        data=_place(settings),
        domains=list(settings.domains),
        workers=settings.workers,
        migrated=ran,
        samples=samples,
    )


def _build_in_worker(settings: Settings, sources: Sources) -> Application:
    # A worker is spawned: what the process of the command has set up does not reach it.
    if (to := listener(settings)) is not None:
        speak_for_python(to)
    return build(settings, sources=sources)


def _serve_here(settings: Settings, sock: socket, announce: Announce, sources: Sources) -> int:
    application = build(settings, announce, sources)
    code = server.serve_here(server.configure(lambda: application, PROTOCOL, settings), sock)
    if application.failure is None:
        return code
    if not isinstance(application.failure, RoadbedError):
        raise application.failure
    return refuse(explain(application.failure), FAILED, listener(settings))


def _serve_with_workers(settings: Settings, sock: socket, announce: Announce, sources: Sources) -> int:
    config = server.configure(functools.partial(_build_in_worker, settings, sources), PROTOCOL, settings)
    with ExitStack() as stack:
        logs, events = open_logs(settings), Events()
        stack.callback(logs.close)
        log_events(events, logs, settings)
        if (reporter := open_reporter(settings, events)) is not None:
            stack.callback(reporter.close)
        return server.serve_with_workers(config, sock, events, announce, metrics=settings.metrics)


def banner(settings: Settings, sock: socket, ran: list[str], samples: str = "") -> str:
    """Return the few lines that a start prints: where everything is, and who can reach it."""
    url = url_of(sock, settings)
    rows = [
        ("API", f"{url}/"),
        ("Console", f"{url}/console/"),
        ("Docs", f"{url}/docs"),
        ("Data", _place(settings)),
        ("Domains", ", ".join(settings.domains)),
    ]
    if settings.workers > 1:
        rows.append(("Workers", str(settings.workers)))
    if ran:
        rows.append(("Schema", f"migrated: {', '.join(ran)}"))
    if samples:
        rows.append(("Samples", samples))
    rows.append(("Stop", "Ctrl-C"))
    head = f"Roadbed {roadbed.__version__}, {settings.environment}: {_openness(settings)}"
    return "\n".join((head, *(f"  {name:<8} {text}" for name, text in rows)))


def _place(settings: Settings) -> str:
    if settings.dialect == "sqlite":
        return f"{settings.sqlite_path.resolve()} (SQLite)"
    return mask(settings.database_url)


def _openness(settings: Settings) -> str:
    if settings.environment != PRODUCTION and is_loopback(settings.host):
        return "open to everyone on this machine, and to nobody else"
    return "OPEN TO EVERYONE WHO REACHES IT, no credentials are asked for (open_access)"
