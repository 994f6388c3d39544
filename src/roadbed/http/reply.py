"""A reply of raw bytes, for the few operations that do not speak JSON: pages, metrics, exports."""

from __future__ import annotations

import msgspec


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler returns instead of a value to encode.

    ``status`` None keeps the declared one. ``headers`` replace convention headers of the same name
    (``Content-Security-Policy`` of a page).
    """

    body: bytes = b""
    status: int | None = None
    media_type: str = "application/json"
    headers: dict[str, str] = {}
