"""Every bound of the HTTP room in one struct; the table of settings fills it."""

from __future__ import annotations

import msgspec

MAX_PAGE = 1000
"""A list never returns more rows at once, whatever is asked."""

MAX_KEY = 255
"""The longest ``Idempotency-Key``, in characters."""

MAX_REQUEST_ID = 128
"""The longest ``X-Request-Id`` that is taken over from a caller, in characters."""

MAX_FAULTS = 20
"""A problem names at most so many faults: a bad request must not cost more than a good one by much."""

CLIENT_CLOSED = 499
"""The status that events carry when the client left before its reply (nginx's convention; it is never sent)."""


class HttpOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the HTTP room behaves. Times are in seconds, sizes in bytes.

    ``allowed_hosts`` are names without port; ``*.example.org`` covers subdomains, ``*`` switches the check off.
    ``cors_origins`` are whole origins (``https://shop.example``), or ``*``.
    """

    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    cors_origins: tuple[str, ...] = ()
    body_limit: int = 1024 * 1024
    request_timeout: float = 30.0
    body_timeout: float = 15.0
    sweep_interval: float = 0.25
    max_connections: int = 1000
    head_limit: int = 32 * 1024
    url_limit: int = 16 * 1024
    max_headers: int = 100
    head_timeout: float = 10.0
    keep_alive: float = 60.0
    title: str = "Roadbed"
    version: str = "0"
