"""The library: references hold, statuses go where they may, a book takes its copies along."""

from itertools import count
from typing import Any

import pytest

from roadbed.testing import Service

EXAMPLE = "examples.library:domain"
SETTINGS: dict[str, str] = {}

# Both engines are asked all of this in the tests of resources; here it is about the example.
pytestmark = pytest.mark.parametrize("service", ["sqlite"], indirect=True)
_numbers = count()


@pytest.fixture
def book(service: Service) -> dict[str, Any]:
    author = service.post("/authors", {"name": f"Ursula {next(_numbers)}", "born": "1929-10-21"}).body
    made = service.post("/books", {"title": "The Dispossessed", "author": author["id"]})
    assert made.status == 201
    return made.body


def lend(service: Service, copy: dict[str, Any], status: str) -> tuple[int, str]:
    reply = service.post(f"/copies/{copy['id']}/status", {"status": status})
    return reply.status, reply.body.get("status") if reply.status == 200 else reply.body["detail"]


def test_a_book_needs_an_author_and_keeps_it(service: Service, book: dict[str, Any]) -> None:
    nobody = {"title": "x", "author": "01930000-0000-7000-8000-000000000000"}
    refused = service.post("/books", nobody)
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (400, "/author")
    assert service.delete(f"/authors/{book['author']}").status == 409
    assert service.get(f"/books?author={book['author']}&q=dispossessed").body == [book]


def test_copies_are_lent_and_come_back(service: Service, book: dict[str, Any]) -> None:
    copy = service.post("/copies", {"book": book["id"]}).body
    assert [lend(service, copy, status) for status in ("lent", "sold", "lost", "shelf", "sold", "shelf")] == [
        (200, "lent"),
        (409, "After 'lent' may come shelf, lost"),
        (200, "lost"),
        (200, "shelf"),
        (200, "sold"),
        (409, "After 'sold' may come nothing: it is final"),
    ]
    past = service.get(f"/copies/{copy['id']}/history").body
    assert [entry["after"]["status"] for entry in past] == ["sold", "shelf", "lost", "lent", "shelf"]


def test_a_book_takes_its_copies_along(service: Service, book: dict[str, Any]) -> None:
    copy = service.post("/copies", {"book": book["id"]}).body
    assert service.delete(f"/books/{book['id']}").status == 204
    assert service.get(f"/copies/{copy['id']}").status == 404
    assert service.get(f"/copies/{copy['id']}/history").body[0]["action"] == "delete"
