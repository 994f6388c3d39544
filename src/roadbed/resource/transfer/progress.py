"""An import that tells how far it is: a reply of lines of JSON, of which the last one is the result.

What fails before the first line is a problem like any other. What fails later is told in a last line, and then the
reply breaks off, so that nobody takes it for a whole one. What is cancelled later (the time limit, a shutdown) breaks
off without such a line: it is not known what became of the rows in the air.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Annotated, Any

import msgspec

from roadbed.http.call import Call
from roadbed.http.endings import failure_of
from roadbed.http.incoming import Stream
from roadbed.http.problems import internal
from roadbed.kernel.errors import RoadbedError
from roadbed.resource.transfer.keeping import Kept, Room
from roadbed.resource.transfer.outcomes import Counts

LINES = "application/x-ndjson"

PACE = 0.25
"""Seconds between two lines, at least."""

# Nginx would keep lines back until its buffer is full.
HEADERS = {"X-Accel-Buffering": "no"}

Count = Annotated[int, msgspec.Meta(ge=0)]


class Progress(msgspec.Struct, frozen=True):
    """How far an import is: ``read`` of ``size`` bytes, and what became of the rows so far."""

    read: Count
    size: Count
    inserted: Count
    changed: Count
    unchanged: Count
    rejected: Count


Write = Callable[[AsyncIterator[bytes]], AsyncGenerator[int, None]]
"""Writes the rows of a body; tells how many of its bytes have been read whenever some more were."""


async def told(
    call: Call[Any], body: Stream[Any], room: Room, write: Write, counts: Counts, result: Callable[[], Any]
) -> AsyncIterator[bytes]:
    """Yield lines while ``write`` works: ``{"progress": …}``, and in the end ``{"result": …}`` or ``{"problem": …}``.

    No line comes before the whole body has: its client may not read yet. Who is cancelled yields no more.
    """
    last = 0.0
    try:
        async with Kept(body, room) as kept, aclosing(kept.parts()) as parts, aclosing(write(parts)) as steps:
            async for read in steps:
                if kept.is_whole and call.since - last >= PACE:
                    last = call.since
                    yield _line("progress", Progress(read, kept.size, *msgspec.structs.astuple(counts)))
        yield _line("result", result())
    except Exception as error:
        if last:
            yield b'{"problem":%b}\n' % _problem(call, error)
        raise


def _problem(call: Call[Any], error: Exception) -> bytes:
    if isinstance(error, RoadbedError):
        return failure_of(call, error).body
    return internal(call.request_id, call.trace_id).body


def _line(name: str, value: Any) -> bytes:
    return msgspec.json.encode({name: value}) + b"\n"
