"""The trace that a request belongs to: W3C Trace Context (https://www.w3.org/TR/trace-context/, section 3.2)."""

from __future__ import annotations

import re

TRACEPARENT = b"traceparent"

# Version 00 ends with its flags; a later one may go on behind another hyphen. An id of zeros is none.
_FORM = re.compile(
    rb"(?:00(?=.{53}\Z)|(?!00|ff)[0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]*)?\Z"
)


def trace_of(traceparent: bytes) -> str:
    """Return the trace id, 32 hexadecimal digits; an empty text where the field is not valid, and so to be ignored."""
    found = _FORM.match(traceparent)
    return found[1].decode("ascii") if found else ""
