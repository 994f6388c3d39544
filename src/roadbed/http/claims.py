"""Paths that one group of operations has for itself, with all that lies below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from roadbed.http.operations import Operations


def trespasses(group: Operations[Any], groups: Sequence[tuple[Operations[Any], Any]]) -> list[str]:
    """Return what is wrong with paths of a group that lie where another one has claimed all."""
    return [
        f"{operation.where}: {prefix} and all below it belong to {other.name}"
        for other, _ in groups
        for prefix in (other.claims if other is not group else ())
        for operation in group.declared
        if f"{operation.path}/".startswith(f"{prefix}/")
    ]
