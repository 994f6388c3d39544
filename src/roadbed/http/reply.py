"""A reply that is no value to encode: pages, metrics, exports, event streams."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from roadbed.http.channels import Channel


def attachment(name: str) -> dict[str, str]:
    """Return the header field that makes a browser save a reply as a file of this name (RFC 6266).

    The name is one of ASCII letters, digits, points, hyphens and underscores.
    """
    return {"Content-Disposition": f'attachment; filename="{name}"'}


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler returns instead of a value to encode, always (``-> Reply``) or at times (``-> Note | Reply``).

    ``body`` is bytes; or an asynchronous iterator of bytes, sent as they come (an export); or a ``Channel`` (an event
    stream, with ``media_type=channels.EVENT_STREAM``). ``status`` None keeps the declared one. ``headers`` replace
    convention headers of the same name (``Content-Security-Policy`` of a page).
    """

    body: bytes | AsyncIterator[bytes] | Channel = b""
    status: int | None = None
    media_type: str = "application/json"
    headers: dict[str, str] = {}
