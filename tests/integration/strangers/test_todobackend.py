"""What the public suite of TodoBackend asks of a server (https://todobackend.com), asked as a browser does."""

from pathlib import Path
from typing import Any

import pytest

from roadbed.testing import Reply, Service
from tests.contract.test_schemathesis import explore

EXAMPLE = "examples.todobackend:domain"
SETTINGS = {"cors_origins": "*"}
ORIGIN = {"Origin": "https://todobackend.com", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}


class Page:
    """A page of another origin: it may read a reply only if the reply says so."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def send(self, method: str, url: str, body: Any = None) -> Reply:
        path = url.removeprefix(self.service.url)
        asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type"}
        allowed = self.service.request("OPTIONS", path, fields=ORIGIN | asked).fields
        assert method in allowed["access-control-allow-methods"].split(", ")
        assert "content-type" in allowed["access-control-allow-headers"].lower().split(", ")
        reply = self.service.request(method, path, body, ORIGIN)
        assert reply.fields["access-control-allow-origin"] in ("*", ORIGIN["Origin"])
        return reply

    def made(self, **todo: Any) -> dict[str, Any]:
        reply = self.send("POST", "/todos", {"title": "blah", **todo})
        assert reply.status == 201
        return reply.body


@pytest.fixture
def page(service: Service) -> Page:
    """A page, and nothing to do yet."""
    page = Page(service)
    assert page.send("DELETE", "/todos").status == 204
    assert page.send("GET", "/todos").body == []
    return page


def test_a_post_answers_with_the_todo_that_was_posted(page: Page) -> None:
    todo = page.made(title="walk the dog")
    assert (todo["title"], todo["completed"]) == ("walk the dog", False)
    assert page.send("GET", "/todos").body == [todo]


def test_a_delete_at_the_root_deletes_all(page: Page) -> None:
    for _ in range(3):
        page.made()
    assert (page.send("DELETE", "/todos").status, page.send("GET", "/todos").body) == (204, [])


def test_each_todo_has_an_absolute_url_that_returns_it(page: Page) -> None:
    todo = page.made(title="my todo")
    assert todo["url"].startswith(f"{page.service.url}/todos/")
    assert page.send("GET", todo["url"]).body == todo
    page.made(title="another")
    assert {page.send("GET", each["url"]).body["title"] for each in page.send("GET", "/todos").body} == {
        "my todo",
        "another",
    }


@pytest.mark.parametrize(
    ("first", "change"),
    [
        ({"title": "initial title"}, {"title": "bathe the cat"}),
        ({}, {"completed": True}),
        ({"order": 10}, {"order": 95}),
        ({}, {"title": "changed title", "completed": True, "order": -3}),
    ],
)
def test_a_patch_at_the_url_changes_and_is_kept(page: Page, first: dict[str, Any], change: dict[str, Any]) -> None:
    todo = page.made(**first)
    changed = page.send("PATCH", todo["url"], change)
    assert (changed.status, changed.body) == (200, todo | change)
    assert (page.send("GET", todo["url"]).body, page.send("GET", "/todos").body) == (todo | change, [todo | change])


def test_a_delete_at_the_url_deletes_that_one(page: Page) -> None:
    todo, other = page.made(), page.made()
    assert page.send("DELETE", todo["url"]).status == 204
    assert (page.send("GET", todo["url"]).status, page.send("GET", "/todos").body) == (404, [other])


def test_an_order_is_kept(page: Page) -> None:
    assert (page.made(order=523)["order"], page.made()["order"]) == (523, None)


@pytest.mark.parametrize("service", ["postgres"], indirect=True)
def test_schemathesis_finds_nothing(service: Service, tmp_path: Path) -> None:
    code, printed = explore(f"{service.url}/openapi.json", tmp_path, 20261121, 3)
    assert code == 0, printed
