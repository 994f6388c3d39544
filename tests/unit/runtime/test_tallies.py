"""Tallies count what happened, by a bounded set of labels, and give it away once."""

import pytest

from roadbed.kernel.events import FlightLanded, RequestFinished
from roadbed.runtime.measures import DURATIONS, SIZES, WAITS
from roadbed.runtime.tallies import METHODS, OTHER, UNMATCHED, FlightTallies, RequestTallies, new_tally


def finished(route: str = "/x", method: str = "GET", status: int = 200, duration: float = 0.003) -> RequestFinished:
    return RequestFinished("id", method, route, "/x", status, duration, "127.0.0.1", 0, "")


def taken(tallies: RequestTallies) -> dict[tuple[str, str, int], int]:
    return {(route, method, status): int(sum(tally[:-1])) for route, method, status, tally in tallies.take()}


def test_nothing_happened() -> None:
    assert (list(RequestTallies().take()), list(FlightTallies().take())) == ([], [])


def test_requests_are_counted_by_route_method_and_status() -> None:
    tallies = RequestTallies()
    for event in (finished(), finished(), finished(status=404), finished(method="POST"), finished(route="/y")):
        tallies.finished(event)
    assert taken(tallies) == {
        ("/x", "GET", 200): 2,
        ("/x", "GET", 404): 1,
        ("/x", "POST", 200): 1,
        ("/y", "GET", 200): 1,
    }


def test_what_was_taken_is_not_taken_again() -> None:
    tallies = RequestTallies()
    tallies.finished(finished())
    taken(tallies)
    assert taken(tallies) == {}


def test_counting_goes_on_afterwards() -> None:
    tallies = RequestTallies()
    tallies.finished(finished())
    taken(tallies)
    tallies.finished(finished())
    assert taken(tallies) == {("/x", "GET", 200): 1}


def test_what_was_taken_does_not_change_any_more() -> None:
    tallies = RequestTallies()
    tallies.finished(finished(duration=0.5))
    (_, _, _, tally), *_ = tallies.take()
    tallies.finished(finished(duration=0.5))
    assert tally[-1] == 0.5


@pytest.mark.parametrize(
    ("duration", "bucket"),
    [
        (0.0, 0),
        (DURATIONS[0], 0),
        (DURATIONS[0] * 1.001, 1),
        (DURATIONS[3], 3),
        (DURATIONS[-1], len(DURATIONS) - 1),
        (DURATIONS[-1] * 2, len(DURATIONS)),
    ],
)
def test_a_duration_falls_into_the_first_bucket_that_holds_it(duration: float, bucket: int) -> None:
    tallies = RequestTallies()
    tallies.finished(finished(duration=duration))
    (_, _, _, tally), *_ = tallies.take()
    assert (tally.index(1), tally[-1]) == (bucket, duration)


def test_durations_are_summed() -> None:
    tallies = RequestTallies()
    for duration in (0.25, 0.5, 1.0):
        tallies.finished(finished(duration=duration))
    (_, _, _, tally), *_ = tallies.take()
    assert (sum(tally[:-1]), tally[-1]) == (3, 1.75)


def test_unknown_routes_are_one() -> None:
    tallies = RequestTallies()
    for _ in range(100):
        tallies.finished(finished(route="", status=404))
    assert taken(tallies) == {(UNMATCHED, "GET", 404): 100}


def test_invented_methods_are_one() -> None:
    tallies = RequestTallies()
    for number in range(100):
        tallies.finished(finished(route="", method=f"BREW{number}", status=405))
    assert taken(tallies) == {(UNMATCHED, OTHER, 405): 100}


def test_invented_methods_do_not_fill_the_memory() -> None:
    tallies = RequestTallies()
    for number in range(100):
        tallies.finished(finished(method=f"BREW{number}"))
    assert len(tallies._tallies) == 1


@pytest.mark.parametrize("method", sorted(METHODS))
def test_known_methods_keep_their_name(method: str) -> None:
    tallies = RequestTallies()
    tallies.finished(finished(method=method))
    assert taken(tallies) == {("/x", method, 200): 1}


def test_flights_are_counted_by_name() -> None:
    tallies = FlightTallies()
    tallies.landed(FlightLanded("post", 3, 0.001, 0.004))
    tallies.landed(FlightLanded("post", 64, 0.0, 0.5))
    tallies.landed(FlightLanded("get", 1, 0.0, 0.001))
    found = {name: (sum(size[:-1]), size[-1], wait[-1], duration[-1]) for name, size, wait, duration in tallies.take()}
    assert found == {"post": (2, 67.0, 0.001, 0.504), "get": (1, 1.0, 0.0, 0.001)}


@pytest.mark.parametrize(
    ("size", "bucket"), [(1, 0), (2, 1), (3, 2), (64, 6), (65, 7), (SIZES[-1], len(SIZES) - 1), (5000, len(SIZES))]
)
def test_a_flight_falls_into_the_first_bucket_that_holds_it(size: int, bucket: int) -> None:
    tallies = FlightTallies()
    tallies.landed(FlightLanded("post", size, 0.0, 0.0))
    (_, sizes, waits, durations), *_ = tallies.take()
    assert (sizes.index(1), waits.index(1), durations.index(1)) == (bucket, 0, 0)


def test_flights_that_were_taken_are_not_taken_again() -> None:
    tallies = FlightTallies()
    tallies.landed(FlightLanded("post", 1, 0.0, 0.0))
    list(tallies.take())
    assert list(tallies.take()) == []


@pytest.mark.parametrize("bounds", [DURATIONS, WAITS, SIZES])
def test_bounds_rise(bounds: tuple[float, ...]) -> None:
    assert sorted(set(bounds)) == list(bounds)


@pytest.mark.parametrize("bounds", [DURATIONS, WAITS, SIZES])
def test_a_new_tally_is_empty(bounds: tuple[float, ...]) -> None:
    assert (len(new_tally(bounds)), sum(new_tally(bounds))) == (len(bounds) + 2, 0)
