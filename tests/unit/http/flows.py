"""A domain for tests whose bodies come and go in parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec

from roadbed.http.call import Call
from roadbed.http.channels import EVENT_STREAM, Channel, frame
from roadbed.http.incoming import Stream
from roadbed.http.operations import Operations, Query
from roadbed.http.reply import Reply
from roadbed.kernel.errors import Conflict, NotFound


class Row(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One row."""

    number: int


class Counted(msgspec.Struct, frozen=True):
    """What came in."""

    size: int
    parts: list[int]
    media_type: str


class Flows:
    """What the handlers did, and what they wait for."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.taken = 0
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.channels: list[Channel] = []


operations: Operations[Flows] = Operations("flows", "Bodies in parts, for tests")


@operations.post(
    "/rows",
    consumes=["application/json", "application/x-ndjson", "text/csv"],
    idempotent=False,
    body_limit=1000,
)
async def take_rows(call: Call[Flows], body: Stream[list[Row]], mode: str = "") -> Counted:
    """Take rows."""
    sizes: list[int] = []
    async for part in body:
        sizes.append(len(part))
        call.service.sizes.append(len(part))
        if mode == "refuse":
            raise Conflict("Enough")
        await call.service.go_on.wait()
    return Counted(body.size, sizes, body.media_type)


@operations.post("/rows/big", consumes=["text/csv"], idempotent=False, body_limit=100_000_000)
async def take_big(call: Call[Flows], body: Stream) -> Counted:
    """Take many rows."""
    async for part in body:
        call.service.taken += len(part)
        await call.service.go_on.wait()
    return Counted(body.size, [], body.media_type)


@operations.get("/parts/{kind}", produces=["text/csv", "application/x-ndjson"], raises=[NotFound])
async def send_parts(call: Call[Flows], kind: str) -> Reply:
    """Return a reply in parts."""
    return Reply(body=_parts(call.service, kind), media_type="text/csv", headers={"X-Kind": kind})


async def _parts(flows: Flows, kind: str) -> AsyncGenerator[bytes]:
    flows.begun.append(kind)
    try:
        if kind == "missing":
            raise NotFound("There are no parts")
        if kind == "slow-start":
            await asyncio.Event().wait()
        if kind == "empty":
            return
        yield b"one\n"
        yield b""
        if kind == "broken":
            raise ZeroDivisionError("secret detail")
        if kind == "refused":
            raise Conflict("Another one came")
        if kind == "endless":
            while True:
                yield b"x" * 65536
        if kind == "slow":
            await flows.go_on.wait()
        yield b"two\n"
    finally:
        flows.ended.append(kind)


@operations.get("/either", produces="text/csv")
async def either(
    call: Call[Flows], csv: bool = False, least: Annotated[int | None, Query("size.gte")] = None
) -> dict[str, int | None] | Reply:
    """Return a value, or bytes."""
    return Reply(body=b"a,b\n", media_type="text/csv") if csv else {"least": least}


@operations.get("/events/{kind}", produces=EVENT_STREAM)
async def watch(call: Call[Flows], kind: str) -> Reply:
    """Return an event stream."""

    async def produce(channel: Channel) -> None:
        channel.push(frame(b"begun", 1))
        if kind == "broken":
            raise ZeroDivisionError("secret detail")
        if kind == "ended":
            channel.end()
        if kind == "flood":
            while await channel.room():
                channel.push(frame(b"x" * 10_000))

    channel = Channel(produce if kind != "silent" else None)
    channel.when_closed(lambda: call.service.ended.append(kind))
    call.service.channels.append(channel)
    return Reply(body=channel, media_type=EVENT_STREAM)
