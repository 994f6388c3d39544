"""Watchers count each change once, wherever the parts of a stream are cut."""

import asyncio
from collections import deque
from typing import Any, cast

import pytest

from bench.harness.errors import BenchError, NotTheSameWork
from bench.harness.watchers import Publisher, Watcher, _check, _seen, ids

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n13\r\n\nid: 5\n\n\r\n"


def event(number: int) -> bytes:
    return b'id: %d\nevent: put\ndata: {"n":%d}\n\n' % (number, number)


class Line:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)


async def watcher(arrivals: list[float], *, keeps: bool = True) -> Watcher:
    made = Watcher(arrivals, keeps=keeps)
    made.data_received(HEAD)
    assert made.began.done()
    return made


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 30, 1000])
async def test_events_are_counted_wherever_they_are_cut(size: int) -> None:
    arrivals = [0.0] * 4
    made = await watcher(arrivals)
    stream = b"".join(b"27\r\n" + event(number) + b"\r\n" for number in range(6, 10))
    for start in range(0, len(stream), size):
        made.data_received(stream[start : start + size])

    assert made.count == 4
    assert all(moment > 0 for moment in arrivals)
    assert ids(made.kept or b"") == [6, 7, 8, 9]


async def test_the_latest_watcher_says_when_all_had_a_change() -> None:
    arrivals = [0.0]
    first, last = [await watcher(arrivals) for _ in range(2)]
    first.data_received(event(6))
    before = arrivals[0]
    last.data_received(event(6))

    assert arrivals[0] >= before


async def test_a_watcher_that_is_refused_says_so() -> None:
    made = Watcher([], keeps=False)
    made.data_received(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
    made.connection_lost(None)

    assert made.lost
    with pytest.raises(BenchError, match=r"a watcher was refused: b'HTTP/1\.1 503"):
        await made.began


async def test_a_change_counts_from_when_it_was_due() -> None:
    made: list[tuple[int, float]] = []
    idle: deque[Publisher] = deque()
    publisher = Publisher(made, idle)
    publisher.transport = cast(asyncio.Transport, Line())
    publisher.send(3, due=1.5)
    publisher.data_received(b'HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{"version"')
    assert not idle
    publisher.data_received(b": 9}")

    assert made == [(9, 1.5)]
    assert list(idle) == [publisher]


async def test_a_change_that_is_refused_is_not_made() -> None:
    made: list[tuple[int, float]] = []
    idle: deque[Publisher] = deque()
    publisher = Publisher(made, idle)
    publisher.data_received(b"HTTP/1.1 503 Busy\r\ncontent-length: 2\r\n\r\n{}")

    assert (made, len(idle)) == ([], 1)


def test_delays_go_by_the_order_of_versions() -> None:
    # The second to leave was the first to be written.
    seen = _seen([(12, 1.0), (11, 1.1)], [1.3, 1.4], late=0.01)

    assert (seen.changes, round(seen.p50, 6), round(seen.max, 6), seen.late) == (2, 0.2, 0.4, 0.01)


@pytest.mark.parametrize(
    ("told", "made", "lost", "words"),
    [
        ([6, 7], [(6, 0.0), (7, 0.0)], False, ""),
        ([6, 7], [(6, 0.0)], False, "1 of 2 changes were made"),
        ([6], [(6, 0.0), (7, 0.0)], False, "had not each of 2 changes once"),
        ([6, 7, 7], [(6, 0.0), (7, 0.0)], False, "had not each of 2 changes once"),
        ([7, 6], [(6, 0.0), (7, 0.0)], False, "in another order"),
        ([6, 7], [(6, 0.0), (7, 0.0)], True, "1 watchers were cut off"),
    ],
)
async def test_each_watcher_is_told_each_change_once_and_in_order(
    told: list[int], made: list[tuple[int, float]], lost: bool, words: str
) -> None:
    one: Any = await watcher([0.0] * 3)
    one.lost = lost
    one.data_received(b"".join(map(event, told)))
    if not words:
        _check([one], made, 2)
        return
    with pytest.raises(NotTheSameWork, match=words):
        _check([one], made, 2)
