"""Spans of the engine: flights, shared reads and statements. Of a statement its name is told, never its text or values.

A flight carries many requests, and has one span: a child of the first of them that is among the sample, with links to
the spans of all that are, and from them. At a small sample it carries one of them as a rule, whose trace is then whole;
the others lead there by their link.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from time import perf_counter
from typing import TypeVar

from roadbed.kernel.spans import CLIENT, Span

R = TypeVar("R")

SQLITE, POSTGRESQL, REDIS = "sqlite", "postgresql", "redis"
"""Systems, by their names in OpenTelemetry's conventions."""

_OPERATIONS = frozenset({"BEGIN", "COMMIT", "GET"})
"""What is no statement of ours, and has no name but its verb."""

WAIT = "roadbed.database.wait"
"""Seconds that the statements of a span waited for a connection, or for their turn in a thread, all together."""


def begin_ride(name: str, passengers: Sequence[Span], size: int, began: float) -> Span | None:
    """Begin the span of what carries many; None where none of them is among the sample. ``size`` counts all."""
    if not passengers:
        return None
    ride = passengers[0].child(name, began=began)
    for passenger in passengers:
        ride.link(passenger)
        passenger.link(ride)
    ride.attributes["roadbed.flight.size"] = size
    return ride


def begin_statement(parent: Span, name: str, system: str, began: float | None = None) -> Span:
    """Begin the span of a statement, with attributes of OpenTelemetry's stable conventions for databases.

    Source: https://opentelemetry.io/docs/specs/semconv/database/database-spans/
    """
    span = parent.child(name, CLIENT, began)
    attributes = span.attributes
    attributes["db.system.name"] = system
    attributes["db.operation.name" if name in _OPERATIONS else "db.query.summary"] = name
    return span


async def observed(parent: Span, name: str, system: str, answer: Awaitable[R], asked: float = 0.0) -> R:
    """Await a statement within a span of its own. ``asked`` is when it began to wait for a connection, or 0."""
    span = begin_statement(parent, name, system)
    if asked:
        parent.add(WAIT, span.began - asked)
    try:
        return await answer
    except BaseException as error:
        span.fail(error)
        raise
    finally:
        span.end(perf_counter())
