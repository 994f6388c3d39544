"""Writers of several processes queue on one ``flock``, in order, before they ask SQLite for its write lock.

SQLite's own ``busy_timeout`` polls with growing pauses: under load one process starves for seconds. The kernel's queue
hands the lock over at once. But whoever stands in it cannot be called back: where the lock is not free, a thread of the
lock's own stands there, and the writer waits for that thread, for a bounded time.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading

from roadbed.kernel.errors import Unavailable

_HELD_TOO_LONG = "Another process held the write lock of the database for too long: nothing was written"
_BROKEN = "The write lock of the database cannot be taken: nothing was written"


class WriteLock:
    """An exclusive ``flock`` on ``<database>.lock``, held around each write transaction. One per writer.

    Who gives up the wait after ``timeout`` seconds leaves the thread in the queue: the next write finds its place
    there. If the lock comes while nobody wants it, it is given back at once.

    Raises:
        OSError: the lock file cannot be made or opened.
    """

    def __init__(self, database: str, timeout: float) -> None:
        self._descriptor = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._timeout = timeout
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._queued = self._wanted = self._handed_over = self._closed = self._broken_off = False
        self._failure: OSError | None = None

    def __enter__(self) -> None:
        """Take the lock.

        Raises:
            Unavailable: it was not free within the time, the wait was broken off, or the file system refuses it.
        """
        # Nobody else changes this while no thread is in the queue.
        if not self._queued:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            except OSError as error:
                raise Unavailable(_BROKEN) from error
            else:
                return
        self._wait()

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def break_off(self) -> None:
        """End a wait, now and from now on. To be called from another thread."""
        with self._changed:
            self._broken_off = True
            self._changed.notify_all()

    def close(self) -> None:
        """Give the file back. The file itself stays: deleting it would let two processes hold two locks.

        A thread that still stands in the queue ends when its turn comes, and frees the lock in that moment.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        os.close(self._descriptor)

    def _wait(self) -> None:
        with self._changed:
            if self._thread is None:
                self._thread = self._start()
            self._queued = self._wanted = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._queued or self._broken_off, self._timeout)
            self._wanted = False
            failure, self._failure = self._failure, None
            handed_over, self._handed_over = self._handed_over, False
        if not handed_over:
            if failure is None:
                raise Unavailable(_HELD_TOO_LONG) from BlockingIOError(errno.EWOULDBLOCK, "the lock is held")
            raise Unavailable(_BROKEN) from failure

    def _start(self) -> threading.Thread:
        try:
            # The same lock by another number, which nobody closes, and gives to another file, while the thread uses it.
            descriptor = os.dup(self._descriptor)
        except OSError as error:
            raise Unavailable(_BROKEN) from error
        thread = threading.Thread(target=self._live, args=(descriptor,), name="roadbed-lock", daemon=True)
        thread.start()
        return thread

    def _live(self, descriptor: int) -> None:
        try:
            while self._is_asked():
                failure: OSError | None = None
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
                except OSError as error:
                    failure = error
                self._tell(descriptor, failure)
        finally:
            os.close(descriptor)

    def _is_asked(self) -> bool:
        """Wait until the writer wants the lock; False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queued or self._closed)
            return not self._closed

    def _tell(self, descriptor: int, failure: OSError | None) -> None:
        with self._changed:
            if failure is not None:
                self._failure = failure if self._wanted else None
            elif self._wanted:
                self._handed_over = True
            else:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            # Not before it is given back: from here on the writer looks for the lock by itself again.
            self._queued = False
            self._changed.notify_all()
