"""What lives as long as the process need not be looked at by every garbage collection."""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 10_000
"""Objects made before the youngest are collected. A request makes a few dozen, nearly all of them without cycles."""


def settle() -> None:
    """Collect once, then set aside all that the start has made (``gc.freeze``, Python's library reference).

    Otherwise a full collection walks every module, class and compiled operation, and all requests wait for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
