"""One page of rows, and where the next one begins."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

R = TypeVar("R")


class Listing(msgspec.Struct, Generic[R]):
    """Rows of one page. ``next`` is the keyset cursor (a struct of sort keys) after the last row, or None at the end.

    ``total`` counts all rows of the filter, where that was asked for. Requests may share a listing: nobody changes its
    rows. ``encoded`` is their JSON, once somebody has written it.
    """

    items: list[R]
    next: Any = None
    total: int | None = None
    encoded: bytes | None = None
