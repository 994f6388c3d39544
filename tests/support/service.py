"""A real `roadbed up` process, as a user starts it."""

import http.client
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict, Unpack

from tests.support.ports import free_port
from tests.support.process import ServerProcess
from tests.support.programs import find_program
from tests.support.waiting import PATIENCE

START_TIMEOUT = PATIENCE
STOP_TIMEOUT = PATIENCE


class ServiceOptions(TypedDict, total=False):
    """How a service differs from a plain `roadbed up`."""

    database_url: str | None  # None: the embedded database
    arguments: Sequence[str]  # further arguments of `roadbed up`
    env: Mapping[str, str]  # further variables; ROADBED_* of the caller's own environment are not handed on
    command: Sequence[str]  # stands in for `roadbed up` itself


class Service:
    """A service on a port of its own. Started again after an end, it keeps its port, its data and its log."""

    def __init__(self, folder: Path, **options: Unpack[ServiceOptions]) -> None:
        """Describe a service whose folder holds the log, and the embedded database in ``data``."""
        self.port = free_port()
        self.folder = folder
        self.data = folder / "data"
        self._log = folder / "service.log"
        self._command = [
            *(options.get("command") or [find_program("roadbed"), "up"]),
            *("--host", "127.0.0.1", "--port", str(self.port), "--data", str(self.data)),
            *options.get("arguments", ()),
        ]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
        url = options.get("database_url")
        address = {} if url is None else {"ROADBED_DATABASE_URL": url}
        self._env = inherited | address | dict(options.get("env", {}))
        self._process: ServerProcess | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def exit_code(self) -> int | None:
        """None while the service runs."""
        return self._running().exit_code

    def start(self, timeout: float = START_TIMEOUT) -> None:
        """Start the service and wait until `/health/ready` answers 200."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = ServerProcess(self._command, self._log, env=self._env)
        self._process.wait_ready(self.is_ready, timeout)

    def is_ready(self) -> bool:
        """Say whether `/health/ready` answers 200 within a second."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def terminate(self, timeout: float = STOP_TIMEOUT) -> int:
        """Send SIGTERM, wait for the orderly end, return the exit code."""
        return self._running().end(signal.SIGTERM, timeout)

    def interrupt(self, timeout: float = STOP_TIMEOUT) -> int:
        """Do what Ctrl-C does, wait for the orderly end, return the exit code."""
        return self._running().end(signal.SIGINT, timeout)

    def kill9(self) -> None:
        """Kill the service and its workers at once, with no chance to finish anything."""
        self._running().kill()

    def logs(self) -> str:
        """Everything that the service wrote so far, over all its starts."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _running(self) -> ServerProcess:
        if self._process is None:
            raise RuntimeError("the service was not started")
        return self._process

    def close(self) -> None:
        """End the service, however it stands. Harmless when it has ended, or never started."""
        if self._process is not None:
            self._process.kill()


@contextmanager
def running_service(folder: Path, **options: Unpack[ServiceOptions]) -> Iterator[Service]:
    """Run a service; whatever happens inside, it ends."""
    service = Service(folder, **options)
    try:
        service.start()
        yield service
    finally:
        service.close()
