"""The header fields of a reply, from what its call says."""

from __future__ import annotations

from typing import Any

from roadbed.http import conventions
from roadbed.http.asgi import Header
from roadbed.http.call import Call, field_value
from roadbed.http.problems import MEDIA_TYPE, Failure, is_unsafe
from roadbed.http.traces import TRACEPARENT

_NO_CONTENT = (204, 304)


def names_of(call: Call[Any]) -> list[Header]:
    """Return the fields that name a request: its id, and its trace, as its caller sent it or else as we began it."""
    names: list[Header] = [(b"x-request-id", call.request_id.encode("ascii"))]
    if call.traceparent:
        names.append((TRACEPARENT, call.traceparent))
    return names


def head_of_failure(call: Call[Any], failure: Failure) -> list[Header]:
    """Return the fields of a failure."""
    return [
        *names_of(call),
        (b"content-type", MEDIA_TYPE),
        (b"content-length", b"%d" % len(failure.body)),
        *failure.headers,
        *conventions.NO_STORE,
    ]


def own_fields(call: Call[Any]) -> list[Header]:
    """Return the fields that say something of this reply, without the conventions that all have."""
    fields: list[Header] = []
    if call.version is not None:
        fields.append((b"etag", b'"%d"' % call.version))
    if call.location is not None:
        fields.append((b"location", field_value(call.location)))
    return fields + (call.extra or [])


def head_of(call: Call[Any], size: int | None) -> list[Header]:
    """Return the fields of a success. ``size`` is of the body in bytes, None where nobody knows it yet."""
    headers = names_of(call)
    if call.status not in _NO_CONTENT:
        headers.append((b"content-type", call.media_type))
        if size is not None:
            headers.append((b"content-length", b"%d" % size))
    if call.version is None:
        headers.extend(conventions.NO_STORE)
    else:
        headers.append((b"etag", b'"%d"' % call.version))
        headers.extend(conventions.NO_STORE if is_unsafe(call.method) else conventions.REVALIDATE)
    if call.location is not None:
        headers.append((b"location", field_value(call.location)))
    if call.replayed:
        headers.append((b"idempotency-replayed", b"true"))
    if call.extra is not None and len(call.extra) == 1 and call.extra[0] is conventions.VARY:
        headers.append(conventions.VARY)
    elif call.extra is not None:
        headers = conventions.merge(call.extra, tuple(headers))
    return headers
