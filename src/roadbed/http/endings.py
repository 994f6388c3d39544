"""How a request ends that does not end by itself: what its client is told, and whether it was us."""

from __future__ import annotations

import asyncio
from typing import Any

from roadbed.http.call import ABANDONED, EXPIRED, TOO_SLOW, Call
from roadbed.http.limits import HttpOptions
from roadbed.http.problems import Failure, is_unsafe, render
from roadbed.kernel.errors import DeadlineExceeded, OutcomeUnknown, RoadbedError, TooSlow, Unavailable

_BY_US = (TOO_SLOW, EXPIRED, ABANDONED)


def is_by_us(call: Call[Any]) -> bool:
    """Tell whether the task of a call was cancelled by this room, and not by whoever runs the server."""
    return call.phase in _BY_US


def why_cancelled(call: Call[Any], options: HttpOptions) -> RoadbedError:
    """Return what a cancelled call failed with; to be asked in its own task."""
    task = asyncio.current_task()
    if task is not None and is_by_us(call):
        task.uncancel()
    if call.phase == TOO_SLOW:
        return TooSlow(f"The body took longer than {options.body_timeout:g} s")
    if call.phase == EXPIRED:
        return DeadlineExceeded(f"The request took longer than {options.request_timeout:g} s")
    if is_unsafe(call.method):
        # What is in the air lands without us.
        return OutcomeUnknown("The service is shutting down")
    return Unavailable("The service is shutting down")


def failure_of(call: Call[Any], error: RoadbedError) -> Failure:
    """Return the reply to a call that failed."""
    keyed = b"idempotency-key" in call.fields
    return render(error, call.request_id, call.method, keyed=keyed, trace_id=call.trace_id)
