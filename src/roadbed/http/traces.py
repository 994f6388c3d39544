"""The trace that a request belongs to: W3C Trace Context (https://www.w3.org/TR/trace-context/, section 3).

Names and meanings of attributes are those of OpenTelemetry's conventions for HTTP servers
(https://opentelemetry.io/docs/specs/semconv/http/http-spans/, the stable ones). No query string, no header field and
no body is among them; the path is, as in the access line.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from roadbed.http.asgi import Scope
from roadbed.http.call import Call
from roadbed.kernel.spans import SERVER, Span, Tracer, Value, current, enter

TRACEPARENT = b"traceparent"
TRACESTATE = b"tracestate"

PATH_SHOWN = 512
"""Characters of a path that a span shows at most."""

_LONGEST_STATE = 512
_SAMPLED = 1

# Version 00 ends with its flags; a later one may go on behind another hyphen. An id of zeros is none.
_FORM = re.compile(
    rb"(?:00(?=.{53}\Z)|(?!00|ff)[0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-[!-~]*)?\Z"
)
_HOST = re.compile(rb"([A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::([0-9]{1,5}))?\Z")
_STATE = re.compile(
    r"[a-z0-9][a-z0-9_\-*/@]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~]"
    r"(?:[ \t]*,[ \t]*[a-z0-9][a-z0-9_\-*/@]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~])*\Z"
)


def trace_of(traceparent: bytes) -> str:
    """Return the trace id, 32 hexadecimal digits; an empty text where the field is not valid, and so to be ignored."""
    found = _FORM.match(traceparent)
    return found[1].decode("ascii") if found else ""


def state_of(tracestate: bytes) -> str:
    """Return what other systems noted on the trace; an empty text where it is not valid, or longer than need be."""
    if len(tracestate) > _LONGEST_STATE:
        return ""
    text = tracestate.decode("latin-1").strip(" \t,")
    return text if _STATE.match(text) else ""


def note_trace(call: Call[Any]) -> None:
    """Note the caller's trace, where nothing is traced here."""
    given = call.fields[TRACEPARENT]
    call.trace_id = trace_of(given)
    if call.trace_id:
        call.traceparent = given


class RequestSpans:
    """Begins the spans of requests. ``roadbed.runtime.tracing`` ends them, with what it hears of their end."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._draw = tracer.draw

    def begin(self, call: Call[Any], scope: Scope) -> None:
        """Give a request its span if it is among the sample: its caller has decided, or the tracer does."""
        if TRACEPARENT in call.fields:
            found = _FORM.match(call.fields[TRACEPARENT])
            if found is not None:
                self._follow(found, call, scope)
                return
        trace_id = self._draw()
        if not trace_id:
            # A request that was sent before the reply to the last one begins in the context of that one.
            if current() is not None:
                enter(None)
            return
        span = self._enter(call, scope, trace_id, 0)
        call.trace_id = span.trace_hex
        call.traceparent = f"00-{call.trace_id}-{call.span_id}-01".encode("ascii")

    def _follow(self, found: re.Match[bytes], call: Call[Any], scope: Scope) -> None:
        call.trace_id = found[1].decode("ascii")
        call.traceparent = found.string
        if not int(found[3], 16) & _SAMPLED:
            enter(None)
            return
        span = self._enter(call, scope, int(found[1], 16), int(found[2], 16))
        if TRACESTATE in call.fields:
            span.state = state_of(call.fields[TRACESTATE])

    def _enter(self, call: Call[Any], scope: Scope, trace_id: int, parent_id: int) -> Span:
        span = Span(self._tracer, call.method, SERVER, trace_id, parent_id, call.started)
        enter(span)
        call.span_id = span.span_hex
        attributes = span.attributes = _named(call.fields.get(b"host", b""), *_server_of(scope)).copy()
        attributes["url.scheme"] = scope.get("scheme", "http")
        attributes["url.path"] = call.path[:PATH_SHOWN]
        attributes["network.protocol.version"] = scope.get("http_version", "1.1")
        attributes["roadbed.request_id"] = call.request_id
        return span


def _server_of(scope: Scope) -> tuple[str, int | None]:
    # A pair of any kind, or nothing (ASGI HTTP, version 2.4).
    name, port = scope.get("server") or ("", None)
    return name, port


@lru_cache(256)
def _named(host: bytes, name: str, its_port: int | None) -> dict[str, Value]:
    """Return how the client calls the server, or else the address at which its request came in."""
    found = _HOST.match(host)
    address, port = (found[1].decode("ascii"), found[2]) if found else (name, its_port)
    named: dict[str, Value] = {"server.address": address} if address else {}
    if port:
        named["server.port"] = int(port)
    return named
