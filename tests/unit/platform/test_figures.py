"""What a process counts between two rows: every request in one bucket, every event once."""

from roadbed.data.statistic_columns import COUNTS, LATENCIES
from roadbed.kernel.events import CacheAsked, Events, FlightLanded, RequestFinished
from roadbed.platform.figures import Collector
from roadbed.runtime.counts import Counts
from roadbed.runtime.measures import DURATIONS


def collecting() -> tuple[Events, Counts, Collector]:
    events, counts = Events(), Counts()
    counts.subscribe(events)
    return events, counts, Collector(counts, events)


def finish(events: Events, status: int = 200, duration: float = 0.003) -> None:
    events.emit(RequestFinished("id", "GET", "/x", "/x", status, duration, "", 0, ""))


def test_there_is_a_column_for_every_bucket() -> None:
    assert len(LATENCIES) == len(DURATIONS) + 1


def test_nothing_is_zeros() -> None:
    _, _, collector = collecting()
    assert collector.take() == {**dict.fromkeys(COUNTS, 0), "latency_sum": 0.0}


def test_each_duration_falls_into_its_bucket() -> None:
    events, _, collector = collecting()
    for bound in (*DURATIONS, 31.0):
        finish(events, duration=bound)
    taken = collector.take()
    assert ([taken[name] for name in LATENCIES], taken["requests"]) == ([1] * 16, 16)
    assert taken["latency_sum"] == sum(DURATIONS) + 31.0


def test_statuses() -> None:
    events, _, collector = collecting()
    for status in (101, 204, 302, 400, 404, 429, 499, 500, 503):
        finish(events, status)
    taken = collector.take()
    assert (taken["requests"], taken["refused"], taken["errors"]) == (9, 3, 2)


def test_all_statuses_have_one_histogram() -> None:
    events, _, collector = collecting()
    for status in (200, 404, 500):
        finish(events, status)
    assert collector.take()[LATENCIES[3]] == 3


def test_what_others_have_poured_is_not_lost() -> None:
    events, counts, collector = collecting()
    finish(events)
    counts.pour()
    finish(events)
    counts.pour()
    assert collector.take()["requests"] == 2


def test_what_was_taken_is_not_taken_again() -> None:
    events, _, collector = collecting()
    finish(events)
    assert [collector.take()["requests"] for _ in range(2)] == [1, 0]


def test_flights() -> None:
    events, _, collector = collecting()
    for size in (1, 7, 300, 5000):
        events.emit(FlightLanded("post", size, 0.0, 0.0))
    taken = collector.take()
    assert (taken["flights"], taken["flight_items"]) == (4, 5308)


def test_the_cache_is_counted_by_resource() -> None:
    events, counts, collector = collecting()
    events.emit(CacheAsked("items", "hit"))
    events.emit(CacheAsked("items", "miss"))
    events.emit(CacheAsked("books", "shared"))
    counts.pour()
    assert (collector.take_cache(), collector.take_cache()) == ({"items": [1, 1], "books": [1, 0]}, {})
