"""Which changes of a resource a watcher wants: those of the rows that a list with the same filters would hold."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from roadbed.data.database import Database
from roadbed.http.hub import Event, Hub, Matches
from roadbed.resource.compiled import Compiled
from roadbed.resource.lists import Filter

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


class Wanted(msgspec.Struct, frozen=True):
    """Wants the rows that a list with these filters would hold, by what they became (a deleted one: by what it was).

    Watchers with the same filters share one look at each change.
    """

    filters: tuple[Filter, ...]
    search: str
    search_text: Callable[[Any], str]

    def __call__(self, event: Event) -> bool:
        """Tell whether an event is wanted."""
        row = event.row
        return all(_holds(each, getattr(row, each.field)) for each in self.filters) and (
            not self.search or self.search in self.search_text(row)
        )


def _holds(each: Filter, value: Any) -> bool:
    if each.kind == "null":
        return (value is None) == each.value
    if value is None:
        # As in SQL: what is not there compares to nothing.
        return False
    if each.kind == "in":
        return value in each.value
    return value.startswith(each.value) if each.kind == "prefix" else _COMPARE[each.kind](value, each.value)


def open_hub(unit: Compiled, database: Database) -> Hub:
    """Return the hub of a resource's feed."""
    plan = unit.plan
    # The log holds rows as they are shown; documents are no matter of any filter, and what is not shown is none either.
    fields = [
        (field.name, msgspec.Raw if plan.types[field.name].kind == "json" else field.type, None)
        for field in msgspec.structs.fields(plan.shapes.row)
    ]
    row: Any = msgspec.defstruct(f"{plan.shapes.row.__name__}Watched", fields)
    return Hub(database, plan.feed, decode=msgspec.json.Decoder(row).decode)


def wanted(unit: Compiled, filters: Sequence[Filter], search: str) -> Matches | None:
    """Return what chooses by these filters, or None where all is wanted."""
    if not filters and not search:
        return None
    fixed = tuple(Filter(each.field, each.kind, _fixed(unit, each)) for each in filters)
    return Wanted(fixed, search.casefold(), unit.search_text)


def _fixed(unit: Compiled, each: Filter) -> Any:
    if each.kind == "null":
        return each.value
    values = each.value if each.kind == "in" else [each.value]
    stored = tuple(unit.encoded({each.field: value})[each.field] for value in values)
    return stored if each.kind == "in" else stored[0]
