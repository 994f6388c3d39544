"""Failures as RFC 9457 problems. The one place that knows which error is which status."""

from __future__ import annotations

from typing import Annotated

import msgspec

from roadbed.http.asgi import Header
from roadbed.kernel.errors import (
    AddressTooLong,
    Conflict,
    DeadlineExceeded,
    Fault,
    Forbidden,
    Gone,
    HeadTooLarge,
    Invalid,
    KeyReused,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    OutcomeUnknown,
    PreconditionFailed,
    Refused,
    RoadbedError,
    StorageFull,
    TooLarge,
    TooSlow,
    Unavailable,
    UnsupportedMediaType,
)

MEDIA_TYPE = b"application/problem+json"

STATUS: dict[type[RoadbedError], int] = {
    RoadbedError: 500,
    Refused: 400,
    Invalid: 400,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    NotAcceptable: 406,
    TooSlow: 408,
    Conflict: 409,
    Gone: 410,
    PreconditionFailed: 412,
    TooLarge: 413,
    AddressTooLong: 414,
    HeadTooLarge: 431,
    UnsupportedMediaType: 415,
    KeyReused: 422,
    Unavailable: 503,
    StorageFull: 507,
}
"""The nearest class in an error's line of ancestors decides: a subclass needs no entry of its own."""

_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_encode = msgspec.json.Encoder().encode


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a failure (RFC 9457). ``instance`` is the request id; ``errors`` names each field that is wrong.

    ``trace_id`` is that of the caller's trace, or of ours where the request is among the sample; else it is left out.
    """

    type: str
    title: str
    status: Annotated[int, msgspec.Meta(ge=100, le=599)]
    detail: str
    instance: str
    errors: tuple[Fault, ...] = ()
    trace_id: str = ""


class Failure(msgspec.Struct, frozen=True):
    """A problem, ready to send: ``slug`` is for the access event."""

    status: int
    slug: str
    body: bytes
    headers: tuple[Header, ...]


def status_of(kind: type[RoadbedError]) -> int:
    """Return the status of a class of errors."""
    for ancestor in kind.__mro__:
        status = STATUS.get(ancestor)
        if status is not None:
            return status
    raise TypeError(f"{kind!r} is no RoadbedError")


def is_unsafe(method: str) -> bool:
    """Tell whether a method asks for a change (RFC 9110, section 9.2.1)."""
    return method in _UNSAFE


def render(
    error: RoadbedError, request_id: str, method: str = "GET", *, keyed: bool = False, trace_id: str = ""
) -> Failure:
    """Make the reply for a failure. ``keyed`` says that the request carried an ``Idempotency-Key``.

    An error without an entry of its own in the tree of refusals and unavailabilities is a 500 whose detail stays
    inside.
    """
    kind = type(error)
    status = status_of(kind)
    if status == 500:
        return internal(request_id, trace_id)
    slug = error.kind if isinstance(error, Conflict) else error.slug
    detail = error.detail
    if isinstance(error, (DeadlineExceeded, OutcomeUnknown)) and method in _UNSAFE:
        detail = f"{detail}. {_retry_advice(keyed)}"
    problem = Problem(
        type=f"urn:roadbed:problem:{slug}",
        title=error.title,
        status=status,
        detail=detail,
        instance=request_id,
        errors=error.faults if isinstance(error, Invalid) else (),
        trace_id=trace_id,
    )
    return Failure(status, slug, _encode(problem), _headers(error))


def internal(request_id: str, trace_id: str = "") -> Failure:
    """Make the reply for an error that nobody foresaw. The cause stays inside: it may hold anything."""
    title = RoadbedError.title
    detail = "The cause is in the log of the service, under this request id"
    problem = Problem(f"urn:roadbed:problem:{RoadbedError.slug}", title, 500, detail, request_id, trace_id=trace_id)
    return Failure(500, RoadbedError.slug, _encode(problem), ())


def _retry_advice(keyed: bool) -> str:
    if keyed:
        return "It may have taken effect; a retry with the same Idempotency-Key is safe"
    return "It may have taken effect; had it carried an Idempotency-Key, a retry with the same key would be safe"


def _headers(error: RoadbedError) -> tuple[Header, ...]:
    if isinstance(error, MethodNotAllowed):
        return ((b"allow", ", ".join(error.allowed).encode("ascii")),)
    if isinstance(error, Unavailable):
        return ((b"retry-after", b"%d" % max(1, error.retry_after)),)
    return ()
