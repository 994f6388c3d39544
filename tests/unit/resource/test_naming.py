"""What people call rows, where the declaration does not say it."""

import msgspec
import pytest

from roadbed.resource.declaration import Resource
from roadbed.resource.naming import Names, in_one_line, singular_of


class Row(msgspec.Struct):
    """Any."""

    id: int


def names(path: str = "/rows", name: str = "", title: str = "", singular: str = "") -> tuple[str, str, str]:
    found = Names(Resource(struct=Row, path=path, name=name, title=title, singular=singular))
    return found.title, found.plural, found.singular


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"path": "/items"}, ("Items", "items", "item")),
        ({"path": "/book-marks"}, ("Book marks", "book marks", "book mark")),
        ({"path": "/shop/copies", "name": "copies"}, ("Copies", "copies", "copy")),
        ({"title": "QR codes"}, ("QR codes", "QR codes", "QR code")),
        ({"title": "People", "singular": "person"}, ("People", "people", "person")),
    ],
)
def test_a_title_is_made_of_what_is_there(given: dict[str, str], expected: tuple[str, str, str]) -> None:
    assert names(**given) == expected


@pytest.mark.parametrize(
    ("plural", "singular"),
    {
        "entries": "entry",
        "boxes": "box",
        "echoes": "echo",
        "batches": "batch",
        "classes": "class",
        "statuses": "status",
        "courses": "course",
        "houses": "house",
        "prizes": "prize",
        "movies": "movy",  # what `Resource.singular` is for
        "tags": "tag",
        "glass": "glass",
        "bonus": "bonus",
        "sheep": "sheep",
        "": "",
    }.items(),
)
def test_one_of_several(plural: str, singular: str) -> None:
    assert singular_of(plural) == singular


def test_a_docstring_becomes_one_line() -> None:
    assert in_one_line("  One.\n\n    Two\tthree.\n    ") == "One. Two three."
