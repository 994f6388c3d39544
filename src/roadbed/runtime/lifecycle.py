"""Start and stop of one serving process: the ASGI lifespan, stop signals, the parent of a worker.

The composition root describes what is started as one asynchronous context manager: what was opened last is closed
first, also when a later part fails to open.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager
from time import monotonic
from types import FrameType
from typing import Any, TypeVar

from roadbed.kernel.errors import RoadbedError, Unavailable
from roadbed.kernel.events import Events, Notice

T = TypeVar("T")
Message = MutableMapping[str, Any]

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PAUSES = (0.1, 0.2, 0.5, 1.0)


async def lifespan(
    running: AbstractAsyncContextManager[object],
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> BaseException | None:
    """Speak the ASGI lifespan protocol around ``running``; return what made the start or the stop fail.

    The error is returned, not raised: the server only logs it, the command line explains it.
    """
    await receive()
    try:
        await running.__aenter__()
    except Exception as error:  # noqa: BLE001 - handed to the caller
        await send({"type": "lifespan.startup.failed", "message": explain(error)})
        return error
    await send({"type": "lifespan.startup.complete"})
    await receive()
    try:
        await running.__aexit__(None, None, None)
    except Exception as error:  # noqa: BLE001 - handed to the caller
        await send({"type": "lifespan.shutdown.failed", "message": explain(error)})
        return error
    await send({"type": "lifespan.shutdown.complete"})
    return None


def explain(error: BaseException) -> str:
    """Return an error in words: ours are written for people, of others the type helps."""
    return error.detail if isinstance(error, RoadbedError) else f"{type(error).__name__}: {error}"


async def patiently(attempt: Callable[[], Awaitable[T]], patience: float, events: Events) -> T:
    """Return what ``attempt`` returns, trying again for ``patience`` seconds while it raises ``Unavailable``.

    Machines that start together rarely start in order: the database may come up a moment after us.
    """
    deadline = monotonic() + patience
    for tries in range(1_000_000):
        try:
            return await attempt()
        except Unavailable as error:
            pause = _PAUSES[min(tries, len(_PAUSES) - 1)]
            if monotonic() + pause > deadline:
                raise
            if tries == 0:
                fields = {"detail": error.detail, "patience_s": patience}
                events.emit(Notice("warning", "The database cannot be reached yet", fields))
            await asyncio.sleep(pause)
    raise AssertionError("unreachable")


def on_stop_signal(callback: Callable[[], None]) -> None:
    """Call ``callback`` as soon as a stop signal arrives, before the server acts on it.

    The server installed its handlers before the lifespan began: they are called afterwards, as if nothing stood
    between. Outside the main thread, where no signals arrive, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in STOP_SIGNALS:
        _precede(number, callback)
    # A supervisor starts its workers with these blocked: from here on they end in order.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def _precede(number: int, callback: Callable[[], None]) -> None:
    following = signal.getsignal(number)

    def handle(signum: int, frame: FrameType | None) -> None:
        callback()
        if callable(following):
            following(signum, frame)

    signal.signal(number, handle)


def watch_parent() -> None:
    """Stop this worker when the process that supervises it is gone: an orphan would hold the port for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    loop = asyncio.get_running_loop()
    sentinel = parent.sentinel

    def gone() -> None:
        loop.remove_reader(sentinel)
        os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(sentinel, gone)
