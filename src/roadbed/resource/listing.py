"""The list of a resource over HTTP: which filters and orders it takes, from its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from roadbed.data.listing import Listing
from roadbed.http.operations import Operations
from roadbed.http.paging import Page
from roadbed.http.parameters import REQUIRED, Query
from roadbed.resource.compiled import Compiled
from roadbed.resource.fields import Field
from roadbed.resource.lists import COMPARISONS, MOST_VALUES, Cursor, Filter, Question
from roadbed.resource.plan import Plan
from roadbed.resource.signatures import CallOf, Parameters, Said, base_of, declare
from roadbed.resource.store import Store

LONGEST_SEARCH = 200
"""Characters of a text to search for."""

Asked = Mapping[str, tuple[str, str]]
"""(field, kind of filter) by the name of the argument that it has in a handler."""


def declare_list(group: Operations[Store], unit: Compiled, name: str) -> None:
    """Declare the list of a resource as an operation of this name."""
    plan = unit.plan
    asked = filters_of(plan)

    async def rows(call: CallOf, **given: Any) -> Listing[Any]:
        base = base_of(call)
        # All that the reply depends on: the question as it came, and what addresses in the rows begin with.
        return await call.service.lists.shared.ask((call.query, base), lambda: read(call.service, base, **given))

    async def read(store: Store, base: str, page: Page[Cursor], sort: str, q: str = "", **given: Any) -> Listing[Any]:
        question = Question(
            filters=read_filters(asked, given),
            search=q,
            order=sort,
            limit=page.limit,
            after=page.after,
            total=page.total,
        )
        listing = await store.lists.page(question)
        return Listing([unit.show(row, base) for row in listing.items], listing.next, listing.total)

    orders = Literal[tuple(way + each for each in plan.sortable for way in ("", "-"))]
    parameters: list[tuple[str, Any, Any]] = [("page", Page[Cursor], REQUIRED), ("sort", orders, plan.resource.order)]
    if plan.searched:
        parameters.append(("q", Annotated[str, msgspec.Meta(max_length=LONGEST_SEARCH)], ""))
    said = Said(name, f"List {plan.title}.", [*parameters, *parameters_of(plan, asked)], Listing[plan.shapes.shown])
    declare(group, "GET", plan.resource.path, rows, said, limit=plan.resource.limit, cache=plan.kept_by)


def filters_of(plan: Plan) -> dict[str, tuple[str, str]]:
    """Return the filters that a list of these rows takes."""
    found: dict[str, tuple[str, str]] = {}
    for field in plan.types.values():
        if field.kind in ("json", "digest"):
            continue
        found[field.name] = (field.name, "in")
        if field.ordered and field.kind != "uuid":
            found.update({f"{field.name}__{way}": (field.name, way) for way in COMPARISONS})
        if field.kind == "text" and not field.choices:
            found[f"{field.name}__prefix"] = (field.name, "prefix")
        if field.optional:
            found[f"{field.name}__null"] = (field.name, "null")
    return found


def parameters_of(plan: Plan, asked: Asked) -> Parameters:
    """Return the query parameters of these filters."""
    return [(name, _annotation(plan.types[field], kind, name), None) for name, (field, kind) in asked.items()]


def read_filters(asked: Asked, given: Mapping[str, Any]) -> Sequence[Filter]:
    """Return the filters that a call gave."""
    return [
        Filter(*asked[name], value if asked[name][1] != "in" or isinstance(value, list) else [value])
        for name, value in given.items()
        if value is not None
    ]


def _annotation(field: Field, kind: str, name: str) -> Any:
    public = Query(name.replace("__", "."))
    if kind == "null":
        return Annotated[bool | None, public]
    if kind == "prefix":
        return Annotated[str | None, public]
    if kind == "in" and field.kind != "flag":
        return Annotated[Annotated[list[field.annotation], msgspec.Meta(max_length=MOST_VALUES)] | None, public]
    return Annotated[field.annotation | None, public]
