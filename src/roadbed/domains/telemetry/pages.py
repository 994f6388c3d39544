"""Where a page of telemetry's lists ends, and which range of time a read is of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import msgspec

from roadbed.data.listing import Listing
from roadbed.domains.telemetry.model import INT64_MIN, LARGEST_VALUE
from roadbed.kernel.errors import Fault, Invalid

R = TypeVar("R")

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Cursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a page of a list by id ended."""

    last: int


class Moment(msgspec.Struct, array_like=True, frozen=True):
    """Where a page of a list by time ended."""

    # A cursor comes from outside: one whose time has no zone is none of ours.
    last: Annotated[datetime, msgspec.Meta(tz=True)]


class Total(msgspec.Struct, frozen=True):
    """A count of rows."""

    total: int


class Window(msgspec.Struct, frozen=True):
    """A range of time, both ends included; None is open."""

    since: datetime | None = None
    until: datetime | None = None

    def check(self) -> Window:
        """Return this window.

        Raises:
            Invalid: it does not begin before it ends.
        """
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise Invalid(faults=[Fault("query:from", "must be before `to`")])
        return self

    @property
    def bounds(self) -> dict[str, datetime]:
        """Both ends as parameters of a statement; where it is open, the ends of time."""
        return {"since": self.since or EARLIEST, "until": self.until or LATEST}


class Limits(msgspec.Struct, frozen=True):
    """Bounds that an outlier is beyond: greater than ``above`` or less than ``below``; None is open."""

    above: float | None = None
    below: float | None = None

    @property
    def bounds(self) -> dict[str, float]:
        """Both bounds as parameters of a statement; where one is open, no measurement is beyond it."""
        return {
            "above": LARGEST_VALUE if self.above is None else self.above,
            "below": -LARGEST_VALUE if self.below is None else self.below,
        }


def first(after: Cursor | None) -> int:
    """Return the lowest id that a page may hold."""
    # Nothing comes after the largest id: no cursor that we make holds it.
    return INT64_MIN if after is None else min(after.last, 2**63 - 2) + 1


def page(rows: list[R], limit: int, key: Callable[[R], int], count: Total | None) -> Listing[R]:
    """Make a page, by id, of rows that were read with a limit of one more: that row only tells that there are more."""
    return cut(rows, limit, lambda row: Cursor(key(row)), count)


def cut(rows: list[R], limit: int, cursor: Callable[[R], object], count: Total | None) -> Listing[R]:
    """Make a page of rows that were read with a limit of one more; ``cursor`` is that after a row."""
    more = len(rows) > limit
    del rows[limit:]
    return Listing(rows, cursor(rows[-1]) if more else None, None if count is None else count.total)
