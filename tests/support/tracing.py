"""A tracer that keeps its spans, for tests without a collector."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from roadbed.kernel.spans import SERVER, Span, enter


class Kept:
    """A tracer. ``ids`` are those of the traces that begin: 0 is one that is not among the sample."""

    def __init__(self, *ids: int) -> None:
        self.ids = list(ids)
        self.spans: list[Span] = []

    def draw(self) -> int:
        return self.ids.pop(0) if self.ids else 0

    def keep(self, span: Span) -> None:
        self.spans.append(span)

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.spans]

    def span(self, name: str = "GET /x", trace_id: int = 7) -> Span:
        """Return a span as a request has one."""
        return Span(self, name, SERVER, trace_id)

    @contextmanager
    def request(self, name: str = "GET /x", trace_id: int = 7) -> Iterator[Span]:
        """Do something as a request does that is traced."""
        span = self.span(name, trace_id)
        enter(span)
        try:
            yield span
        finally:
            enter(None)
            span.end()
