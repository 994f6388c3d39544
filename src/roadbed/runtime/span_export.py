"""Spans on their way to a collector: a bounded queue, and a thread that empties it.

Who ends a span appends it, no more: a collector that is slow or away costs spans, never a request. Those that did not
find room, or that the collector did not take within some tries, are counted and told.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from roadbed.kernel.events import Events, SpansDropped, SpansExported
from roadbed.kernel.spans import Span

INTERVAL = 1.0
"""Seconds for which spans gather, unless there are enough for a batch before."""

BATCH = 512
"""Spans in one request to a collector."""

PAUSES = (0.5, 2.0)
"""Seconds before each further try to hand over a batch. Then it is dropped: newer spans wait."""

CLOSE_TIMEOUT = 3.0
"""Seconds that a stop waits for what is left to be taken."""


class CollectorError(Exception):
    """A collector did not take what it was sent. ``again``: it may later, after ``pause`` seconds at least."""

    def __init__(self, reason: str, *, again: bool, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.again = again
        self.pause = pause


class Taker(Protocol):
    """Where spans go: a collector."""

    def send(self, body: bytes) -> int:
        """Hand over a request; return how many of its spans were refused. Raises ``CollectorError``."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class SpanExport:
    """``encode`` makes a request of spans, which is handed to ``taker``; both are used by the thread alone."""

    def __init__(
        self,
        encode: Callable[[Sequence[Span]], bytes],
        taker: Taker,
        events: Events,
        *,
        bound: int,
        interval: float = INTERVAL,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._encode = encode
        self._taker = taker
        self._events = events
        self._bound = bound
        self._interval = interval
        self._pauses = pauses
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
            body = self._encode(spans)
            refused = self._try(body)
        except CollectorError as error:
            self._drop(len(spans), "collector", str(error))
        except Exception as error:  # noqa: BLE001 - a thread that died would drop all that comes, and say nothing
            self._drop(len(spans), "collector", f"{type(error).__name__}: {error}")
        else:
            if refused:
                self._events.emit(SpansDropped(refused, "collector", "it refused them"))
            self._events.emit(SpansExported(len(spans) - refused))

    def _try(self, body: bytes) -> int:
        for pause in self._pauses:
            try:
                return self._taker.send(body)
            except CollectorError as error:
                # At a stop there is no time for patience.
                if not error.again or self._closing.wait(max(pause, error.pause)):
                    raise
        return self._taker.send(body)

    def _drop(self, count: int, reason: str, detail: str) -> None:
        if count and (reason == "stop" or not self._left_behind):
            self._events.emit(SpansDropped(count, reason, detail))
