"""Runs the ASGI server: uvicorn in this process, or its supervisor with several worker processes.

Workers are spawned, not forked, and nothing of the database is open when that happens. They get the settings over the
pipe that starts them: neither their command line nor their environment shows a password.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from contextlib import ExitStack, contextmanager
from socket import socket
from types import FrameType
from typing import Any

from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.server import Server
from uvicorn.supervisors.multiprocess import Multiprocess

from roadbed.kernel.events import Events, Notice
from roadbed.kernel.settings import Settings
from roadbed.runtime.lifecycle import STOP_SIGNALS
from roadbed.runtime.metrics_folder import metrics_folder

Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

STOPPED = 0
FAILED = 1
FORCED = 130
"""Exit code after a second Ctrl-C, which gives up on requests in flight: 128 + SIGINT, as shells say it."""

_LOOK = 0.1
"""Seconds between two looks for a second Ctrl-C while workers end."""

GRACE = 1.0
"""Seconds after ``drain_timeout`` in which requests that were given up still get their 503 out."""


def configure(make: Callable[[], App], protocol: str, settings: Settings) -> Config:
    """Return uvicorn's configuration. ``make`` builds the application within the process that serves."""
    return Config(
        make,
        factory=True,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=protocol,
        ws="none",
        interface="asgi3",
        lifespan="on",
        log_config=None,
        access_log=False,
        # With a body of bytes and a header more, the server's name helps nobody but those who look for its holes.
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        workers=settings.workers,
        backlog=settings.backlog,
        timeout_keep_alive=settings.keep_alive,  # pyright: ignore[reportArgumentType] - only ever a delay
        timeout_graceful_shutdown=settings.drain_timeout + GRACE,  # pyright: ignore[reportArgumentType] - likewise
    )


def serve_here(config: Config, sock: socket) -> int:
    """Serve in this process until a signal; return the exit code. A failed start returns ``FAILED``."""
    server = Server(config)

    def ended(_number: int, _frame: FrameType | None) -> None:
        # The server raises the signals that stopped it again, for whoever wants to die of them: we end in peace.
        # Before it took them over, they do stop the start.
        if not server.should_exit:
            raise SystemExit(STOPPED)

    before = {number: signal.signal(number, ended) for number in STOP_SIGNALS}
    try:
        server.run(sockets=[sock])
    except SystemExit as end:
        return FAILED if end.code == STARTUP_FAILURE else STOPPED
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return FORCED if server.force_exit else STOPPED


def serve_with_workers(
    config: Config, sock: socket, events: Events, announce: Callable[[], None], *, metrics: bool
) -> int:
    """Supervise workers until a signal; return the exit code. ``announce`` is called when all of them serve."""
    with ExitStack() as stack:
        if metrics:
            stack.enter_context(metrics_folder())
        supervisor = Supervisor(config, [sock], events, announce)
        supervisor.run()
    if supervisor.is_forced:
        return FORCED
    failed = any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes)
    return FAILED if failed else STOPPED


@contextmanager
def ctrl_c_kept_from_children() -> Generator[None]:
    """Start processes that do not get Ctrl-C until they let it in (``lifecycle.on_stop_signal``).

    It reaches every process of a terminal, and one that still imports would die of it with a traceback. Here it is
    only put off: blocked signals are inherited, and are delivered when the block ends.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


class Supervisor(Multiprocess):
    """uvicorn's supervisor, which starts a new worker for one that died or hangs; this one also tells of it."""

    def __init__(self, config: Config, sockets: list[socket], events: Events, announce: Callable[[], None]) -> None:
        super().__init__(config, sockets)
        self._events = events
        self._announce = announce

    def init_processes(self) -> None:
        """Start the workers and wait until all serve, one has failed, or a signal says to stop."""
        with ctrl_c_kept_from_children():
            super().init_processes()
        while not self.should_exit.wait(0.05):
            if any(process.exitcode is not None for process in self.processes):
                return
            if all(process.is_ready(timeout=0.5) for process in self.processes):
                self._announce()
                return
            self.handle_signals()

    def keep_subprocess_alive(self) -> None:
        """Replace workers that died or do not answer."""
        before = list(self.processes)
        with ctrl_c_kept_from_children():
            super().keep_subprocess_alive()
        for old, new in zip(before, self.processes, strict=False):
            if old is not new:
                fields = {"process": old.pid, "exit_code": old.exitcode, "successor": new.pid}
                self._events.emit(Notice("error", "A worker died; another one takes its place", fields))

    def terminate_all(self) -> None:
        """Stop listening, then ask the workers to stop."""
        # As long as our copy is open the system takes connections that nobody will serve.
        for sock in self.sockets:
            sock.close()
        super().terminate_all()

    @property
    def is_forced(self) -> bool:
        """Whether Ctrl-C came again after the one that began the stop: that one has been taken off the queue."""
        return signal.SIGINT in self.signal_queue

    def join_all(self) -> None:
        """Wait for the workers. A second Ctrl-C may have reached us alone: it is handed on, and they give up."""
        handed_on = False
        for process in self.processes:
            while process.exitcode is None:
                process.process.join(_LOOK)
                if self.is_forced and not handed_on:
                    handed_on = True
                    self._interrupt_all()

    def _interrupt_all(self) -> None:
        for process in self.processes:
            if process.exitcode is None and process.pid is not None:
                os.kill(process.pid, signal.SIGINT)
