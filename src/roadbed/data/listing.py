"""One page of rows, and where the next one begins."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

R = TypeVar("R")


class Listing(msgspec.Struct, Generic[R], frozen=True):
    """Rows of one page. ``next`` is the keyset cursor (a struct of sort keys) after the last row, or None at the end.

    ``total`` counts all rows of the filter, where that was asked for.
    """

    items: list[R]
    next: Any = None
    total: int | None = None
