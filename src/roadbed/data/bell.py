"""The bell of a database: who waits for changes of a feed is woken, whoever wrote them.

It only wakes. What has changed is read from the log, so a ring that is lost costs time and nothing else: everybody is
also woken every now and then without a reason.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from roadbed.data.joining import after_commit

Woken = Callable[[], None]


class Bell:
    """One per open database; belongs to the thread of the event loop.

    The engine sets ``tell`` (hands a ring of this process on to the others, where that needs doing) and ``listen``
    (begins to hear the others), each called when it is first needed.
    """

    def __init__(self, tell: Callable[[str], None] | None = None, listen: Callable[[], None] | None = None) -> None:
        self._tell = tell
        self._listen = listen
        self._waiting: dict[str, list[Woken]] = {}

    @property
    def is_awaited(self) -> bool:
        """Whether anybody here waits for any feed."""
        return bool(self._waiting)

    def ring(self, feed: str) -> None:
        """Say that this process has committed a change of a feed, or will with the transaction that is open."""
        after_commit(partial(self._ring, feed))

    def _ring(self, feed: str) -> None:
        self.heard(feed)
        if self._tell is not None:
            self._tell(feed)

    def heard(self, feed: str) -> None:
        """Wake who waits for a feed here."""
        for woken in tuple(self._waiting.get(feed, ())):
            woken()

    def heard_all(self) -> None:
        """Wake everybody: something may have changed, and nobody knows what."""
        for feed in tuple(self._waiting):
            self.heard(feed)

    def on(self, feed: str, woken: Woken) -> None:
        """Call something whenever a feed may have changed. It must be quick, and must not raise."""
        self._waiting.setdefault(feed, []).append(woken)
        if self._listen is not None:
            self._listen()

    def off(self, feed: str, woken: Woken) -> None:
        """Call it no more."""
        waiting = self._waiting.get(feed, [])
        if woken in waiting:
            waiting.remove(woken)
        if not waiting:
            self._waiting.pop(feed, None)
