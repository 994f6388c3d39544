"""A server process whose output goes to a file, and which is ended by its process id."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.support.waiting import PATIENCE, WaitedTooLongError, wait_until

TAIL = 4_000  # characters of the log in an error: enough for a traceback, short enough to read


class ServerFailedError(RuntimeError):
    """A server did not start, or did not stop; the message ends with the end of its log."""


class ServerProcess:
    """One process in a session of its own, so that a signal reaches it with its workers, and nobody else."""

    def __init__(
        self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None, user: str | None = None
    ) -> None:
        self.command = list(command)
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                cwd=log.parent,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while the process runs; a signal that ended it as its negative number."""
        return self._process.poll()

    def logs(self) -> str:
        """Everything the process, and those before it with the same log, wrote so far."""
        return self._log.read_text(errors="replace")

    def failed(self, what: str) -> ServerFailedError:
        return ServerFailedError(f"{what}: {' '.join(self.command)}\n… {self.logs()[-TAIL:]}")

    def wait_ready(self, ready: Callable[[], bool], timeout: float) -> None:
        """Wait until ``ready()``; raise at once when the process ends, else after ``timeout`` seconds."""
        try:
            wait_until(lambda: self.exit_code is not None or ready(), "ready", timeout)
        except WaitedTooLongError:
            raise self.failed(f"not ready within {timeout} s") from None
        if self.exit_code is not None:
            raise self.failed(f"ended with {self.exit_code} before it was ready")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process alone; one that is gone is left alone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def send_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and its workers."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def wait(self, timeout: float) -> int:
        """Return the exit code; raise after ``timeout`` seconds."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self.failed(f"still running after {timeout} s") from None

    def end(self, number: signal.Signals, timeout: float) -> int:
        """Ask for the end with a signal; after ``timeout`` seconds kill the group and raise. Harmless once ended."""
        self.send(number)
        try:
            return self.wait(timeout)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process and its workers at once, as ``kill -9`` does."""
        self.send_group(signal.SIGKILL)
        self._process.wait(PATIENCE)
