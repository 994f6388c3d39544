"""Short ways to say what is asked of the library."""

from typing import Any

from tests.contract.scenarios import Holding, Step, post
from tests.unit.http.driving import HOST

GONE = "01890000-0000-7000-8000-000000000000"
KEYED = {"Idempotency-Key": "one"}
AGAIN = {"Idempotency-Replayed": "true"}
MERGE = {"Content-Type": "application/merge-patch+json"}


def patch(target: str, json: Any, status: int = 200, **more: Any) -> Step:
    return Step(call=f"PATCH {target}", json=json, status=status, **more)


def delete(target: str, status: int = 204, **more: Any) -> Step:
    return Step(call=f"DELETE {target}", status=status, **more)


def author(name: str, keep: str = "a") -> Step:
    return post("/authors", {"name": name}, keep={keep: "/id"})


def book(title: str, keep: str = "b", **more: Any) -> Step:
    return post("/books", {"title": title, "author": "<a>", **more}, keep={keep: "/id"})


def titles(*names: str) -> list[Holding]:
    return [Holding(title=name) for name in names]


A_BOOK = {
    "id": "<b>",
    "title": "T",
    "author": "<a>",
    "order": 0,
    "body": "",
    "total": "the float 0.0",
    "published": None,
    "editor": None,
    "reader": None,
    "tags": [],
    "note": None,
    "lent": False,
    "url": f"http://{HOST}/books/<b>",
    "state": "new",
}
