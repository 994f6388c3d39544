"""Writers of several processes queue on one ``flock``, in order, before they ask SQLite for its write lock.

SQLite's own ``busy_timeout`` polls with growing pauses: under load one process starves for seconds. The kernel's queue
hands the lock over at once.
"""

from __future__ import annotations

import fcntl
import os


class WriteLock:
    """An exclusive ``flock`` on ``<database>.lock``, held around each write transaction. One per process."""

    def __init__(self, database: str) -> None:
        self._descriptor = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the file back. The file itself stays: deleting it would let two processes hold two locks."""
        os.close(self._descriptor)
