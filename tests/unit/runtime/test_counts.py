"""What is counted once reaches all who want to know, each time once."""

from roadbed.kernel.events import CacheAsked, Events, FlightLanded, RequestFinished
from roadbed.runtime.counts import Counts
from roadbed.runtime.metrics import Metrics
from roadbed.runtime.tallies import Tally


class Taken:
    def __init__(self) -> None:
        self.all: list[tuple[object, ...]] = []

    def took_requests(self, route: str, method: str, status: int, tally: Tally) -> None:
        self.all.append((route, method, status, sum(tally[:-1])))

    def took_flights(self, flight: str, size: Tally, wait: Tally, duration: Tally) -> None:
        self.all.append((flight, size[-1], wait[-1], duration[-1]))

    def took_cache(self, resource: str, result: str, count: int) -> None:
        self.all.append((resource, result, count))


def happen(events: Events) -> None:
    events.emit(RequestFinished("id", "GET", "/x", "/x", 200, 0.1, "", 0, ""))
    events.emit(FlightLanded("post", 3, 0.5, 0.25))
    events.emit(CacheAsked("items", "hit"))
    events.emit(CacheAsked("items", "hit"))


ONCE = [("/x", "GET", 200, 1), ("post", 3, 0.5, 0.25), ("items", "hit", 2)]


def test_every_taker_gets_all_of_it() -> None:
    events, counts, takers = Events(), Counts(), [Taken(), Taken()]
    counts.subscribe(events)
    for taker in takers:
        counts.hand_to(taker)
    happen(events)
    counts.pour()
    counts.pour()
    assert [taker.all for taker in takers] == [ONCE, ONCE]


def test_what_happened_before_is_kept_until_it_is_poured() -> None:
    events, counts, taken = Events(), Counts(), Taken()
    counts.subscribe(events)
    happen(events)
    counts.hand_to(taken)
    counts.pour()
    assert taken.all == ONCE


async def test_metrics_count_once_where_others_count_with_them() -> None:
    events, counts, taken = Events(), Counts(), Taken()
    counts.subscribe(events)
    metrics = Metrics("1.2.3", "sqlite", counts)
    metrics.subscribe(events)
    counts.hand_to(taken)
    happen(events)
    text = (await metrics.exposition()).decode()
    assert (
        'roadbed_http_requests_total{method="GET",route="/x",status="200"} 1.0' in text.splitlines(),
        taken.all,
    ) == (True, ONCE)
