"""Writers of several processes queue on one ``flock``, in order, before they ask SQLite for its write lock.

SQLite's own ``busy_timeout`` polls with growing pauses: under load one process starves for seconds. The kernel's queue
hands the lock over at once.
"""

from __future__ import annotations

import fcntl
import os

from roadbed.kernel.errors import Unavailable


class WriteLock:
    """An exclusive ``flock`` on ``<database>.lock``, held around each write transaction. One per writer.

    Raises:
        OSError: the lock file cannot be made or opened.
    """

    def __init__(self, database: str) -> None:
        self._descriptor = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError as error:
            raise Unavailable("The write lock of the database cannot be taken: nothing was written") from error

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the file back. The file itself stays: deleting it would let two processes hold two locks."""
        os.close(self._descriptor)
