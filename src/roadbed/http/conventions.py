"""The header fields that every reply carries, made ready as bytes once."""

from __future__ import annotations

from random import getrandbits
from time import time_ns

from roadbed.http.asgi import Header
from roadbed.http.limits import MAX_REQUEST_ID

_REQUEST_ID = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")

API_POLICY = b"default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""For pages: local files alone. Styles may stand inline, for Swagger UI sets them on its elements; scripts may not."""

COMMON: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)

VARY: Header = (b"vary", b"Accept")
"""Of what looks at ``Accept``. No convention has a field of this name."""

# A reply without a version must not be kept; one with an ETag may be, and is asked for again each time.
NO_STORE: tuple[Header, ...] = (*COMMON, (b"content-security-policy", API_POLICY), (b"cache-control", b"no-store"))
REVALIDATE: tuple[Header, ...] = (*COMMON, (b"content-security-policy", API_POLICY), (b"cache-control", b"no-cache"))
PAGE: tuple[Header, ...] = (*COMMON, (b"content-security-policy", PAGE_POLICY), (b"cache-control", b"no-cache"))

# Of all that a convention may be called: most fields that a reply adds are called otherwise.
_NAMES = frozenset(
    [b"x-request-id", b"traceparent", b"content-type", b"content-length", b"etag", b"location", b"idempotency-replayed"]
    + [b"connection"]
    + [name for name, _ in (*COMMON, *NO_STORE)]
)


def request_id(given: bytes | None) -> str:
    """Return the caller's ``X-Request-Id`` where it is harmless, else a new UUIDv7 (RFC 9562, section 5.7).

    It need not be unguessable nor rise within a millisecond: it is a name in a log.
    """
    if given is not None and 1 <= len(given) <= MAX_REQUEST_ID and _REQUEST_ID.issuperset(given):
        return given.decode("ascii")
    stamp = time_ns() // 1_000_000
    noise = getrandbits(74)
    return "%08x-%04x-7%03x-%04x-%012x" % (  # noqa: UP031 - an f-string takes half as long again here
        stamp >> 16,
        stamp & 0xFFFF,
        noise >> 62,
        0x8000 | (noise >> 48 & 0x3FFF),
        noise & 0xFFFFFFFFFFFF,
    )


def merge(given: list[Header] | tuple[Header, ...], conventions: tuple[Header, ...]) -> list[Header]:
    """Return the given fields, followed by those conventions whose names are not among them."""
    names = {name for name, _ in given}
    if names.isdisjoint(_NAMES):
        return [*given, *conventions]
    return [*given, *[field for field in conventions if field[0] not in names]]
