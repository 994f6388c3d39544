"""The life of a process: start and stop in order, stop signals, patience with a database that comes up late."""

import asyncio
import multiprocessing
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType

import pytest

from roadbed.kernel.errors import ConfigurationError, Unavailable
from roadbed.kernel.events import Events, Notice
from roadbed.runtime.lifecycle import STOP_SIGNALS, Message, explain, lifespan, on_stop_signal, patiently, watch_parent


class Server:
    """The server's side of the lifespan protocol."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.messages = iter(({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}))

    async def receive(self) -> Message:
        return next(self.messages)

    async def send(self, message: Message) -> None:
        self.sent.append(message)


@asynccontextmanager
async def life(
    steps: list[str], *, start: Exception | None = None, stop: Exception | None = None
) -> AsyncGenerator[None]:
    steps.append("start")
    if start:
        raise start
    try:
        yield
    finally:
        steps.append("stop")
    if stop:
        raise stop


async def test_a_whole_life() -> None:
    server, steps = Server(), list[str]()
    failure = await lifespan(life(steps), server.receive, server.send)
    assert (failure, steps, server.sent) == (
        None,
        ["start", "stop"],
        [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}],
    )


async def test_a_start_that_fails() -> None:
    server, steps, error = Server(), list[str](), ConfigurationError("the port is blue")
    failure = await lifespan(life(steps, start=error), server.receive, server.send)
    assert (failure, steps, server.sent) == (
        error,
        ["start"],
        [{"type": "lifespan.startup.failed", "message": "the port is blue"}],
    )


async def test_a_stop_that_fails() -> None:
    server, steps, error = Server(), list[str](), OSError("the disk is gone")
    failure = await lifespan(life(steps, stop=error), server.receive, server.send)
    assert (failure, server.sent[-1]) == (
        error,
        {"type": "lifespan.shutdown.failed", "message": "OSError: the disk is gone"},
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConfigurationError("it is blue"), "it is blue"),
        (Unavailable(), "The service cannot do this now"),
        (ValueError("no"), "ValueError: no"),
    ],
)
def test_an_error_in_words(error: Exception, words: str) -> None:
    assert explain(error) == words


def failing(times: int, error: Exception | None = None) -> Callable[[], Awaitable[str]]:
    """Return what fails so many times, then answers."""
    left = iter(range(times))

    async def attempt() -> str:
        if next(left, None) is None:
            return "open"
        raise error or Unavailable("nobody answers")

    return attempt


async def test_what_answers_at_once_needs_no_patience() -> None:
    assert await patiently(failing(0), 0.0, Events()) == "open"


async def test_patience_pays() -> None:
    events, notices = Events(), list[Notice]()
    events.on(Notice, notices.append)
    found = await patiently(failing(2), 5.0, events)
    assert (found, notices) == (
        "open",
        [
            Notice(
                "warning",
                "The database cannot be reached yet",
                {"detail": "nobody answers", "patience_s": 5.0},
            )
        ],
    )


async def test_patience_ends() -> None:
    with pytest.raises(Unavailable, match="nobody answers"):
        await patiently(failing(1_000_000), 0.15, Events())


async def test_without_patience_the_first_failure_counts() -> None:
    with pytest.raises(Unavailable, match="nobody answers"):
        await patiently(failing(1), 0.0, Events())


async def test_what_waiting_does_not_mend_is_not_waited_for() -> None:
    with pytest.raises(ConfigurationError, match="wrong password"):
        await patiently(failing(1, ConfigurationError("wrong password")), 60.0, Events())


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_stop_signal_is_heard_before_the_server_acts(number: signal.Signals) -> None:
    heard: list[str] = []

    def server(_number: int, _frame: FrameType | None) -> None:
        heard.append("server")

    before = {each: signal.signal(each, server) for each in STOP_SIGNALS}
    try:
        on_stop_signal(lambda: heard.append("we"))
        signal.raise_signal(number)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert heard == ["we", "server"]


def test_a_signal_that_nobody_handled_is_still_heard() -> None:
    heard: list[str] = []
    before = {each: signal.signal(each, signal.SIG_IGN) for each in STOP_SIGNALS}
    try:
        on_stop_signal(lambda: heard.append("we"))
        signal.raise_signal(signal.SIGTERM)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert heard == ["we"]


async def test_outside_the_main_thread_no_signal_is_touched() -> None:
    before = signal.getsignal(signal.SIGTERM)
    await asyncio.to_thread(on_stop_signal, lambda: None)
    assert signal.getsignal(signal.SIGTERM) is before


async def test_a_process_without_a_supervisor_watches_nobody() -> None:
    assert multiprocessing.parent_process() is None
    watch_parent()


ORPHAN = """
import asyncio, multiprocessing, os, sys, time


def work(place):
    from roadbed.runtime.lifecycle import watch_parent

    async def serve():
        watch_parent()
        with open(place, "a") as file:
            print("serving", file=file)
        await asyncio.sleep(60)

    asyncio.run(serve())


if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=work, args=(sys.argv[1],))
    process.start()
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.02)
    print(process.pid, flush=True)
    os._exit(0)  # without a word to the child, as after kill -9
"""


def test_an_orphan_ends(tmp_path: Path) -> None:
    script, place = tmp_path / "orphan.py", tmp_path / "serving"
    script.write_text(ORPHAN)
    # The pipe of its output closes only when the orphan has ended too: without its watch this would take a minute.
    parent = subprocess.Popen([sys.executable, script, place], stdout=subprocess.PIPE, text=True)
    output, _ = parent.communicate(timeout=30)
    assert (parent.returncode, output.strip().isdigit()) == (0, True)
