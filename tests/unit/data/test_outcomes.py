"""Outcomes: each waiter gets an exception of its own, and one who left leaves no noise in the log."""

import asyncio
import gc
from typing import Any

import pytest

from roadbed.data.outcomes import settle, twin
from roadbed.kernel.errors import Conflict, Fault, Invalid, RoadbedError, Unavailable


class Stubborn(Exception):
    """Keeps other arguments than it takes, as many classes do."""

    def __init__(self, left: int, right: int) -> None:
        super().__init__(f"{left}/{right}")


def raised(error: BaseException, cause: Exception | None = None) -> BaseException:
    """Return the error with a traceback."""
    with pytest.raises(type(error)):
        raise error from cause
    return error


def test_a_twin_has_class_words_state_cause_and_traceback() -> None:
    cause = ValueError("why")
    error = raised(Invalid(faults=[Fault("/a", "is wrong")]), cause)
    other = twin(error)
    assert isinstance(other, Invalid)
    assert (str(error), error.__cause__, error.__traceback__) == (str(other), cause, other.__traceback__)
    assert other.faults == (Fault("/a", "is wrong"),)
    assert other is not error


def test_what_happens_to_one_twin_stays_with_it() -> None:
    error = Conflict("taken", kind="id-taken")
    first, second = twin(error), twin(error)
    raised(first)
    assert first.__traceback__ is not None
    assert (error.__traceback__, second.__traceback__, getattr(second, "kind", "")) == (None, None, "id-taken")


def test_a_class_that_cannot_be_copied_stands_as_the_cause() -> None:
    error = Stubborn(1, 2)
    other = twin(error)
    assert (RoadbedError, error) == (type(other), other.__cause__)


async def test_settling_tells_results_and_failures() -> None:
    loop = asyncio.get_running_loop()
    result, failure = loop.create_future(), loop.create_future()
    settle(result, 7)
    settle(failure, Unavailable("later"))
    assert await result == 7
    with pytest.raises(Unavailable, match="later"):
        await failure


@pytest.mark.parametrize("error", [StopIteration(), asyncio.CancelledError(), KeyboardInterrupt(), SystemExit(1)])
async def test_what_a_task_must_not_raise_stands_as_the_cause(error: BaseException) -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    settle(future, error)
    with pytest.raises(RoadbedError) as raised:
        await future
    assert raised.value.__cause__ is error


async def test_settling_leaves_what_is_done() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    future.cancel()
    settle(future, 7)
    settle(future, Unavailable())
    assert future.cancelled()


async def test_nobody_is_told_of_a_failure_that_nobody_awaits() -> None:
    complaints: list[Any] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    future: asyncio.Future[int] | None = loop.create_future()
    settle(future, Unavailable())
    future = None
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []
