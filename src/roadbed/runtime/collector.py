"""A collector of traces, spoken to over OTLP/HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp).

One connection that is kept open, one request at a time, from a thread of its own. TLS is checked against the
certificates of the system (``SSL_CERT_FILE`` names others).
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from roadbed.runtime.span_export import CollectorError

PATH = "/v1/traces"

TIMEOUT = 5.0
"""Seconds within which a collector takes a connection, and answers."""

LONGEST_ANSWER = 64 * 1024
LONGEST_PAUSE = 30.0
"""Bytes of an answer that are read, and seconds that a collector may ask for patience."""

_LATER = frozenset({429, 502, 503, 504})
"""What the protocol says to try again after; all other failures are for good."""


class Collector:
    """Belongs to one thread. ``endpoint`` is the base URL."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], timeout: float = TIMEOUT) -> None:
        parts = urlsplit(endpoint)
        self._path = parts.path.rstrip("/") + PATH
        self._headers = {**headers, "Content-Type": "application/x-protobuf", "User-Agent": "OTLP-Exporter-roadbed"}
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=timeout)
        answers: Any = import_module("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
        self._answer = answers.ExportTraceServiceResponse

    def send(self, body: bytes) -> int:
        """Hand over an export request; return how many of its spans the collector refused.

        Raises:
            CollectorError: it took none.
        """
        is_open = self._connection.sock is not None
        try:
            try:
                return self._ask(body)
            except (ConnectionError, http.client.BadStatusLine):
                if not is_open:
                    raise
                # It had closed a connection that was idle: nothing was read of what we sent.
                self._connection.close()
                return self._ask(body)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise CollectorError(reason, again=True) from error
        except CollectorError:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self, body: bytes) -> int:
        self._connection.request("POST", self._path, body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read(LONGEST_ANSWER + 1)
        if not 200 <= answer.status < 300:
            reason = f"it answered {answer.status} {answer.reason}".strip()
            raise CollectorError(reason, again=answer.status in _LATER, pause=_pause(answer.getheader("Retry-After")))
        if len(content) > LONGEST_ANSWER:
            # What is left of it stands in the way of the next answer.
            self._connection.close()
            return 0
        return self._refused(content)

    def _refused(self, content: bytes) -> int:
        answer = self._answer()
        try:
            answer.ParseFromString(content)
        except Exception:  # noqa: BLE001 - protobuf's class of error differs by its runtime; the status said that all is well
            return 0
        return int(answer.partial_success.rejected_spans)


def _pause(retry_after: str | None) -> float:
    """Return the seconds of ``Retry-After``; a date, which no collector sends, counts as none."""
    try:
        return min(max(float(retry_after or 0), 0.0), LONGEST_PAUSE)
    except ValueError:
        return 0.0
