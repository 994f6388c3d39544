"""Requests that end otherwise than by themselves: who ended them, and what their client hears."""

import asyncio

import msgspec
import pytest

from roadbed.http.call import ABANDONED, EXPIRED, READING, RUNNING, STREAMING, TOO_SLOW, Call
from roadbed.http.endings import failure_of, is_by_us, why_cancelled
from roadbed.http.limits import HttpOptions
from roadbed.kernel.errors import DeadlineExceeded, NotFound, OutcomeUnknown, RoadbedError, TooSlow, Unavailable

OPTIONS = HttpOptions(body_timeout=3.0, request_timeout=7.0)


def call(phase: int = RUNNING, method: str = "GET", **fields: str) -> Call[None]:
    given = {name.replace("_", "-").encode(): value.encode() for name, value in fields.items()}
    made: Call[None] = Call(None, "id", method, "/x", given)
    made.phase = phase
    return made


@pytest.mark.parametrize(
    ("phase", "ours"),
    [(RUNNING, False), (READING, False), (STREAMING, False), (TOO_SLOW, True), (EXPIRED, True), (ABANDONED, True)],
)
def test_who_cancelled_it(phase: int, ours: bool) -> None:
    assert is_by_us(call(phase)) is ours


@pytest.mark.parametrize(
    ("phase", "method", "kind", "words"),
    [
        (TOO_SLOW, "POST", TooSlow, "The body took longer than 3 s"),
        (EXPIRED, "GET", DeadlineExceeded, "The request took longer than 7 s"),
        (ABANDONED, "GET", Unavailable, "The service is shutting down"),
        (ABANDONED, "POST", OutcomeUnknown, "The service is shutting down"),
        (RUNNING, "DELETE", OutcomeUnknown, "The service is shutting down"),
    ],
)
async def test_why_it_was_cancelled(phase: int, method: str, kind: type[RoadbedError], words: str) -> None:
    error = why_cancelled(call(phase, method), OPTIONS)
    assert (type(error), error.detail) == (kind, words)


@pytest.mark.parametrize(("phase", "left"), [(EXPIRED, 0), (RUNNING, 1)])
async def test_only_our_own_cancellation_is_taken_back(phase: int, left: int) -> None:
    async def work() -> int:
        task = asyncio.current_task()
        assert task is not None
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            why_cancelled(call(phase), OPTIONS)
            return task.cancelling()
        raise AssertionError

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == left


def test_a_failure_names_request_and_trace() -> None:
    asked = call()
    asked.trace_id = "4b" * 16
    failure = failure_of(asked, NotFound("There is none"))
    problem = msgspec.json.decode(failure.body)
    assert (failure.status, problem["instance"], problem["trace_id"]) == (404, "id", "4b" * 16)


def test_a_failure_without_a_trace_names_none() -> None:
    assert "trace_id" not in msgspec.json.decode(failure_of(call(), NotFound()).body)


def test_an_unforeseen_failure_names_the_trace_and_no_cause() -> None:
    asked = call()
    asked.trace_id = "4b" * 16
    problem = msgspec.json.decode(failure_of(asked, RoadbedError("hidden")).body)
    assert (problem["status"], problem["trace_id"], "hidden" in str(problem)) == (500, "4b" * 16, False)


@pytest.mark.parametrize(("key", "advice"), [({}, "had it carried"), ({"idempotency_key": "k"}, "the same")])
def test_a_write_whose_outcome_is_unknown_gets_advice(key: dict[str, str], advice: str) -> None:
    failure = failure_of(call(EXPIRED, "POST", **key), DeadlineExceeded("It took too long"))
    assert advice in msgspec.json.decode(failure.body)["detail"]
