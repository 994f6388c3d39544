"""Spans on their way to a collector: a bounded queue, and a thread that empties it.

Who ends a span appends it, no more: a collector that is slow or away costs spans, never a request. Those that did not
find room, or that the collector did not take, are counted and told.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from roadbed.kernel.events import Events, SpansDropped, SpansExported
from roadbed.kernel.spans import Span

INTERVAL = 1.0
"""Seconds for which spans gather, unless there are enough for a batch before."""

BATCH = 512
"""Spans in one request to a collector."""

CLOSE_TIMEOUT = 3.0
"""Seconds that a stop waits for what is left to be taken."""


class Taker(Protocol):
    """Where spans go: a collector. All but ``leave`` is used by one thread alone."""

    def send(self, spans: Sequence[Span]) -> tuple[int, str]:
        """Hand over spans, with as many tries as it takes; return how many of them are lost, and why."""
        ...

    def leave(self) -> None:
        """Have no more patience: a try that fails is the last."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class SpanExport:
    """Empties a queue of at most ``bound`` spans into ``taker``, each ``interval`` seconds or when there is a batch."""

    def __init__(self, taker: Taker, events: Events, *, bound: int, interval: float = INTERVAL) -> None:
        self._taker = taker
        self._events = events
        self._bound = bound
        self._interval = interval
        self._spans: deque[Span] = deque()
        self._overflow = self._flying = 0
        self._left_behind = False
        self._full = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="roadbed-spans", daemon=True)

    @property
    def waiting(self) -> int:
        """How many spans wait."""
        return len(self._spans)

    def keep(self, span: Span) -> None:
        """Take a span. Threads may race for the bound, and for the count of those beyond it: neither is an account."""
        waiting = len(self._spans)
        if waiting >= self._bound:
            self._overflow += 1
            return
        self._spans.append(span)
        if waiting >= BATCH and not self._full.is_set():
            self._full.set()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """Hand over what is left, within ``timeout`` seconds; a thread that waits for a collector is left behind."""
        self._closing.set()
        self._full.set()
        self._taker.leave()
        await asyncio.to_thread(self._thread.join, timeout)
        if self._thread.is_alive():
            self._left_behind = True
            self._drop(self._flying + len(self._take(self._bound)), "stop", "the service has stopped")

    def _run(self) -> None:
        while not self._closing.is_set():
            self._full.wait(self._interval)
            self._full.clear()
            self._empty()
        self._empty()
        self._taker.close()

    def _empty(self) -> None:
        """Hand over what waits now; what comes meanwhile makes the next batch, or waits for the next time."""
        whole = BATCH
        while whole == BATCH:
            overflow, self._overflow = self._overflow, 0
            if overflow:
                self._events.emit(SpansDropped(overflow, "queue", f"more than {self._bound} waited"))
            spans = self._take(BATCH)
            whole = self._flying = len(spans)
            if spans:
                self._hand_over(spans)
            self._flying = 0

    def _take(self, most: int) -> list[Span]:
        spans: list[Span] = []
        # At a stop two threads may take from it.
        with suppress(IndexError):
            while len(spans) < most:
                spans.append(self._spans.popleft())
        return spans

    def _hand_over(self, spans: list[Span]) -> None:
        try:
            lost, why = self._taker.send(spans)
        except Exception as error:  # noqa: BLE001 - a thread that died would drop all that comes, and say nothing
            lost, why = len(spans), f"{type(error).__name__}: {error}"
        self._drop(lost, "collector", why)
        if lost < len(spans):
            self._events.emit(SpansExported(len(spans) - lost))

    def _drop(self, count: int, reason: str, detail: str) -> None:
        if count and (reason == "stop" or not self._left_behind):
            self._events.emit(SpansDropped(count, reason, detail))
