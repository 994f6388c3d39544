"""Hears that another process has written to the file: SQLite keeps a number that changes with every commit of others.

``PRAGMA data_version`` (https://sqlite.org/pragma.html#pragma_data_version) reads shared memory, not the disk. It is
asked twenty times a second, in a thread of its own, and only while somebody waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

import apsw

from roadbed.data.bell import Bell
from roadbed.data.sqlite.connection import SqliteRun
from roadbed.data.sqlite.errors import kind_of
from roadbed.kernel.events import DatabaseFailed, Events

LOOK = 0.05
"""Seconds between two looks at the file."""

_LOOK_AFTER_A_FAILURE = 0.5
_TIME_TO_END = 1.0


class FileWatch:
    """Rings the bell when the file has changed. The thread begins with the first who waits."""

    def __init__(self, open_run: Callable[[], SqliteRun], events: Events) -> None:
        self.bell = Bell(listen=self._begin)
        self._open_run = open_run
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._run: SqliteRun | None = None

    def _begin(self) -> None:
        if self._thread is None and not self._stop.is_set():
            self._thread = threading.Thread(target=self._live, name="roadbed-watch", daemon=True)
            self._thread.start()

    def _live(self) -> None:
        seen: object = None
        pause = LOOK
        while not self._stop.wait(pause):
            if not self.bell.is_awaited:
                continue
            try:
                found = self._look()
                pause = LOOK
            except Exception as error:  # noqa: BLE001  whatever it is: those who wait look for themselves
                found = None
                pause = _LOOK_AFTER_A_FAILURE
                self._failed(error)
            if (found is None or found != seen) and not self._post(self.bell.heard_all):
                break
            seen = found
        self._drop()

    def _look(self) -> object:
        if self._run is None:
            self._run = self._open_run()
        return self._run.connection.execute("PRAGMA data_version").get

    def _failed(self, error: Exception) -> None:
        if isinstance(error, apsw.Error):
            self._post(lambda: self._events.emit(DatabaseFailed("sqlite", kind_of(error), error)))
        self._drop()

    def _drop(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            with suppress(apsw.Error):
                run.close()

    def _post(self, function: Callable[[], None]) -> bool:
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            # The loop has closed: nobody waits any more.
            return False
        return True

    async def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, _TIME_TO_END)
