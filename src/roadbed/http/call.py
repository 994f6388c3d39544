"""One call of an operation: what was asked, and what the reply shall carry beside its body."""

from __future__ import annotations

from collections.abc import AsyncIterator, Container
from typing import Generic, TypeVar

import msgspec

from roadbed.data.idempotency import Idempotency
from roadbed.http.asgi import Fields, Header
from roadbed.http.channels import Channel

S = TypeVar("S")

# What a request is doing: the sweep over slow requests reads and writes these.
RUNNING = 0
READING = 1
TOO_SLOW = 2
EXPIRED = 3
ABANDONED = 4
STREAMING = 5


class Call(msgspec.Struct, Generic[S], eq=False):
    """What a handler gets first. It reads the upper half and sets, where it matters, the lower one.

    ``idempotency`` is set on unsafe calls that carry an ``Idempotency-Key``. ``if_match`` and ``if_none_match`` are
    set on writes declared ``conditional`` that carry them; ask ``version in call.if_match``: ``*`` contains every
    version. ``path`` is as sent, percent-encoded; ``route`` is the template that it matched. ``trace_id`` is
    that of the caller's trace, or of ours, or empty; ``traceparent`` is what the reply says of it; ``span_id`` is empty
    where the request is not among the sample that is traced.

    For the reply: ``status``; ``version`` becomes the strong ``ETag`` and lets a GET answer 304; ``location`` becomes
    ``Location``; ``replayed`` becomes ``Idempotency-Replayed: true``; ``add_header`` adds any other field. ``stream``
    is what the reply is made from while it is sent (the compiler sets it), ``since`` is when a part of a body last came
    or went; ``lasted`` is, of an event stream, how many seconds there were until it began; ``cache`` is what the cache
    had to do with it.
    """

    service: S
    request_id: str
    method: str
    path: str
    fields: Fields
    query: bytes = b""
    started: float = 0.0
    client: str = ""
    route: str = ""
    trace_id: str = ""
    traceparent: bytes = b""
    span_id: str = ""
    idempotency: Idempotency | None = None
    if_match: Container[int] | None = None
    if_none_match: Container[int] | None = None

    status: int = 200
    version: int | None = None
    location: str | None = None
    replayed: bool = False
    media_type: bytes = b"application/json"
    extra: list[Header] | None = None
    phase: int = RUNNING
    stream: AsyncIterator[bytes] | Channel | None = None
    since: float = 0.0
    lasted: float = 0.0
    cache: str = ""

    def header(self, name: str) -> str | None:
        """Return a header field of the request, or None. Several lines of one name are joined with ``, ``."""
        value = self.fields.get(name.lower().encode("latin-1"))
        return None if value is None else value.decode("latin-1")

    def add_header(self, name: str, value: str) -> None:
        """Add a header field to the reply.

        Raises:
            ValueError: the value has control characters, which could forge further fields.
        """
        if self.extra is None:
            self.extra = []
        self.extra.append((field_value(name.lower()), field_value(value)))


def field_value(text: str) -> bytes:
    """Return the bytes of a header field.

    Raises:
        ValueError: it has control characters, by which further fields could be forged, or is not Latin-1.
    """
    if not text.isprintable():
        raise ValueError(f"control characters are not allowed in a header field: {text!r}")
    return text.encode("latin-1")
