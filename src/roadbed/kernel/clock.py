"""Time: UTC with microseconds, as ``datetime`` inside and RFC 3339 outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Clock = Callable[[], datetime]
"""Returns the present time, aware, in UTC. Services take one, so that tests can hold it."""


def now() -> datetime:
    """Return the present time in UTC, with microseconds."""
    return datetime.now(UTC)


def to_micros(instant: datetime) -> int:
    """Return whole microseconds since 1970-01-01T00:00:00Z; exact for every aware ``datetime``."""
    return (instant - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the aware UTC ``datetime`` of microseconds since 1970-01-01T00:00:00Z.

    Raises:
        OverflowError: outside the years 1 to 9999.
    """
    return EPOCH + timedelta(0, 0, micros)
