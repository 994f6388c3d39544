"""An operation that answers a list or a single thing, by what it was asked."""

import json
from typing import Any

import msgspec
import pytest

from roadbed.data.listing import Listing
from roadbed.http.call import Call
from roadbed.http.edge import Edge
from roadbed.http.operations import Operations
from roadbed.http.paging import Page
from tests.unit.http.driving import ask, make_edge


class Cursor(msgspec.Struct, array_like=True):
    number: int


class Thing(msgspec.Struct):
    number: int


class Past(msgspec.Struct):
    was: int


operations: Operations[None] = Operations("things", "Things")


@operations.get("/thing", limit=2)
async def thing(call: Call[None], page: Page[Cursor], all: bool = False) -> Thing | Listing[Past]:  # noqa: A002
    """Return one, or what it was."""
    if all:
        return Listing([Past(number) for number in range(page.limit)], Cursor(2), 7)
    call.version = 5
    return Thing(5)


@pytest.fixture
def things() -> Edge:
    return make_edge(operations)[0]


async def test_one_has_its_version_and_no_pages(things: Edge) -> None:
    reply = await ask(things, "GET /thing")
    assert (reply.json(), reply.header("etag"), reply.header("link")) == ({"number": 5}, '"5"', None)
    known = await ask(things, "GET /thing", headers={"If-None-Match": '"5"'})
    assert (known.status, known.body) == (304, b"")


async def test_a_list_has_pages_and_no_version(things: Edge) -> None:
    reply = await ask(things, "GET /thing?all=true", headers={"If-None-Match": '"5"'})
    assert (reply.status, reply.json(), reply.header("etag")) == (200, [{"was": 0}, {"was": 1}], None)
    assert (reply.header("link") or "").startswith("</thing?all=true&after=")
    assert reply.header("total-count") == "7"
    assert (await ask(things, "GET /thing?all=true", headers={"If-Match": "5"})).status == 400


def test_the_document_foresees_both(things: Edge) -> None:
    described: Any = json.loads(things.document())["paths"]["/thing"]["get"]["responses"]
    schema = described["200"]["content"]["application/json"]["schema"]
    listed = {"type": "array", "items": {"$ref": "#/components/schemas/Past"}}
    assert schema == {"anyOf": [{"$ref": "#/components/schemas/Thing"}, listed]}
    assert {"ETag", "Link", "Total-Count"} <= described["200"]["headers"].keys()
    assert "304" in described
