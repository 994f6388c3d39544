"""Other ASGI applications under a prefix (static files), with the conventions of all else."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.exceptions import HTTPException

from roadbed.http import conventions
from roadbed.http.asgi import App, ClientLeft, Header, Message, Receive, ReplyBroken, Scope, Send
from roadbed.kernel.errors import MethodNotAllowed, NotFound


class Mount(msgspec.Struct, frozen=True):
    """An application and the convention fields of its replies, where it does not set its own of the same name."""

    app: App
    headers: tuple[Header, ...] = conventions.PAGE


class MountTable:
    """Mounts by prefix; the longest that fits is taken."""

    def __init__(self, mounts: Mapping[str, Mount]) -> None:
        self._mounts = sorted(mounts.items(), key=lambda item: -len(item[0]))

    def find(self, path: str) -> tuple[str, Mount] | None:
        """Return the prefix and the mount that a path lies under."""
        for prefix, mount in self._mounts:
            if path == prefix or path.startswith(prefix + "/"):
                return prefix, mount
        return None


async def run_mount(
    mount: Mount, prefix: str, extra: list[Header], scope: Scope, receive: Receive, send: Send
) -> tuple[int, int]:
    """Run a mounted application; return the status and size of its reply.

    Raises:
        NotFound: it has nothing there (Starlette's HTTPException 404).
        MethodNotAllowed: likewise for 405.
        ClientLeft: the client left before its reply was complete.
        ReplyBroken: it failed within its reply.
    """
    status = size = 0
    added = (*extra, *mount.headers)

    async def send_on(message: Message) -> None:
        nonlocal status, size
        starts = message["type"] == "http.response.start"
        if starts:
            message = {**message, "headers": conventions.merge(list(message.get("headers", ())), added)}
        try:
            await send(message)
        except OSError:
            # What a server raises when the client has left is no error of the application in between.
            raise ClientLeft from None
        # Only what was sent counts: a start that the server refuses leaves room for a problem.
        if starts:
            status = message["status"]
        else:
            size += len(message.get("body", b""))

    inner = {**scope, "root_path": scope.get("root_path", "") + prefix}
    try:
        await mount.app(inner, receive, send_on)
    except ClientLeft:
        raise
    except Exception as error:
        if status:
            raise ReplyBroken(status, size, error) from error
        if not isinstance(error, HTTPException):
            raise
        if error.status_code == 405:
            allowed = tuple((error.headers or {}).get("Allow", "GET, HEAD").split(", "))
            raise MethodNotAllowed(f"{scope['method']} is not among the methods of this path", allowed) from error
        raise NotFound("There is nothing at this path") from error
    return status, size
