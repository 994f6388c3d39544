"""Every mistake in a declaration is named with class and field, all of them at once."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta

from roadbed.kernel.errors import ConfigurationError
from roadbed.resource.declaration import Resource, Statuses
from roadbed.resource.markers import Computed, Indexed, Key, ReadOnly, Reference, Unique
from roadbed.resource.plan import make_plans

Fields = dict[str, Any]


def resource(fields: Fields, **options: Any) -> Resource[Any]:
    """A resource of a struct ``Row`` with an ``id`` and these fields: a type, or a type and a default."""
    given = {"id": UUID, **fields} if "id" not in fields else fields
    listed = [(name, *kind) if isinstance(kind, tuple) else (name, kind) for name, kind in given.items() if kind]
    struct = msgspec.defstruct("Row", listed, kw_only=True, module=__name__)
    return Resource(**{"struct": struct, "path": "/rows", **options})


def problems(*resources: Resource[Any]) -> list[str]:
    try:
        make_plans("shop", resources)
    except ConfigurationError as error:
        return list(error.problems)
    return []


def fails(**fields: Any) -> Callable[[], list[str]]:
    return lambda: problems(resource(fields))


def refuses(**options: Any) -> Callable[[], list[str]]:
    fields = {"name": str, "state": (Literal["new", "old"], "new"), "note": str | None, "doc": list[int]}
    return lambda: problems(resource(fields, **options))


MISTAKES: dict[str, tuple[Callable[[], list[str]], str]] = {
    "no key": (fails(id=None, name=str), "shop: Row: a resource has one key"),
    "two keys": (fails(code=Annotated[str, Key()]), "found: ['id', 'code']"),
    "a key that may be null": (fails(id=UUID | None), "shop: Row.id: a key is a UUID, an int or a str, and never null"),
    "a key that is a float": (fails(id=float), "shop: Row.id: a key is"),
    "a computed key": (fails(id=Annotated[UUID, Computed(lambda *_: None)]), "shop: Row.id: a key is stored"),
    "a key of a reserved name": (fails(id=None, body=Annotated[str, Key()]), "shop: Row.body: a key cannot have"),
    "a name in capitals": (fails(Name=str), "shop: Row.Name: a name has 1 to 40 of a-z"),
    "a name of the platform": (fails(roadbed_place=int), "shop: Row.roadbed_place: the platform needs this name"),
    "a type that JSON cannot hold": (fails(file=complex), "shop: Row.file: its values cannot be read"),
    "a unique document": (fails(doc=Annotated[list[int], Unique()]), "shop: Row.doc: a JSON document cannot be"),
    "a lost reference that cannot be null": (
        fails(other=Annotated[UUID, Reference("rows", on_delete="set_null")]),
        "shop: Row.other: on_delete='set_null' needs a type that allows null",
    ),
    "an on_delete that is none": (
        fails(other=Annotated[UUID, Reference("rows", on_delete="explode")]),  # type: ignore[arg-type]
        "shop: Row.other: on_delete='explode' is none of restrict, cascade, set_null",
    ),
    "a reference that leads nowhere": (
        fails(other=Annotated[UUID, Reference("others")]),
        "shop: Row.other: there is no resource 'others' in this domain",
    ),
    "a reference of another type": (
        fails(other=Annotated[int, Reference("rows")]),
        "shop: Row.other: the key of 'rows' is of another type",
    ),
    "a read-only field without a first value": (
        fails(count=Annotated[int, ReadOnly()]),
        "shop: Row.count: nobody can give a read-only field its first value",
    ),
    "a marker that was not called": (
        fails(name=Annotated[str, Unique]),
        "shop: Row.name: Unique is a marker to be called",
    ),
    "a default that breaks a rule": (
        fails(name=(Annotated[str, Meta(min_length=1)], "")),
        "shop: Row.name: its default breaks its own rules",
    ),
    "a default of another type": (fails(count=(int, "x")), "shop: Row.count: its default breaks its own rules"),
    "a version that is a text": (fails(version=str), "shop: Row.version: the platform writes this one"),
    "a unique time of creation": (
        fails(created_at=Annotated[datetime, Unique()]),
        "shop: Row.created_at: the platform",
    ),
    "an index over a long text": (
        fails(text=Annotated[str, Indexed(), Meta(max_length=1000)]),
        "shop: Row.text: an index over text and id has no room for texts so long",
    ),
    "a long text in a group": (refuses(unique=[("name", "note")]), "shop: Row.name: an index over name and note"),
    "a path that is none": (refuses(path="rows"), "shop: Row: path='rows' is no path such as /books"),
    "a path with a parameter": (refuses(path="/rows/{id}"), "shop: Row: path='/rows/{id}' is no path"),
    "a name with a quote": (refuses(name="row's"), 'shop: Row: name="row\'s" has other characters'),
    "a name that is too long": (refuses(name="x" * 44), "shop: Row: the table's name 'shop_xxx"),
    "a limit of none": (refuses(limit=0), "shop: Row: limit=0 is not within 1 and 1000"),
    "less than no rows": (refuses(most=-1), "shop: Row: most=-1 is below 0"),
    "a verb that is none": (
        refuses(verbs=["create", "destroy"]),
        "shop: Row: verbs: 'destroy' is none of create, list",
    ),
    "an order that is none": (refuses(order="-age"), "shop: Row: a list cannot be sorted by 'age'"),
    "an order by what may be null": (refuses(order="note"), "shop: Row: a list cannot be sorted by 'note'"),
    "an order by a document": (refuses(sort=["doc"]), "shop: Row: a list cannot be sorted by 'doc'"),
    "a search in no text": (refuses(search=["id"]), "shop: Row: search='id' is no text field of it"),
    "a group of no field": (refuses(unique=[["color"]]), "shop: Row: unique='color' is no stored field of it"),
    "an empty group": (refuses(unique=[[]]), "shop: Row: unique=() names no field"),
    "a group with a document": (
        refuses(unique=[["doc"]]),
        "shop: Row: unique='doc' is no stored field of it that could",
    ),
    "statuses of no field": (refuses(statuses=Statuses({})), "shop: Row: statuses: 'status' is no field whose type is"),
    "statuses of a text": (refuses(statuses=Statuses({}, "name")), "shop: Row: statuses: 'name' is no field"),
    "a status that is none": (
        refuses(statuses=Statuses({"new": ["gone"]}, "state")),
        "shop: Row: statuses: 'gone' is none of new, old",
    ),
    "statuses without a first one": (
        lambda: problems(resource({"state": Literal["a", "b"]}, statuses=Statuses({}, "state"))),
        "shop: Row.state: the default is the status in which a row begins, and is missing",
    ),
    "one name twice": (
        lambda: problems(resource({}), resource({}, path="/others", name="rows")),
        "shop: Row: the name 'rows' is taken",
    ),
    "a table of the history of another": (
        lambda: problems(resource({}, history=True), resource({}, path="/rows_history")),
        "shop: Row: the name of its table 'shop_rows_history' is taken",
    ),
    "a table of the platform": (
        lambda: [*_problems_of("feed", resource({}, path="/feed"))],
        "feed: Row: the name of its table 'feed' is taken",
    ),
    "no struct": (lambda: problems(Resource(struct=dict, path="/rows")), "shop: dict: a resource's struct is"),
}


def _problems_of(domain: str, made: Resource[Any]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        make_plans(domain, [made])
    return list(caught.value.problems)


@pytest.mark.parametrize(("attempt", "told"), [pytest.param(*case, id=name) for name, case in MISTAKES.items()])
def test_a_mistake_is_named(attempt: Callable[[], list[str]], told: str) -> None:
    found = attempt()
    assert [problem for problem in found if told in problem], found


def test_all_are_told_at_once() -> None:
    one = resource({"Name": str, "count": Annotated[int, ReadOnly()]}, limit=0)
    two = resource({"other": Annotated[UUID, Reference("nowhere")], "doc": Annotated[list[int], Unique()]}, path="x")
    assert len(problems(one, two)) == 5


@pytest.mark.parametrize("name", ["order", "body", "page", "call", "limit", "total", "sort", "select", "q", "fields"])
def test_a_field_may_have_any_name(name: str) -> None:
    assert problems(resource({name: (int, 0)})) == []


def test_a_text_is_bounded_as_its_table_is() -> None:
    (plan,) = make_plans("shop", [resource({"text": str, "code": Annotated[str, Unique()]})])
    assert [plan.by_name[name].bound("max_length") for name in ("text", "code")] == [100_000, 255]
