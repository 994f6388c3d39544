"""An own Redis: in memory, on a free port, gone afterwards."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port, is_listening
from tests.support.process import ServerProcess
from tests.support.programs import find_program
from tests.support.waiting import PATIENCE


class RedisServer:
    """A server that a test may kill, freeze and start again; its port stays the same, what it held is lost."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: ServerProcess | None = None

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        options = ("--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--dir", str(self._folder))
        command = [find_program("redis-server"), "--port", str(self.port), *options]
        self._process = ServerProcess(command, self._folder / "redis.log")
        self._process.wait_ready(lambda: is_listening(self.port), PATIENCE)

    def kill(self) -> None:
        """Kill the server at once."""
        if self._process is not None:
            self._process.kill()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it accept connections, and answer nothing."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)
