"""Clients that watch a store, and changes made under them by the clock:  watchers.py <Plan as JSON>

A process of its own, for it must not wait for anything but its sockets. It says ``ready`` when all watch, begins when
it reads a line, says what it saw as one line of JSON, and ends when its input does: so that whoever started it can look
at the server in between.
"""

from __future__ import annotations

import asyncio
import gc
import re
import sys
from collections import deque
from time import perf_counter

import msgspec

from bench.harness.client import parse_reply, request
from bench.harness.errors import BenchError, NotTheSameWork
from bench.harness.ratios import percentile

PREFIX = "feed/"
KEYS = 500
PUBLISHERS = 16  # connections: a change that takes 80 ms would still leave at its time
WITNESSES = 10  # watchers that keep all they are told
AT_ONCE = 50  # connections that are opened together
TIMEOUT = 30.0  # seconds
EVENT = b"\ndata: "
IDS = re.compile(rb"^id: (\d+)\nevent:", re.MULTILINE)


class Plan(msgspec.Struct, frozen=True):
    """``rate``: changes per second; ``seconds``: for how long."""

    port: int
    watchers: int
    rate: float
    seconds: float


class Seen(msgspec.Struct, frozen=True):
    """Seconds from the moment a change was due until the last watcher had it, over all changes; ``late``: how late the
    generator itself sent one, at most."""

    changes: int
    p50: float
    p99: float
    max: float
    late: float


class Watcher(asyncio.Protocol):
    """One client: it counts what it is told. ``arrivals`` holds when the latest of all watchers had which change."""

    def __init__(self, arrivals: list[float], *, keeps: bool) -> None:
        self.count = 0
        self.kept = bytearray() if keeps else None
        self.began: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost = False
        self._arrivals = arrivals
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        assert isinstance(transport, asyncio.Transport)
        transport.write(request("GET", f"/kv?watch=true&prefix={PREFIX}"))

    def data_received(self, data: bytes) -> None:
        if self.kept is not None:
            self.kept += data
        if not self.began.done():
            # A stream begins with the position where it stands.
            self._rest += data
            if b"\nid: " in self._rest and self._rest.startswith(b"HTTP/1.1 200"):
                self.began.set_result(None)
            return
        text = self._rest[1 - len(EVENT) :] + data
        self._rest = text
        found = text.count(EVENT)
        if found:
            until = self.count + found
            self._arrivals[self.count : until] = [perf_counter()] * found
            self.count = until

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the name is asyncio's)
        self.lost = True
        if not self.began.done():
            self.began.set_exception(BenchError(f"a watcher was refused: {self._rest[:200]!r}"))


class Publisher(asyncio.Protocol):
    """One connection on which changes are made, one after the other. ``made``: (version, when it was due)."""

    def __init__(self, made: list[tuple[int, float]], idle: deque[Publisher]) -> None:
        self._made = made
        self._idle = idle
        self._due = 0.0
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._idle.append(self)

    def send(self, number: int, due: float) -> None:
        self._due, self._buffer = due, b""
        self.transport.write(request("PUT", f"/kv/{PREFIX}{number % KEYS}", b'{"value":{"n":%d}}' % number))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        reply = parse_reply(self._buffer)
        if reply is None:
            return
        status, body = reply
        # A refused one has no version: it is missed when all are counted.
        if status in {200, 201}:
            self._made.append((msgspec.json.decode(body)["version"], self._due))
        self._idle.append(self)


async def run(plan: Plan) -> None:
    changes = int(plan.rate * plan.seconds)
    arrivals = [0.0] * changes
    watchers = await _connect(plan, arrivals)
    made: list[tuple[int, float]] = []
    idle: deque[Publisher] = deque()
    loop = asyncio.get_running_loop()
    for _ in range(PUBLISHERS):
        await loop.create_connection(lambda: Publisher(made, idle), "127.0.0.1", plan.port)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    gc.collect()
    gc.disable()
    late = await _publish(plan, changes, idle)
    await _until_all_have(watchers, changes)
    _check(watchers, made, changes)
    print(msgspec.json.encode(_seen(made, arrivals, late)).decode(), flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def _connect(plan: Plan, arrivals: list[float]) -> list[Watcher]:
    loop = asyncio.get_running_loop()
    watchers: list[Watcher] = []

    async def connect(number: int) -> None:
        watcher = Watcher(arrivals, keeps=number < WITNESSES)
        watchers.append(watcher)
        await loop.create_connection(lambda: watcher, "127.0.0.1", plan.port)
        await asyncio.wait_for(watcher.began, TIMEOUT)

    for start in range(0, plan.watchers, AT_ONCE):
        await asyncio.gather(*map(connect, range(start, min(start + AT_ONCE, plan.watchers))))
    return watchers


async def _publish(plan: Plan, changes: int, idle: deque[Publisher]) -> float:
    """Make the changes by the clock; return how late the latest of them left, in seconds."""
    start, late = perf_counter() + 0.1, 0.0
    for number in range(changes):
        due = start + number / plan.rate
        while (wait := due - perf_counter()) > 0 or not idle:  # noqa: ASYNC110 (it is the clock that is waited for)
            await asyncio.sleep(max(wait, 0.0005))
        late = max(late, -wait)
        idle.popleft().send(number, due)
    return late


async def _until_all_have(watchers: list[Watcher], changes: int) -> None:
    deadline = perf_counter() + TIMEOUT
    while perf_counter() < deadline and not all(watcher.count >= changes for watcher in watchers):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    # What comes twice comes now, if at all.
    await asyncio.sleep(0.3)


def _check(watchers: list[Watcher], made: list[tuple[int, float]], changes: int) -> None:
    if len(made) != changes:
        raise NotTheSameWork(f"{len(made)} of {changes} changes were made")
    if lost := sum(watcher.lost for watcher in watchers):
        raise NotTheSameWork(f"{lost} watchers were cut off")
    if wrong := [watcher.count for watcher in watchers if watcher.count != changes]:
        raise NotTheSameWork(f"{len(wrong)} watchers had not each of {changes} changes once; the first: {wrong[0]}")
    versions = sorted(version for version, _ in made)
    for watcher in watchers:
        if watcher.kept is not None and ids(watcher.kept) != versions:
            raise NotTheSameWork("a watcher was told other changes than were made, or in another order")


def ids(kept: bytes | bytearray) -> list[int]:
    """Return the ids of the events in what a watcher was sent."""
    return [int(found) for found in IDS.findall(bytes(kept))]


def _seen(made: list[tuple[int, float]], arrivals: list[float], late: float) -> Seen:
    # Changes are told in the order of their versions, whatever the order in which they left.
    delays = sorted(arrival - due for (_, due), arrival in zip(sorted(made), arrivals, strict=True))
    return Seen(len(delays), percentile(delays, 0.5), percentile(delays, 0.99), delays[-1], late)


if __name__ == "__main__":
    try:
        asyncio.run(run(msgspec.json.decode(sys.argv[1], type=Plan)))
    except BenchError as error:
        sys.exit(str(error))
