"""What a write leaves beside its row, as the statements take it: the entry of a history, the change for watchers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from roadbed.resource.compiled import Compiled
from roadbed.resource.declaration import Action


def past_of(unit: Compiled, action: Action, before: Any, after: Any, actor: str, at: datetime) -> dict[str, Any]:
    """Return the entry of a history under the row's version. ``at`` counts for a delete; a row knows its own time."""
    row = before if after is None else after
    was, now = (None if each is None else unit.text(each) for each in (before, after))
    key = unit.plan.key.name
    return {
        key: getattr(row, key),
        "version": row.version,
        "at": at if after is None else after.updated_at,
        "actor": actor,
        "action": action,
        "before": was,
        "after": now,
    }


def change_of(unit: Compiled, action: Action, row: Any, number: int, at: datetime) -> dict[str, Any]:
    """Return the change with a number that watchers are told."""
    key = str(getattr(row, unit.plan.key.name))
    return {"feed": unit.plan.feed, "number": number, "key": key, "kind": action, "at": at, "body": unit.text(row)}
