"""Failed requests until they are written: few, and without anything that a caller may have sent."""

from datetime import UTC, datetime

import msgspec
import pytest

from roadbed.kernel.events import Events, RequestFailed, RequestFinished
from roadbed.platform.failures import ALIKE, MOST, Failures

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def heard() -> tuple[Events, Failures]:
    events = Events()
    return events, Failures(events, lambda: NOON)


def finish(events: Events, status: int, name: str = "one", route: str = "/x/{id}", **more: str) -> None:
    method, problem = more.get("method", "GET"), more.get("problem", "")
    events.emit(RequestFinished(name, method, route, "/x/secret", status, 0.1, "10.0.0.1", 7, problem))


def test_replies_from_500_on_are_kept(heard: tuple[Events, Failures]) -> None:
    events, failures = heard
    for status in (200, 304, 400, 404, 499, 500, 503, 507):
        finish(events, status)
    assert [failure.status for failure in failures.take()] == [500, 503, 507]


@pytest.mark.parametrize(
    ("slug", "title"),
    [
        ("overloaded", "The service is at its limit"),
        ("outcome-unknown", "The outcome is unknown"),
        ("internal", "Something went wrong inside the service"),
        ("", "Something went wrong inside the service"),
        ("of-a-domain", "Something went wrong inside the service"),
    ],
)
def test_a_failure_has_the_title_of_its_problem(heard: tuple[Events, Failures], slug: str, title: str) -> None:
    events, failures = heard
    finish(events, 503, problem=slug)
    assert [(failure.problem, failure.title) for failure in failures.take()] == [(slug, title)]


def test_an_unforeseen_error_is_named_by_its_class(heard: tuple[Events, Failures]) -> None:
    events, failures = heard
    events.emit(RequestFailed("one", "GET", "/x/{id}", ZeroDivisionError("secret")))
    finish(events, 500, "other")
    finish(events, 500, "one")
    assert [failure.error for failure in failures.take()] == ["", "ZeroDivisionError"]


def test_a_reply_that_broke_in_its_middle_is_kept(heard: tuple[Events, Failures]) -> None:
    events, failures = heard
    events.emit(RequestFailed("one", "GET", "/x/{id}", OSError()))
    finish(events, 200, "other")
    finish(events, 200, "one")
    assert [(failure.status, failure.error) for failure in failures.take()] == [(200, "OSError")]


def test_nothing_of_the_caller_is_kept(heard: tuple[Events, Failures]) -> None:
    events, failures = heard
    events.emit(RequestFailed("one", "GET", "/x/{id}", ValueError("secret")))
    finish(events, 500)
    finish(events, 500, route="", method="SECRET")
    kept = failures.take()
    text = msgspec.json.encode(kept).decode()
    assert [(failure.route, failure.method) for failure in kept] == [("/x/{id}", "GET"), ("unmatched", "OTHER")]
    assert [word for word in ("secret", "SECRET", "10.0.0.1") if word in text] == []


def test_of_those_that_are_alike_some_are_enough(heard: tuple[Events, Failures]) -> None:
    events, failures = heard
    for number in range(1000):
        finish(events, 503, str(number), problem="overloaded")
    finish(events, 500)
    kept = failures.take()
    assert [failure.request_id for failure in kept] == [*map(str, range(ALIKE)), "one"]


def test_all_together_are_bounded(heard: tuple[Events, Failures]) -> None:
    events, failures = heard
    for number in range(1000):
        finish(events, 500, str(number), f"/route-{number}")
    assert len(failures.take()) == MOST


def test_each_time_begins_anew(heard: tuple[Events, Failures]) -> None:
    events, failures = heard
    seen: list[int] = []
    for _ in range(2):
        for number in range(20):
            finish(events, 503, str(number))
        seen.append(len(failures.take()))
    assert (seen, failures.take()) == ([ALIKE, ALIKE], [])


def test_what_could_not_be_written_comes_again_first(heard: tuple[Events, Failures]) -> None:
    events, failures = heard
    finish(events, 500, "early")
    taken = failures.take()
    finish(events, 500, "late")
    failures.give_back(taken)
    assert [failure.request_id for failure in failures.take()] == ["early", "late"]


def test_what_comes_again_is_bounded_too(heard: tuple[Events, Failures]) -> None:
    events, failures = heard
    for _ in range(3):
        for number in range(MOST):
            finish(events, 500, str(number), f"/route-{number}")
        failures.give_back(failures.take())
    assert len(failures.take()) == MOST


def test_errors_whose_reply_never_came_are_forgotten(heard: tuple[Events, Failures]) -> None:
    events, failures = heard
    for number in range(1000):
        events.emit(RequestFailed(str(number), "GET", "/x", ValueError()))
    finish(events, 500, "0")
    finish(events, 500, "999")
    assert [failure.error for failure in failures.take()] == ["", "ValueError"]


def test_every_failure_has_an_id_of_its_own(heard: tuple[Events, Failures]) -> None:
    events, failures = heard
    finish(events, 500)
    finish(events, 500)
    first, second = failures.take()
    assert (first.id < second.id, first.at) == (True, NOON)
