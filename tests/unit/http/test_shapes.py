"""What types are made of."""

from typing import Annotated, Any, Optional
from uuid import UUID

import msgspec
import pytest

from roadbed.http.shapes import bare, is_object, leaves, structs_of


class Leaf(msgspec.Struct):
    number: Annotated[int, msgspec.Meta(ge=0)]
    key: UUID | None = None


class Tree(msgspec.Struct):
    leaves: list[Leaf]
    parent: "Tree | None" = None
    named: dict[str, Leaf] = {}


class Row(msgspec.Struct, array_like=True):
    number: int


class Tagged(msgspec.Struct, tag="t"):
    number: int


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (int, (int, False)),
        (int | None, (int, True)),
        (int | msgspec.UnsetType, (int, False)),
        (int | None | msgspec.UnsetType, (int, True)),
        (Annotated[int, "x"], (int, False)),
        (Annotated[int | None, "x"], (int, True)),
        (Optional[Annotated[int, "x"]], (int, True)),  # noqa: UP045 - the checker knows no other
        (int | str | None, (int | str | None, True)),
        (int | str, (int | str, False)),
        (list[int | None], (list[int | None], False)),
        (dict[str, None], (dict[str, None], False)),
        (list[int] | None, (list[int], True)),
    ],
)
def test_a_type_is_bared(kind: Any, expected: tuple[Any, bool]) -> None:
    assert expected == bare(kind)


def test_objects_are_structs_with_names_and_no_tag() -> None:
    assert [is_object(kind) for kind in (Leaf, Row, Tagged, int)] == [True, False, False, False]


def test_leaves_of_a_tree_that_contains_itself() -> None:
    assert [int, UUID] == [plain for plain, _ in leaves(Tree)]


def test_structs_of_a_tree_that_contains_itself() -> None:
    assert [Tree, Leaf] == structs_of(list[Tree] | None)


def test_a_plain_type_has_no_structs() -> None:
    assert structs_of(dict[str, list[int]]) == []
