"""Replies that are sent while they are made: parts of an asynchronous iterator, or the events of a channel.

The head of a reply in parts leaves with its first part: what fails before is a problem like any other. What fails
later ends the reply without its end (the last chunk is missing), which every client sees.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from random import randrange
from time import perf_counter
from typing import Any

from roadbed.http.asgi import ClientLeft, Header, Message, Receive, ReplyBroken, Send
from roadbed.http.call import RUNNING, STREAMING, Call
from roadbed.http.channels import Channel, Channels
from roadbed.kernel.errors import Unavailable

_END: Message = {"type": "http.response.body", "body": b""}

RETRY_MS = (1000, 3000)
"""Milliseconds after which a browser comes again, chosen at random: a restart must not bring all of them at once."""


async def send_parts(call: Call[Any], headers: list[Header], parts: AsyncIterator[bytes], send: Send) -> int:
    """Send a reply in parts; return how many bytes its body had.

    The request's time limit counts from the last part. A client that does not read is not this function's business:
    the server cuts it off (``body_timeout``).

    Raises:
        ClientLeft: there is nobody left to send it to.
        ReplyBroken: something failed within the reply.
        Exception: what the first part failed with, before anything was sent.
    """
    call.since = perf_counter()
    size = -1
    try:
        part = await anext(parts, None) if call.method != "HEAD" else None
        await _send(send, {"type": "http.response.start", "status": call.status, "headers": headers})
        size = 0
        while part is not None:
            if part:
                call.phase = STREAMING
                await _send(send, {"type": "http.response.body", "body": part, "more_body": True})
                size += len(part)
            call.since, call.phase = perf_counter(), RUNNING
            part = await anext(parts, None)
        await _send(send, _END)
    except ClientLeft:
        raise
    except (Exception, asyncio.CancelledError) as error:
        if size < 0:
            raise
        raise ReplyBroken(call.status, size, error) from error
    finally:
        await _close(parts)
    return size


async def send_events(
    call: Call[Any], headers: list[Header], channel: Channel, channels: Channels, receive: Receive, send: Send
) -> int:
    """Send an event stream until it ends by itself, its client leaves or the process shuts down; return its size.

    Raises:
        ClientLeft: there is nobody left to send it to.
        ReplyBroken: its producer failed.
    """
    call.phase = STREAMING
    size = 0
    beside: list[asyncio.Task[None]] = []
    await _send(send, {"type": "http.response.start", "status": call.status, "headers": headers})
    if call.method == "HEAD":
        await _send(send, _END)
        return 0
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - for the type checker: a coroutine that runs here has a task
    channels.enter(channel, task)
    try:
        beside.append(asyncio.create_task(_until_gone(receive, channel)))
        if channel.produce is not None and channel.is_open:
            beside.append(asyncio.create_task(_produce(channel)))
        part = b"retry: %d\n\n" % randrange(*RETRY_MS)  # noqa: S311 - jitter, not a secret
        while part:
            await _send(send, {"type": "http.response.body", "body": part, "more_body": True})
            size += len(part)
            part = await channel.take()
        await _send(send, _END)
    except ClientLeft:
        raise
    except asyncio.CancelledError as error:
        if not channels.is_over:
            raise ReplyBroken(call.status, size, error) from error
        task.uncancel()
        raise ReplyBroken(call.status, size, Unavailable("The service is shutting down")) from error
    except Exception as error:
        raise ReplyBroken(call.status, size, error) from error
    finally:
        channels.leave(channel)
        for other in beside:
            other.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
    return size


async def _until_gone(receive: Receive, channel: Channel) -> None:
    """End a stream when its client leaves: one that is silent would not notice by sending."""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            channel.cut()
            return


async def _produce(channel: Channel) -> None:
    produce = channel.produce
    assert produce is not None  # noqa: S101 - for the type checker: asked by the caller
    try:
        await produce(channel)
    except Exception as error:  # noqa: BLE001 - whatever it is breaks this stream, and is told there
        channel.fail(error)


async def _send(send: Send, message: Message) -> None:
    try:
        await send(message)
    except OSError:
        # What a server raises from send when the client has left (ASGI HTTP, version 2.4).
        raise ClientLeft from None


async def _close(parts: AsyncIterator[bytes]) -> None:
    # A generator may hold a connection to the database: it is given back now, not whenever garbage is collected.
    closing: Coroutine[Any, Any, None] | None = getattr(parts, "aclose", _nothing)()
    if closing is not None:
        await closing


def _nothing() -> None:
    return None
