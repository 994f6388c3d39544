"""How an outcome reaches those who wait for it: each gets a result or an exception of their own."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

from roadbed.kernel.errors import RoadbedError


def settle(future: asyncio.Future[Any], outcome: Any) -> None:
    """Give a future its result, or its failure where the outcome is an exception; one that is done stays as it is.

    The failure counts as heard at once: when the waiter has left meanwhile, nobody should read in the log that an
    exception was never retrieved. Whoever does await the future gets it all the same.
    """
    if future.done():
        return
    if isinstance(outcome, BaseException):
        future.set_exception(outcome if _can_be_awaited(outcome) else _wrapped(outcome))
        future.exception()
    else:
        future.set_result(outcome)


def twin(error: BaseException) -> BaseException:
    """Return the same failure for another waiter: same class, words, cause and traceback so far.

    One exception object that is raised in many tasks is written by all of them: its traceback and context would tell
    of somebody else's request.
    """
    try:
        other = copy.copy(error)
    except Exception:  # noqa: BLE001  a class whose constructor takes other arguments than it keeps
        return _wrapped(error)
    other.__cause__ = error.__cause__
    other.__context__ = error.__context__
    other.__suppress_context__ = error.__suppress_context__
    return other.with_traceback(error.__traceback__)


def _can_be_awaited(error: BaseException) -> bool:
    """A future takes no StopIteration; a cancellation or an exit of other code is not the waiter's own."""
    return isinstance(error, Exception) and not isinstance(error, StopIteration)


def _wrapped(error: BaseException) -> RoadbedError:
    other = RoadbedError()
    other.__cause__ = error
    return other
