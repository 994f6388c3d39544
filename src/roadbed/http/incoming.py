"""Bodies that are read while they come in: an operation that takes a ``Stream`` gets bytes as the client sends them."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Generic, TypeVar

from roadbed.http.asgi import ClientLeft, Receive
from roadbed.http.bodies import declared_length
from roadbed.http.call import READING, RUNNING, Call
from roadbed.kernel.errors import TooLarge

T = TypeVar("T")


class Stream(Generic[T]):
    """The body of a request, as an asynchronous iterator over parts that are never empty.

    ``body: Stream`` takes the place of a type to decode; ``T`` in ``body: Stream[list[Row]]`` tells OpenAPI what a
    JSON body holds, and is not checked here. Nothing is read before it is asked for: a client that sends faster than
    the handler takes is held back, so that memory is bounded by a part (some 300 KiB at most). ``media_type`` is the
    Content-Type, lower-case and without its parameters; ``size`` counts the bytes so far.

    The time limits count from the last part: the body's while the client is awaited, the request's while the handler
    works. Iterating raises ``TooLarge`` beyond ``limit`` bytes, and ``ClientLeft`` if the body breaks off.
    """

    def __init__(self, call: Call[Any], receive: Receive, limit: int) -> None:
        declared = declared_length(call.fields)
        if declared is not None and declared > limit:
            raise TooLarge(f"The body has more than {limit} bytes")
        value = call.fields.get(b"content-type", b"").decode("latin-1")
        self.media_type = value.partition(";")[0].strip().lower()
        self.limit = limit
        self.size = 0
        self._call = call
        self._receive = receive
        self._more = True

    def __aiter__(self) -> Stream[T]:
        return self

    async def __anext__(self) -> bytes:
        call = self._call
        while self._more:
            call.since, call.phase = perf_counter(), READING
            message = await self._receive()
            call.since, call.phase = perf_counter(), RUNNING
            if message["type"] != "http.request":
                self._more = False
                raise ClientLeft
            self._more = message.get("more_body", False)
            part: bytes = message.get("body", b"")
            self.size += len(part)
            if self.size > self.limit:
                self._more = False
                raise TooLarge(f"The body has more than {self.limit} bytes")
            if part:
                return part
        raise StopAsyncIteration
