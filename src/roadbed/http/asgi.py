"""The few ASGI types that this room speaks (https://asgi.readthedocs.io/en/latest/specs/www.html)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

Header = tuple[bytes, bytes]
Fields = dict[bytes, bytes]
"""Header fields of a request by lower-case name, one value each."""


class ReplyBroken(Exception):
    """A reply failed after it had begun: what the client has of it cannot be taken back."""

    def __init__(self, status: int, size: int, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.status = status
        self.size = size
        self.cause = cause


class ClientLeft(Exception):
    """The client closed the connection before its request was complete: there is nobody left to answer."""


async def answer_other(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what is no HTTP request: the life of the server goes by unheeded, websockets are refused."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
        return
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
