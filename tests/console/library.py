"""A library of books that a stranger declared, beside items and vouchers: what tests of the resource pages stand on."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from playwright.async_api import Locator, Page

from tests.conftest import ENGINES
from tests.console.asking import ask
from tests.style.tree import ROOT
from tests.support.service import Service, running_service

SERVED = ["--app", "examples.library:domain", "--domains", "items,vouchers"]
FROM_HERE = {"PYTHONPATH": str(ROOT)}
BOOKS = "/console/library/books"
numbers = count(1)


@pytest.fixture(scope="module", params=ENGINES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The stranger's library beside items and vouchers, on each engine, with nothing in it."""
    url = request.getfixturevalue("postgres_server").create_database() if request.param == "postgres" else None
    with running_service(
        tmp_path_factory.mktemp(request.param), database_url=url, arguments=SERVED, env=FROM_HERE
    ) as started:
        yield started


def make(service: Service, path: str, **values: Any) -> dict[str, Any]:
    reply = ask(service, "POST", path, json=values)
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


def change(service: Service, path: str, **values: Any) -> dict[str, Any]:
    reply = ask(service, "PATCH", path, json=values)
    assert reply.status_code == 200, reply.text
    return reply.json()


def drop(service: Service, path: str) -> None:
    assert ask(service, "DELETE", path).status_code == 204


def latest(service: Service, path: str) -> dict[str, Any]:
    return ask(service, "GET", path).json()


def rows(service: Service, path: str, **query: Any) -> list[dict[str, Any]]:
    return ask(service, "GET", path, params=query, headers={"Accept": "application/json"}).json()


@pytest.fixture
def author(service: Service) -> dict[str, Any]:
    return make(service, "/authors", name=f"Author {next(numbers)}")


@pytest.fixture
def books(service: Service, author: dict[str, Any]) -> list[dict[str, Any]]:
    """Three books of an author of their own: Alpha, Beta and Gamma, with a number, of 100, 200 and 300 pages."""
    number = next(numbers)
    names = ("Alpha", "Beta", "Gamma")
    return [
        make(service, "/books", title=f"{name} {number}", author=author["id"], pages=pages * 100)
        for pages, name in enumerate(names, 1)
    ]


def of(author: dict[str, Any], more: str = "") -> str:
    return f"{BOOKS}?f.author={author['id']}{more}"


def titles(page: Page) -> Locator:
    return page.locator("tbody tr td:nth-child(2)")


def words(books: list[dict[str, Any]]) -> list[str]:
    return [book["title"] for book in books]
