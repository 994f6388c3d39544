"""Spans of flights, shared reads and statements: who is whose part, and what leads from one to the other."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from roadbed.data.flights import Flight
from roadbed.data.postgres.listening import Listener
from roadbed.data.shared import Shared
from roadbed.data.spans import WAIT, begin_ride, begin_statement, observed
from roadbed.kernel.events import DatabaseFailed, Events
from roadbed.kernel.spans import CLIENT, INTERNAL, MOST_LINKS, Span, current, enter
from tests.support.tracing import Kept
from tests.support.waiting import eventually
from tests.unit.data.runway import Runway, turn


@pytest.fixture
def kept() -> Kept:
    return Kept()


def ids(*spans: Span) -> list[tuple[int, int]]:
    return [(span.trace_id, span.span_id) for span in spans]


def test_what_carries_nobody_of_the_sample_has_no_span() -> None:
    assert begin_ride("flight x", [], 5, 0.0) is None


def test_a_ride_belongs_to_the_first_and_leads_to_all(kept: Kept) -> None:
    first, second = kept.span(trace_id=1), kept.span(trace_id=2)
    ride = begin_ride("flight x", [first, second], 9, 3.0)
    assert ride is not None
    assert (ride.trace_id, ride.parent_id, ride.kind, ride.began) == (1, first.span_id, INTERNAL, 3.0)
    assert (ride.links, ride.attributes) == (ids(first, second), {"roadbed.flight.size": 9})


def test_each_passenger_leads_to_the_ride(kept: Kept) -> None:
    passengers = [kept.span(trace_id=number) for number in range(1, 4)]
    ride = begin_ride("flight x", passengers, 3, 0.0)
    assert ride is not None
    assert [passenger.links for passenger in passengers] == [ids(ride)] * 3


def test_a_ride_of_very_many_has_bounded_links(kept: Kept) -> None:
    ride = begin_ride("flight x", [kept.span() for _ in range(MOST_LINKS + 7)], 200, 0.0)
    assert ride is not None
    assert (len(ride.links), ride.lost_links) == (MOST_LINKS, 7)


@pytest.mark.parametrize(
    ("name", "attribute"),
    [("accounts_by_id", "db.query.summary"), ("COMMIT", "db.operation.name"), ("GET", "db.operation.name")],
)
def test_a_statement_is_told_by_its_name(kept: Kept, name: str, attribute: str) -> None:
    span = begin_statement(kept.span(), name, "sqlite")
    assert (span.name, span.kind, span.attributes) == (name, CLIENT, {"db.system.name": "sqlite", attribute: name})


async def test_what_is_observed_has_a_span(kept: Kept) -> None:
    async def answer() -> int:
        return 5

    parent = kept.span()
    parent.attributes[WAIT] = 1.0
    assert await observed(parent, "x", "postgresql", answer(), asked=parent.began) == 5
    (span,) = kept.spans
    assert (span.parent_id, span.error, float(parent.attributes[WAIT]) > 1.0) == (parent.span_id, "", True)


async def test_a_failure_that_is_observed_passes(kept: Kept) -> None:
    async def answer() -> int:
        raise ZeroDivisionError("hidden")

    with pytest.raises(ZeroDivisionError):
        await observed(kept.span(), "x", "postgresql", answer())
    assert [span.error for span in kept.spans] == ["ZeroDivisionError"]


class Tower:
    """A flight that is traced, held in the air."""

    def __init__(self, *, traced: bool = True, capacity: int = 100) -> None:
        self.runway = Runway()
        self.current: list[Span | None] = []
        self.flight: Flight[str, str] = Flight("post", self._fly, Events(), capacity=capacity, queue=100, traced=traced)

    async def _fly(self, items: list[str]) -> Sequence[Any]:
        self.current.append(current())
        return await self.runway.fly(items)

    def join(self, item: str, span: Span | None = None) -> asyncio.Future[str]:
        enter(span)
        try:
            return self.flight.join(item)
        finally:
            enter(None)


async def test_a_flight_carries_the_sampled_of_its_passengers(kept: Kept) -> None:
    tower, first, second = Tower(), kept.span(trace_id=1), kept.span(trace_id=2)
    seats = [tower.join("a"), tower.join("b", first), tower.join("c", second)]
    await turn()
    await tower.runway.land()
    assert [await seat for seat in seats] == ["a", "b", "c"]
    (ride,) = kept.spans
    assert (ride.name, ride.trace_id, ride.links) == ("flight post", 1, ids(first, second))
    assert ride.attributes["roadbed.flight.name"] == "post"
    assert ride.attributes["roadbed.flight.size"] == 3
    assert float(ride.attributes["roadbed.flight.wait"]) >= 0.0
    assert tower.current == [ride]


async def test_a_flight_of_none_of_the_sample_has_no_span(kept: Kept) -> None:
    tower = Tower()
    tower.join("a")
    await turn()
    await tower.runway.land()
    assert (kept.spans, tower.current) == ([], [None])


async def test_the_next_flight_is_no_part_of_the_last_one(kept: Kept) -> None:
    tower = Tower(capacity=1)
    seats = [tower.join("a", kept.span()), tower.join("b")]
    await turn()
    await tower.runway.land()
    await tower.runway.land()
    assert [await seat for seat in seats] == ["a", "b"]
    assert ([span is None for span in tower.current], kept.names) == ([False, True], ["flight post"])


async def test_a_flight_that_crashes_says_so(kept: Kept) -> None:
    tower = Tower()
    seat = tower.join("a", kept.span())
    await turn()
    await tower.runway.land(ValueError("hidden"))
    with pytest.raises(ValueError, match="hidden"):
        await seat
    assert [span.error for span in kept.spans] == ["ValueError"]


async def test_without_a_tracer_nobody_looks(kept: Kept) -> None:
    tower = Tower(traced=False)
    span = kept.span()
    seat = tower.join("a", span)
    await turn()
    await tower.runway.land()
    assert (await seat, kept.spans, span.links) == ("a", [], [])


class Desk:
    """Shared reads that a test answers."""

    def __init__(self) -> None:
        self.shared = Shared()
        self.current: list[Span | None] = []
        self.answers: list[asyncio.Future[str]] = []

    def ask(self, span: Span | None) -> asyncio.Task[str]:
        async def request() -> str:
            enter(span)
            return await self.shared.ask("question", self._read)

        return asyncio.create_task(request())

    async def _read(self) -> str:
        self.current.append(current())
        self.answers.append(asyncio.get_running_loop().create_future())
        return await self.answers[-1]


async def test_a_shared_read_leads_to_all_who_asked(kept: Kept) -> None:
    desk, first, second = Desk(), kept.span(trace_id=1), kept.span(trace_id=2)
    asking = [desk.ask(None), desk.ask(first), desk.ask(second)]
    await turn()
    desk.answers[0].set_result("answer")
    assert await asyncio.gather(*asking) == ["answer"] * 3
    (ride,) = kept.spans
    assert (ride.name, ride.links, ride.attributes) == ("shared read", ids(first, second), {"roadbed.flight.size": 3})
    assert desk.current == [ride]


async def test_the_next_read_is_no_part_of_the_last_one(kept: Kept) -> None:
    desk = Desk()
    first = desk.ask(kept.span())
    await turn()
    second = desk.ask(None)
    await turn()
    desk.answers[0].set_result("one")
    await turn()
    desk.answers[1].set_result("two")
    assert (await first, await second) == ("one", "two")
    assert ([span is None for span in desk.current], kept.names) == ([False, True], ["shared read"])


async def test_a_read_that_fails_says_so(kept: Kept) -> None:
    desk = Desk()
    asking = desk.ask(kept.span())
    await turn()
    desk.answers[0].set_exception(ValueError("hidden"))
    with pytest.raises(ValueError, match="hidden"):
        await asking
    assert [span.error for span in kept.spans] == ["ValueError"]


async def test_what_listens_belongs_to_no_request(kept: Kept) -> None:
    events, seen = Events(), list[Span | None]()
    events.on(DatabaseFailed, lambda _: seen.append(current()))
    listener = Listener("postgresql://127.0.0.1:1/nowhere", 1.0, events)
    with kept.request():
        listener.bell.ring("feed")
    await eventually(lambda: seen, "that nobody answers")
    await listener.close()
    assert seen[0] is None
