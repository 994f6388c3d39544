"""Spans on their way: batches, bounds, a collector that misbehaves, and an end in time."""

import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from roadbed.kernel.events import Events, SpansDropped, SpansExported
from roadbed.kernel.spans import Span
from roadbed.runtime.span_export import BATCH, SpanExport
from tests.support.tracing import Kept
from tests.support.waiting import eventually

QUICK = 0.005
NEVER = 3600.0


class Post:
    """Keeps the numbers of spans that it was handed; a test may say how many of each are lost."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.tried = 0
        self.losses: list[tuple[int, str] | Exception] = []
        self.left = self.closed = 0
        self.gate = threading.Event()
        self.gate.set()

    def send(self, spans: Sequence[Span]) -> tuple[int, str]:
        self.tried += 1
        self.gate.wait(60)
        loss = self.losses.pop(0) if self.losses else (0, "it refused them")
        if isinstance(loss, Exception):
            raise loss
        if loss[0] < len(spans):
            self.taken.append(len(spans) - loss[0])
        return loss

    def leave(self) -> None:
        self.left += 1

    def close(self) -> None:
        self.closed += 1


class Office:
    """An export, and what it tells."""

    def __init__(self, bound: int = 10_000, interval: float = QUICK) -> None:
        self.post = Post()
        events = Events()
        self.exported: list[int] = []
        self.dropped: list[tuple[int, str, str]] = []
        events.on(SpansExported, lambda event: self.exported.append(event.count))
        events.on(SpansDropped, lambda event: self.dropped.append((event.count, event.reason, event.detail)))
        self.export = SpanExport(self.post, events, bound=bound, interval=interval)

    def keep(self, number: int) -> None:
        tracer = Kept()
        for _ in range(number):
            self.export.keep(tracer.span())

    async def lost(self, number: int) -> None:
        await eventually(lambda: sum(each[0] for each in self.dropped) >= number, f"{number} spans dropped")


@asynccontextmanager
async def running(office: Office) -> AsyncGenerator[Office]:
    office.export.start()
    try:
        yield office
    finally:
        office.post.gate.set()
        await office.export.close(60)


async def test_spans_reach_the_collector() -> None:
    async with running(Office()) as office:
        office.keep(3)
        await eventually(lambda: sum(office.post.taken) == 3, "three spans")
    assert (sum(office.exported), office.dropped, office.export.waiting) == (3, [], 0)


async def test_they_leave_in_batches() -> None:
    office = Office()
    office.keep(2 * BATCH + 1)
    async with running(office):
        await eventually(lambda: len(office.post.taken) == 3, "three batches")
    assert office.post.taken == [BATCH, BATCH, 1]


async def test_a_whole_batch_does_not_wait_for_its_time() -> None:
    async with running(Office(interval=NEVER)) as office:
        office.keep(BATCH + 1)
        await eventually(lambda: sum(office.post.taken) == BATCH + 1, "a batch")


async def test_beyond_the_bound_they_are_dropped_and_counted() -> None:
    office = Office(bound=100)
    office.keep(150)
    assert office.export.waiting == 100
    async with running(office):
        await office.lost(50)
    assert (office.dropped, office.post.taken) == ([(50, "queue", "more than 100 waited")], [100])


async def test_a_collector_that_hangs_costs_spans_alone() -> None:
    office = Office(bound=100)
    office.post.gate.clear()
    async with running(office):
        office.keep(10)
        await eventually(lambda: office.post.tried == 1, "a try")
        # Whoever ends a span now only finds the queue full.
        office.keep(500)
        assert office.export.waiting == 100
        office.post.gate.set()
        await office.lost(400)
    assert (sum(office.post.taken), sum(each[0] for each in office.dropped)) == (110, 400)


async def test_what_the_collector_does_not_take_is_dropped() -> None:
    office = Office()
    office.post.losses = [(5, "code: 401, reason: Unauthorized")]
    async with running(office):
        office.keep(5)
        await office.lost(5)
        office.keep(1)
        await eventually(lambda: office.post.taken == [1], "the next span")
    assert (office.dropped, office.exported) == ([(5, "collector", "code: 401, reason: Unauthorized")], [1])


async def test_what_a_collector_refuses_is_counted() -> None:
    office = Office()
    office.post.losses = [(2, "it refused them")]
    office.keep(5)
    async with running(office):
        await office.lost(2)
        await eventually(lambda: office.exported, "the rest")
    assert (office.exported, office.dropped) == ([3], [(2, "collector", "it refused them")])


async def test_an_error_that_nobody_foresaw_does_not_end_the_thread() -> None:
    office = Office()
    office.post.losses = [ValueError("broken")]
    async with running(office):
        office.keep(2)
        await office.lost(2)
        office.keep(3)
        await eventually(lambda: sum(office.post.taken) == 3, "the next spans")
    assert office.dropped == [(2, "collector", "ValueError: broken")]


async def test_a_stop_hands_over_what_is_left() -> None:
    office = Office(interval=NEVER)
    async with running(office):
        office.keep(5)
    assert (office.post.taken, office.dropped, office.post.left, office.post.closed) == ([5], [], 1, 1)


async def test_a_stop_has_no_patience_with_a_collector_that_is_away() -> None:
    office = Office()
    office.post.gate.clear()
    office.export.start()
    office.keep(5)
    await eventually(lambda: office.post.tried == 1, "a try")
    office.post.losses = [(5, "away")]
    office.post.leave = office.post.gate.set
    await office.export.close(60)
    assert (office.dropped, office.post.closed) == ([(5, "collector", "away")], 1)


async def test_a_stop_leaves_a_collector_behind_that_hangs() -> None:
    office = Office(interval=QUICK)
    office.post.gate.clear()
    office.export.start()
    office.keep(5)
    await eventually(lambda: office.post.tried == 1, "a try")
    office.keep(7)
    await office.export.close(QUICK)
    assert office.dropped == [(12, "stop", "the service has stopped")]
    # What comes of it after all is nobody's business any more.
    office.post.losses = [(5, "away")]
    office.post.gate.set()
    await eventually(lambda: office.post.closed, "the end of the thread")
    assert sum(each[0] for each in office.dropped) == 12


@pytest.mark.parametrize("threads", [4])
async def test_spans_may_come_from_any_thread(threads: int) -> None:
    async with running(Office()) as office:
        crew = [threading.Thread(target=office.keep, args=(500,)) for _ in range(threads)]
        for member in crew:
            member.start()
        for member in crew:
            member.join()
        await eventually(lambda: sum(office.post.taken) == 500 * threads, "all of them")
