"""Every failure that Roadbed can name, in one tree.

Services raise these; they know nothing of HTTP. Only ``roadbed.http.problems`` maps a class to a status code.

::

    RoadbedError
    ├── ConfigurationError            a setting, a flag or a declaration is wrong: found at start
    │   └── SchemaMismatch            the database is behind or ahead of this release
    ├── Refused                       the caller can mend it
    │   ├── Invalid                   the input breaks a rule; carries one Fault per field
    │   ├── NotFound                  nothing has this name
    │   ├── Gone                      it was there once, and is not kept any more
    │   ├── MethodNotAllowed          the name exists, the verb does not
    │   ├── UnsupportedMediaType      the body is not of a type that the operation reads
    │   ├── NotAcceptable             the operation cannot answer in the type asked for
    │   ├── TooLarge                  a body or batch exceeds its bound
    │   │   ├── HeadTooLarge          the header fields do
    │   │   └── AddressTooLong        the address does
    │   ├── TooSlow                   the caller took too long to send its request
    │   ├── Forbidden                 wrong host, foreign origin or missing permission
    │   ├── Conflict                  the state does not allow it
    │   ├── PreconditionFailed        If-Match or If-None-Match does not hold
    │   └── KeyReused                 an Idempotency-Key came again with other content
    └── Unavailable                   try again later; nothing was written
        ├── Overloaded                a queue is full
        ├── DeadlineExceeded          the time limit of the request has passed; the outcome may be unknown
        ├── OutcomeUnknown            the connection was lost at commit: it may or may not be written
        └── StorageFull               the disk is full; nothing was written

Every class has a ``slug`` (the stable, machine-readable name of the kind) and a ``title`` (one line for people).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """One reason why an input was refused.

    ``pointer`` says where: a JSON pointer into the body (RFC 6901, ``/amount``), or a URI fragment-like name for
    other places (``query:limit``, ``path:account_id``, ``header:If-Match``). ``detail`` says why, for people.
    """

    pointer: str
    detail: str

    @property
    def words(self) -> str:
        """The fault in one line; one of the whole body has no place to name."""
        return f"{self.pointer}: {self.detail}" if self.pointer else self.detail

    def below(self, pointer: str) -> Fault:
        """Return the same fault of a body that is a part of another one, at a JSON pointer."""
        return Fault(f"{pointer}{self.pointer}", self.detail)


class RoadbedError(Exception):
    """Root of the tree. ``detail`` is safe to show to the caller: causes stay in ``__cause__``."""

    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong inside the service"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title


class ConfigurationError(RoadbedError):
    """A setting, a flag or a declaration is wrong. ``problems`` lists all of them, not just the first."""

    slug = "configuration"
    title = "The configuration is wrong"

    def __init__(self, detail: str = "", problems: Sequence[str] = ()) -> None:
        super().__init__(detail or "; ".join(problems))
        self.problems = tuple(problems) or (self.detail,)


class SchemaMismatch(ConfigurationError):
    """The database is behind or ahead of this release; ``detail`` names the command that mends it."""

    slug = "schema-mismatch"
    title = "The database schema does not fit this release"


class Refused(RoadbedError):
    """The caller can mend it."""

    slug = "refused"
    title = "The request was refused"


class Invalid(Refused):
    """The input breaks a rule. ``faults`` holds one entry per field that is wrong."""

    slug = "invalid"
    title = "The request is not valid"

    def __init__(self, detail: str = "", faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail or "; ".join(fault.words for fault in faults))
        self.faults = tuple(faults)


class NotFound(Refused):
    """Nothing has this name."""

    slug = "not-found"
    title = "Not found"


class Gone(Refused):
    """It was there once, and is not kept any more."""

    slug = "gone"
    title = "Not kept any more"


class MethodNotAllowed(Refused):
    """The name exists, the verb does not. ``allowed`` is what ``Allow`` says."""

    slug = "method-not-allowed"
    title = "The method is not allowed here"

    def __init__(self, detail: str = "", allowed: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.allowed = tuple(allowed)


class UnsupportedMediaType(Refused):
    """The body is not of a media type that the operation reads."""

    slug = "unsupported-media-type"
    title = "The media type of the body is not supported"


class NotAcceptable(Refused):
    """The operation cannot answer in a media type that the caller accepts."""

    slug = "not-acceptable"
    title = "No acceptable representation"


class TooLarge(Refused):
    """A body, header or batch exceeds its bound."""

    slug = "too-large"
    title = "The request is too large"


class HeadTooLarge(TooLarge):
    """The header fields of a request are too many or too long."""

    slug = "head-too-large"
    title = "The header fields are too large"


class AddressTooLong(TooLarge):
    """The path and query of a request are too long."""

    slug = "address-too-long"
    title = "The address is too long"


class TooSlow(Refused):
    """The caller took too long to send its request."""

    slug = "too-slow"
    title = "The request was sent too slowly"


class Forbidden(Refused):
    """Wrong host, foreign origin or missing permission."""

    slug = "forbidden"
    title = "Forbidden"


class Conflict(Refused):
    """The present state does not allow it.

    ``kind`` may narrow the slug (``balance-floor``); ``faults`` name the fields whose values are in the way.
    """

    slug = "conflict"
    title = "The present state does not allow this"

    def __init__(self, detail: str = "", kind: str = "", faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.kind = kind or self.slug
        self.faults = tuple(faults)


class PreconditionFailed(Refused):
    """``If-Match`` or ``If-None-Match`` does not hold."""

    slug = "precondition-failed"
    title = "The precondition does not hold"


class KeyReused(Refused):
    """An ``Idempotency-Key`` came again with other content."""

    slug = "idempotency-key-reused"
    title = "The Idempotency-Key was used with other content"


class Unavailable(RoadbedError):
    """Try again later. ``retry_after`` is in whole seconds. Unless a subclass says otherwise nothing was written."""

    slug = "unavailable"
    title = "The service cannot do this now"

    def __init__(self, detail: str = "", retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Overloaded(Unavailable):
    """A queue is full: the request was turned away at once."""

    slug = "overloaded"
    title = "The service is at its limit"


class DeadlineExceeded(Unavailable):
    """The time limit of the request has passed. An unsafe request may still take effect."""

    slug = "deadline-exceeded"
    title = "The request took too long"


class OutcomeUnknown(Unavailable):
    """The connection to the database was lost at commit: the write may or may not have happened."""

    slug = "outcome-unknown"
    title = "The outcome is unknown"


class StorageFull(Unavailable):
    """The disk is full. Nothing was written; reads go on."""

    slug = "storage-full"
    title = "The storage is full"
