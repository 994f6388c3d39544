"""Which creates of SQLite fly together."""

from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
import pytest

from roadbed.data.database import Database
from roadbed.resource.compiled import Compiled, compile_plans
from roadbed.resource.create_sqlite import free_creates
from roadbed.resource.declaration import Resource
from roadbed.resource.markers import Computed, Indexed, Key, Reference, Secret, Unique
from roadbed.resource.plan import make_plans


class Free(msgspec.Struct):
    id: UUID
    name: Annotated[str, Indexed()]
    code: Annotated[str, Secret(lambda: "secret")]
    url: Annotated[str, Computed(lambda row, base: f"{base}/{row.id}")] = ""


class Single(msgspec.Struct):
    id: UUID
    name: Annotated[str, Unique()]


class Chosen(msgspec.Struct):
    code: Annotated[str, Key()]


class Child(msgspec.Struct):
    id: UUID
    free: Annotated[UUID, Reference("free")]


class NoDatabase:
    """Takes a flight, and never lets it start."""

    def flight(self, program: Any, **_: Any) -> None:
        self.program = program


async def _hook(*_: Any) -> None:
    return


def unit(struct: type[Any], **more: Any) -> Compiled:
    others: list[Resource[Any]] = [] if struct is Free else [Resource(struct=Free, path="/free")]
    resource: Resource[Any] = Resource(struct=struct, path=f"/{struct.__name__.lower()}", **more)
    return compile_plans(make_plans("lab", [*others, resource]))[resource.called]


@pytest.mark.parametrize(
    ("made", "free"),
    [
        (unit(Free), True),
        (unit(Free, history=True, events=True, cache=True, search=["name"]), True),
        (unit(Free, unique=[("name",)]), False),
        (unit(Free, most=3), False),
        (unit(Free, before=_hook), False),
        (unit(Free, fill=lambda *_: None), False),
        (unit(Single), False),
        (unit(Chosen), False),
        (unit(Child), False),
    ],
)
def test_a_row_that_something_can_stand_in_the_way_of_goes_another_way(made: Compiled, free: bool) -> None:
    assert (free_creates(made, cast(Database, NoDatabase())) is not None) is free


async def test_so_does_one_whose_key_is_chosen() -> None:
    made = free_creates(unit(Free), cast(Database, NoDatabase()))

    assert made is not None
    assert await made.join({"id": UUID(int=7), "name": "n"}, cast(Any, None)) is None


@pytest.mark.parametrize(("struct", "computed"), [(Free, True), (Single, False)])
def test_only_what_is_computed_asks_for_the_origin(struct: type[Any], computed: bool) -> None:
    assert unit(struct).is_computed is computed
