"""The list of a resource over HTTP: which filters and orders it takes, from its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from enum import Enum
from typing import Annotated, Any, Literal, cast

import msgspec

from roadbed.data.listing import Listing
from roadbed.http.operations import Operations
from roadbed.http.paging import Page
from roadbed.http.parameters import REQUIRED, Query
from roadbed.kernel.errors import Fault, Invalid
from roadbed.resource.compiled import Compiled
from roadbed.resource.fields import NO_NUL, Field
from roadbed.resource.lists import COMPARISONS, MOST_VALUES, Cursor, Filter, Question
from roadbed.resource.plan import Plan
from roadbed.resource.signatures import CallOf, Parameters, Said, base_of, declare
from roadbed.resource.store import Store

LONGEST_SEARCH = 200
"""Characters of a text to search for."""

OWN = frozenset({"limit", "after", "total", "sort", "q", "fields", "last_event_id"})
"""Parameters of lists and event streams. A field of such a name is filtered by comparisons alone (``limit.gte``)."""

Asked = Mapping[str, tuple[str, tuple[str, str]]]
"""(name of the query parameter, (field, kind of filter)) by the name of the argument that it has in a handler."""


def declare_list(group: Operations[Store], unit: Compiled, name: str) -> None:
    """Declare the list of a resource as an operation of this name."""
    plan = unit.plan
    asked = as_arguments(filters_of(plan))
    shown = tuple(field.name for field in plan.fields if field.secret is None)
    part = in_part(plan)

    async def rows(call: CallOf, **given: Any) -> Listing[Any]:
        base = base_of(call)
        # All that the reply depends on: the question as it came, and what addresses in the rows begin with.
        return await call.service.lists.shared.ask((call.query, base), lambda: read(call.service, base, **given))

    async def read(
        store: Store,
        base: str,
        page: Page[Cursor],
        sort: str,
        fields: str | None = None,
        q: str = "",
        **given: Any,
    ) -> Listing[Any]:
        wanted = None if fields is None else read_fields(fields, shown)
        question = Question(
            filters=read_filters(asked, given),
            search=q,
            order=sort,
            limit=page.limit,
            after=page.after,
            total=page.total,
        )
        listing = await store.lists.page(question)
        items = [unit.show(row, base) for row in listing.items]
        if wanted is not None:
            items = [part(**{name: getattr(item, name) for name in wanted}) for item in items]
        return Listing(items, listing.next, listing.total)

    orders = Literal[tuple(way + each for each in plan.sortable for way in ("", "-"))]
    parameters: list[tuple[str, Any, Any]] = [("page", Page[Cursor], REQUIRED), ("sort", orders, plan.resource.order)]
    if plan.searched:
        parameters.append(("q", Annotated[str, msgspec.Meta(max_length=LONGEST_SEARCH), NO_NUL], ""))
    parameters.append(("fields", _fields_annotation(shown), None))
    parameters += parameters_of(plan, asked)
    said = Said(name, f"List {plan.names.plural}.", parameters, Listing[plan.shapes.shown | part])
    declare(group, "GET", plan.resource.path, rows, said, limit=plan.resource.limit, cache=plan.kept_by)


def filters_of(plan: Plan) -> dict[str, tuple[str, str]]:
    """Return the filters that a list of these rows takes."""
    found: dict[str, tuple[str, str]] = {}
    for field in plan.types.values():
        if field.kind in ("json", "digest"):
            continue
        if field.name not in OWN:
            found[field.name] = (field.name, "in")
        if field.ordered and field.kind != "uuid":
            found.update({f"{field.name}.{way}": (field.name, way) for way in COMPARISONS})
        if field.kind == "text" and not field.choices:
            found[f"{field.name}.prefix"] = (field.name, "prefix")
        if field.optional:
            found[f"{field.name}.null"] = (field.name, "null")
    return found


def as_arguments(filters: Mapping[str, tuple[str, str]]) -> Asked:
    """Give filters names of their own among the arguments of a handler: a field may be called ``body``, or ``call``."""
    named = {name: "where" if kind == "in" else kind for name, (_, kind) in filters.items()}
    return {f"{named[name]}_{field}": (name, (field, kind)) for name, (field, kind) in filters.items()}


def parameters_of(plan: Plan, asked: Asked) -> Parameters:
    """Return the query parameters of these filters."""
    return [
        (name, _annotation(plan.types[field], kind, public), None) for name, (public, (field, kind)) in asked.items()
    ]


def read_filters(asked: Asked, given: Mapping[str, Any]) -> Sequence[Filter]:
    """Return the filters that a call gave."""
    return [_read_filter(*asked[name][1], value) for name, value in given.items() if value is not None]


def _read_filter(field: str, kind: str, value: Any) -> Filter:
    if kind != "in":
        return Filter(field, kind, value)
    several = cast("list[Any]", value) if isinstance(value, list) else [value]
    return Filter(field, kind, [one.value if isinstance(one, Enum) else one for one in several])


def in_part(plan: Plan) -> type[Any]:
    """Return the struct of an entry of which only some fields were asked for."""
    return msgspec.defstruct(
        f"{plan.resource.struct.__name__}InPart",
        [(field.name, field.type | msgspec.UnsetType, msgspec.UNSET) for field in plan.fields if not field.secret],
        namespace={"__doc__": "An entry of a list, with those of its fields that were asked for."},
        module=plan.resource.struct.__module__,
        kw_only=True,
    )


def read_fields(text: str, known: Sequence[str]) -> list[str]:
    """Return the names of fields, which commas part.

    Raises:
        Invalid: one is none of those that are known.
    """
    names = text.split(",")
    for name in names:
        if name not in known:
            near = get_close_matches(name[:64], known, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(known)}"
            raise Invalid(faults=[Fault("query:fields", f"There is no field `{name[:64]}`{hint}")])
    return names


def _fields_annotation(known: Sequence[str]) -> Any:
    one = f"({'|'.join(known)})"
    about = "The fields of an entry to return, parted by commas; all where it is left out"
    extra = {"pattern": f"^{one}(,{one})*$"}
    return Annotated[str | None, msgspec.Meta(description=about, extra_json_schema=extra)]


def _annotation(field: Field, kind: str, name: str) -> Any:
    public = Query(name)
    if kind == "null":
        return Annotated[bool | None, public]
    if kind == "prefix":
        return Annotated[Annotated[str, NO_NUL] | None, public]
    if kind == "in" and field.kind != "flag":
        return Annotated[Annotated[list[field.annotation], msgspec.Meta(max_length=MOST_VALUES)] | None, public]
    return Annotated[field.annotation | None, public]
