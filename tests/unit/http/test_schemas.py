"""Schemas: msgspec's, with the bounds of integers and the formats of times."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest

from roadbed.http.schemas import Schemas, schema_of, union_members, without_null

INT64 = {"type": "integer", "format": "int64", "minimum": -(2**63), "maximum": 2**63 - 1}
TIME = {"type": "string", "format": "date-time"}


class Child(msgspec.Struct):
    """A child.

    What else there is to say.
    """

    born: datetime | None
    count: int = 0


class Parent(msgspec.Struct, forbid_unknown_fields=True):
    children: list[Child]
    by_name: dict[str, datetime]
    key: UUID = msgspec.field(name="id")
    words: str = ""


class Row(msgspec.Struct, array_like=True):
    at: datetime
    number: int


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (int, INT64),
        (Annotated[int, msgspec.Meta(ge=1, le=5)], {**INT64, "minimum": 1, "maximum": 5}),
        (
            Annotated[int, msgspec.Meta(gt=0)],
            {"type": "integer", "format": "int64", "exclusiveMinimum": 0, "maximum": 2**63 - 1},
        ),
        (
            Annotated[int, msgspec.Meta(lt=9)],
            {"type": "integer", "format": "int64", "exclusiveMaximum": 9, "minimum": -(2**63)},
        ),
        (int | None, {"anyOf": [INT64, {"type": "null"}]}),
        (list[int], {"type": "array", "items": INT64}),
        (dict[str, int], {"type": "object", "additionalProperties": INT64}),
        (bool, {"type": "boolean"}),
        (str, {"type": "string"}),
        (datetime | int, {"anyOf": [TIME, INT64]}),
        (datetime, TIME),
        (datetime | None, {"anyOf": [TIME, {"type": "null"}]}),
        (list[datetime], {"type": "array", "items": TIME}),
        (date, {"type": "string", "format": "date"}),
        (UUID, {"type": "string", "format": "uuid"}),
        (float, {"type": "number"}),
    ],
)
def test_a_type_has_its_schema(kind: Any, expected: dict[str, Any]) -> None:
    assert expected == schema_of(kind)


def test_structs_lie_in_the_components() -> None:
    made = Schemas([Parent, list[Child]])
    reference = {"$ref": "#/components/schemas/Child"}
    assert ({"$ref": "#/components/schemas/Parent"}, {"type": "array", "items": reference}) == (
        made.of(Parent),
        made.of(list[Child]),
    )
    assert sorted(made.components) == ["Child", "Parent"]


def test_every_field_of_a_struct_is_completed() -> None:
    components = Schemas([Parent]).components
    assert components["Child"]["properties"] == {
        "born": {"anyOf": [TIME, {"type": "null"}]},
        "count": {**INT64, "default": 0},
    }
    assert components["Parent"]["properties"] == {
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Child"}},
        "by_name": {"type": "object", "additionalProperties": TIME},
        "id": {"type": "string", "format": "uuid"},
        "words": {"type": "string", "default": ""},
    }


def test_rows_are_completed_too() -> None:
    assert Schemas([Row]).components["Row"]["prefixItems"] == [TIME, INT64]


def test_a_struct_is_described_by_the_first_paragraph() -> None:
    assert Schemas([Parent]).components["Child"]["description"] == "A child."


def test_what_forbids_unknown_fields_says_so() -> None:
    components = Schemas([Parent]).components
    assert (
        components["Parent"]["additionalProperties"],
        components["Child"].get("additionalProperties"),
    ) == (False, None)


def test_a_choice_of_structs_is_either() -> None:
    made = Schemas([Child | Row])
    expected = [{"$ref": "#/components/schemas/Child"}, {"$ref": "#/components/schemas/Row"}]
    assert made.of(Child | Row) == {"anyOf": expected}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Child | Row, (Child, Row)), (Child | None, (Child | None,)), (int | str, (int | str,)), (Child, (Child,))],
)
def test_only_a_choice_of_structs_is_parted(kind: Any, expected: tuple[Any, ...]) -> None:
    assert expected == union_members(kind)


def test_a_type_that_nobody_knows_is_described_by_its_name() -> None:
    assert schema_of(object) == {"title": "object"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, {"type": "string"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}, {"type": "string"}),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}, INT64], "title": "t"},
            {"anyOf": [{"type": "string"}, INT64], "title": "t"},
        ),
    ],
)
def test_a_parameter_is_never_null(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected == without_null(schema)
