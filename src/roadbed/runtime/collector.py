"""A collector of traces, spoken to by OpenTelemetry's own exporter (https://opentelemetry.io/docs/specs/otlp/#otlphttp).

How it is spoken to (tries, compression, proxies, certificates) is the exporter's, and set by its variables
``OTEL_EXPORTER_OTLP_*``. Ours are the endpoint and the header fields, which go before those, an end in time, and the
account of what was not taken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from threading import get_ident
from typing import Any

import requests
from google.protobuf.message import DecodeError
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from roadbed.kernel.spans import Span

PATH = "/v1/traces"

PART, PARTS = 8192, 8
"""Bytes of an answer that are read at a time, and how often."""

_LOG = logging.getLogger(trace_exporter.__name__)


class Collector:
    """Belongs to one thread, but for ``leave``. ``endpoint`` is the base URL.

    ``timeout`` is in seconds, for a batch with all its tries. None leaves it to the exporter's variables: 10 seconds.
    """

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str],
        translate: Callable[[Sequence[Span]], Sequence[ReadableSpan]],
        timeout: float | None = None,
    ) -> None:
        session = _Session(self._failed)
        session.hooks["response"] = [self._answered]
        url = endpoint.rstrip("/") + PATH
        self._exporter = trace_exporter.OTLPSpanExporter(url, headers=headers, timeout=timeout, session=session)
        self._translate = translate
        self._thread = self._refused = self._lost = 0
        self._said: list[str] = []
        self._failure = ""
        self._leaving = self._ended = False
        _LOG.addFilter(self._listen)

    def send(self, spans: Sequence[Span]) -> tuple[int, str]:
        """Hand over spans, with some tries; return how many of them are lost, and why."""
        self._thread = get_ident()
        self._refused, self._lost, self._failure = 0, 0, ""
        taken = self._exporter.export(self._translate(spans)) is SpanExportResult.SUCCESS
        why = self._failure or " ".join(self._said[-2:])
        if taken:
            # Tries that failed before it are over: they say nothing of the next batch.
            self._failure = ""
        self._said.clear()
        return (min(max(self._refused, 0), len(spans)), "it refused them") if taken else (len(spans), why)

    def leave(self) -> None:
        """Have no more patience: a try that fails from now on, or has failed already, is the last."""
        self._leaving = True
        if self._failure and self._lost != 1:
            self._end()

    def close(self) -> None:
        """Close the connection."""
        self._end()
        _LOG.removeFilter(self._listen)

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._exporter.shutdown()

    def _listen(self, record: logging.LogRecord) -> bool:
        """Keep what the exporter logs of a batch: it is told once, with the spans that are lost."""
        if get_ident() != self._thread:
            return True
        self._said.append(record.getMessage())
        return False

    def _failed(self, why: str, *, lost: bool) -> None:
        """Note why a try failed, before the exporter waits for the next one. ``lost``: there was no answer.

        A connection that was closed while idle is found so: the exporter tries again at once, on a new one.
        """
        self._failure = why
        self._lost = self._lost + 1 if lost else 0
        if self._leaving and self._lost != 1:
            self._end()

    def _answered(self, response: requests.Response, *_given: object, **_named: object) -> None:
        """Look at what the exporter does not: whether an answer is a redirection, and how many spans were refused."""
        content = b"".join(islice(response.iter_content(PART), PARTS))
        response.close()
        if 300 <= response.status_code < 400:
            raise requests.HTTPError(_words(response))
        if not response.ok:
            self._failed(_words(response), lost=False)
        else:
            with suppress(DecodeError):
                self._refused = ExportTraceServiceResponse.FromString(content).partial_success.rejected_spans


class _Session(requests.Session):
    """Tells ``failed`` of each try that brought no answer."""

    def __init__(self, failed: Callable[..., None]) -> None:
        super().__init__()
        self._failed = failed
        # An answer is read by us, up to a bound.
        self.stream = True
        # A .netrc would replace the header that was set.
        self.auth = _as_it_is

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        try:
            return super().send(request, **options)
        except requests.RequestException as error:
            self._failed(str(error) or type(error).__name__, lost=True)
            raise


def _words(response: requests.Response) -> str:
    return f"it answered {response.status_code} {response.reason}".strip()


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
