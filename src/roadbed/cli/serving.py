"""``roadbed up`` and ``roadbed serve``: all checks first, then the server, in this process or in workers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from socket import socket

import roadbed
from roadbed.app import build, describe
from roadbed.cli.migrating import examine, migrate_if_behind
from roadbed.cli.outcome import FAILED, tell
from roadbed.cli.samples import ask, load_samples
from roadbed.http.protocol import PROTOCOL
from roadbed.kernel.errors import RoadbedError
from roadbed.kernel.events import Events
from roadbed.kernel.settings import PRODUCTION, Settings
from roadbed.kernel.settings_values import mask
from roadbed.runtime import server
from roadbed.runtime.lifecycle import explain
from roadbed.runtime.listening import check_exposure, is_loopback, listen, url_of
from roadbed.runtime.log_events import log_events
from roadbed.runtime.logs import open_logs
from roadbed.runtime.storage import prepare_storage

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
    check_exposure(settings)
    describe(settings)  # A wrong declaration is told before anything is touched.
    sock = listen(settings)
    try:
        samples = ask(settings, samples)
        ran = prepare(settings)
        lines = banner(settings, sock, ran, load_samples(settings, ran, samples))
        if settings.workers == 1:
            return _serve_here(settings, sock, lines, sources)
        return _serve_with_workers(settings, sock, lines, sources)
    except KeyboardInterrupt:
        # Ctrl-C before anything served: nothing was begun that would have to be told.
        return server.STOPPED
    finally:
        sock.close()


def _serve_here(settings: Settings, sock: socket, lines: str, sources: Sources) -> int:
    application = build(settings, functools.partial(print, lines, flush=True), sources)
    code = server.serve_here(server.configure(lambda: application, PROTOCOL, settings), sock)
    if application.failure is None:
        return code
    if not isinstance(application.failure, RoadbedError):
        raise application.failure
    return tell(explain(application.failure), FAILED)


def _serve_with_workers(settings: Settings, sock: socket, lines: str, sources: Sources) -> int:
    config = server.configure(functools.partial(build, settings, sources=sources), PROTOCOL, settings)
    announce = functools.partial(print, lines, flush=True)
    logs, events = open_logs(settings), Events()
    log_events(events, logs, settings)
    try:
        return server.serve_with_workers(config, sock, events, announce, metrics=settings.metrics)
    finally:
        logs.close()


def banner(settings: Settings, sock: socket, ran: list[str], samples: str = "") -> str:
    """Return the few lines that a start prints: where everything is, and who can reach it."""
    url = url_of(sock, settings)
    place = (
        f"{settings.sqlite_path.resolve()} (SQLite)" if settings.dialect == "sqlite" else mask(settings.database_url)
    )
    rows = [
        ("API", f"{url}/"),
        ("Console", f"{url}/console/"),
        ("Docs", f"{url}/docs"),
        ("Data", place),
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


def _openness(settings: Settings) -> str:
    if settings.environment != PRODUCTION and is_loopback(settings.host):
        return "open to everyone on this machine, and to nobody else"
    return "OPEN TO EVERYONE WHO REACHES IT, no credentials are asked for (open_access)"
