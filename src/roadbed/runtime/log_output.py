"""The one stream that log lines leave by: standard error, written by a thread of its own.

A terminal that stands still or a slow collector must not hold up requests. Lines gather for ``INTERVAL`` and leave in
one write; while more than ``BOUND`` bytes wait, new lines are counted instead of kept.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable

INTERVAL = 0.1
"""Seconds for which lines gather before they are written."""

BOUND = 8 * 1024 * 1024
"""Bytes that may wait to be written; lines beyond it are dropped, and their number is told."""

CLOSE_TIMEOUT = 1.0
"""Seconds that a stop waits for what is left to be written. Who does not read by then will not hear the end of it."""

STDERR = 2


def write_to(descriptor: int) -> Callable[[bytes], None]:
    """Return a function that writes all of its bytes to a file descriptor."""

    def write(data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    return write


class LogOutput:
    """Takes lines (bytes, without the line break) from any thread; ``close`` writes what is left.

    ``told(count)`` makes the line that says how many were dropped.
    """

    def __init__(
        self,
        write: Callable[[bytes], None] | None = None,
        *,
        interval: float = INTERVAL,
        bound: int = BOUND,
        told: Callable[[int], bytes] = b"%d log lines were dropped".__mod__,
    ) -> None:
        self._write = write or write_to(STDERR)
        self._interval = interval
        self._bound = bound
        self._told = told
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._dropped = 0
        self._direct = False
        self._awake = threading.Event()
        self._closing = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="roadbed-log", daemon=True)
        self._thread.start()

    def line(self, line: bytes) -> None:
        """Take one line. Costs an append; threads may race for the count of bytes, which is a bound, no account."""
        if self._waiting < self._bound:
            self._lines.append(line)
            self._waiting += len(line) + 1
        else:
            self._dropped += 1
        if not self._awake.is_set():
            self._awake.set()
        if self._direct:
            self.flush()

    def flush(self) -> None:
        """Write what waits, in the calling thread."""
        with self._writing:
            # One by one from the same deque: a list swapped for another may still get a line from a thread that
            # had looked it up just before.
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            self._waiting = 0
            dropped, self._dropped = self._dropped, 0
            if dropped:
                lines.append(self._told(dropped))
            if lines:
                lines.append(b"")
                self._send(b"\n".join(lines))

    def close(self) -> None:
        """Stop the thread and write what is left. Lines that come later are written at once.

        Where the stream stands still they are dropped instead, all of them: a reader that sleeps must not keep a
        process from its end.
        """
        self._closing.set()
        self._awake.set()
        self._thread.join(CLOSE_TIMEOUT)
        if not self._thread.is_alive():
            self._direct = True
            self.flush()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._awake.wait()
            self._closing.wait(self._interval)
            self._awake.clear()
            self.flush()
        # Once more here, and not in the thread that closes: it would stand still as well.
        self.flush()

    def _send(self, data: bytes) -> None:
        try:
            self._write(data)
        except OSError:
            # Nobody reads any more (a closed pipe, a full disk): there is no place left to say so.
            return
