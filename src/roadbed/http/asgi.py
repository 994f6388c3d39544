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


class ClientLeft(Exception):
    """The client closed the connection before its request was complete: there is nobody left to answer."""
