"""Lists: filters, orders, pages, search, totals, and what is refused of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from roadbed.http.paging import CursorCodec
from roadbed.resource.lists import Cursor, successor
from tests.integration.resource.world import World

DAY = datetime(2020, 1, 1, tzinfo=UTC)
TITLES = ["", "a", "A", "ab", "aé", "a𝄞", "a\U0010ffff", "b", "ß", "ﬀ", "Ä", "%", "_", "é", "É"]


async def shelve(world: World) -> list[dict[str, Any]]:
    """Fill the library with books that share many values; return them as the model of the lists."""
    ann, bob = await world.author("Ann"), await world.author("Bob")
    given = [
        {
            "title": title or str(number),
            "author": ann if number % 2 else bob,
            "order": number % 3 - 1,
            "total": (number % 4) / 2,
            "published": None if number % 5 == 0 else (DAY + timedelta(days=number % 4)).isoformat(),
            "lent": number % 2 == 0,
            "body": f"Text {number} STRASSE" if number % 2 else "straße",
        }
        for number, title in enumerate(TITLES)
    ]
    reply = await world.ask("POST /books/bulk", given)
    assert reply.status == 201, reply.body
    return [await world.get(f"/books/{row['id']}") for row in reply.json()]


async def walk(world: World, target: str) -> list[Any]:
    """Follow ``Link`` to the end; return all rows."""
    rows: list[Any] = []
    while target:
        reply = await world.ask(f"GET {target}")
        assert reply.status == 200, reply.body
        rows += reply.json()
        link = reply.header("link")
        target = link[1 : link.index(">")] if link else ""
        assert len(rows) < 1000
    return rows


async def test_every_order_over_every_page_has_each_row_once(world: World) -> None:
    books = await shelve(world)
    document = (await world.ask("GET /openapi.json")).json()
    parameters = document["paths"]["/books"]["get"]["parameters"]
    (sort,) = [each for each in parameters if each["name"] == "sort"]
    assert {"order", "-order", "total", "title", "version", "-created_at", "author"} <= set(sort["schema"]["enum"])
    for order in sort["schema"]["enum"]:
        found = await walk(world, f"/books?limit=4&sort={order}")
        assert sorted(row["id"] for row in found) == sorted(row["id"] for row in books), order
        name = order.removeprefix("-")
        if name in books[0]:
            keys = [(row[name], row["id"]) for row in found]
            assert keys == sorted(keys, reverse=order.startswith("-")), order


FILTERS = {
    "title=b": lambda row: row["title"] == "b",
    "title=b&title=A&title=none": lambda row: row["title"] in ("b", "A"),
    "title.prefix=a": lambda row: row["title"].startswith("a"),
    f"title.prefix={quote('a' + chr(0x10FFFF))}": lambda row: row["title"].startswith("a\U0010ffff"),
    "title.prefix=%25": lambda row: row["title"].startswith("%"),
    "title.prefix=_": lambda row: row["title"].startswith("_"),
    "title.prefix=": lambda _row: True,
    "title.gt=a&title.lte=b": lambda row: "a" < row["title"] <= "b",
    "order=-1": lambda row: row["order"] == -1,
    "order.gte=0&order.lt=1": lambda row: row["order"] == 0,
    "order.gt=9223372036854775806": lambda _row: False,
    "total.gte=0.5&total.lt=1.5": lambda row: 0.5 <= row["total"] < 1.5,
    "total.gte=1e0": lambda row: row["total"] >= 1,
    "lent=true": lambda row: row["lent"],
    "published.null=true": lambda row: row["published"] is None,
    "published.null=false": lambda row: row["published"] is not None,
    "published=2020-01-02T00:00:00Z": lambda row: row["published"] == "2020-01-02T00:00:00Z",
    "published.gte=2020-01-02T01:00:00%2B01:00": lambda row: (row["published"] or "") >= "2020-01-02T00:00:00Z",
    "state=new&state=lost": lambda _row: True,
    "state=sold": lambda _row: False,
    "q=strasse": lambda _row: True,
    "q=text+1+": lambda row: row["body"].startswith("Text 1 "),
    "q=%C3%A9": lambda row: row["title"] in ("é", "É", "aé"),
    "q=": lambda _row: True,
    "q=%25": lambda row: row["title"] == "%",
    "editor.null=true&lent=false": lambda row: not row["lent"],
}


async def test_filters_find_what_a_loop_would(world: World) -> None:
    books = await shelve(world)
    for query, wanted in FILTERS.items():
        found = await walk(world, f"/books?limit=5&sort=title&{query}")
        expected = sorted(row["title"] for row in books if wanted(row))
        assert [row["title"] for row in found] == expected, query
        counted = await world.ask(f"GET /books?limit=1&total=true&{query}")
        assert counted.header("total-count") == str(len(expected)), query
    author = books[0]["author"]
    assert len(await world.get(f"/books?author={author}")) == 8


REFUSED = {
    "order=x": "query:order",
    "order=1.0": "query:order",
    "order=9223372036854775808": "query:order",
    "order.gt=1&order.gt=2": "query:order.gt",
    "total.lt=NaN": "query:total.lt",
    "total=1": "query:total",
    "title=%00": "query:title",
    "title.prefix=%00": "query:title.prefix",
    "author=1": "query:author",
    "author.gt=1": "query:author.gt",
    "lent=yes": "query:lent",
    "published.gte=yesterday": "query:published.gte",
    "published.null=1": "query:published.null",
    "state=burnt": "query:state",
    "state.gt=new": "query:state.gt",
    "tags=x": "query:tags",
    "note=x": "query:note",
    "url=x": "query:url",
    "sort=url": "query:sort",
    "sort=published": "query:sort",
    "sort=--title": "query:sort",
    "q=%00": "query:q",
    f"q={'x' * 201}": "query:q",
    "fields=": "query:fields",
    "fields=id,": "query:fields",
    "fields=id,version": "query:fields",
    "fields=id&fields=title": "query:fields",
    "limit=0": "query:limit",
    "after=x": "query:after",
    "&".join(f"title={number}" for number in range(101)): "query:title",
}


async def test_what_is_wrong_with_a_question_is_named(world: World) -> None:
    for query, pointer in REFUSED.items():
        reply = await world.ask(f"GET /books?{query}")
        assert (query, reply.status, list(reply.faults)) == (query, 400, [pointer])


CURSORS: list[tuple[str, Cursor]] = [
    ("title", Cursor("order", "a", "x")),
    ("title", Cursor("-title", "a", "x")),
    ("title", Cursor("title", 1, "x")),
    ("title", Cursor("title", "a", "x")),
    ("title", Cursor("title", "a", None)),
    ("title", Cursor("title", "\0", "01890000-0000-7000-8000-000000000000")),
    ("order", Cursor("order", True, "01890000-0000-7000-8000-000000000000")),
    ("order", Cursor("order", 2**63, "01890000-0000-7000-8000-000000000000")),
    ("order", Cursor("order", 1.5, "01890000-0000-7000-8000-000000000000")),
    ("order", Cursor("order", [[]], "01890000-0000-7000-8000-000000000000")),
    ("total", Cursor("total", float("nan"), "01890000-0000-7000-8000-000000000000")),
    ("created_at", Cursor("created_at", "2020-01-01T00:00:00", "01890000-0000-7000-8000-000000000000")),
]


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_a_cursor_that_was_made_up_is_refused(world: World) -> None:
    write = CursorCodec(Cursor).write
    for sort, cursor in CURSORS:
        reply = await world.ask(f"GET /books?sort={sort}&after={write(cursor)}")
        assert (cursor, reply.status, list(reply.faults)) == (cursor, 400, ["query:after"])
    fine = write(Cursor("total", float("inf"), "01890000-0000-7000-8000-000000000000"))
    assert await world.get(f"/books?sort=total&after={fine}") == []


async def test_an_entry_in_part(world: World) -> None:
    books = await shelve(world)
    found = await world.get("/books?fields=url,state,note&sort=title&limit=1")
    first = min(books, key=lambda row: row["title"])
    assert found == [{"note": None, "url": first["url"], "state": "new"}]
    assert await world.get("/books?fields=id,id&limit=1&sort=title") == [{"id": first["id"]}]


async def test_a_page_has_as_many_rows_as_the_resource_says(world: World) -> None:
    author = await world.author()
    book = (await world.make("/books", title="T", author=author))["id"]
    await world.ask("POST /pages/bulk", [{"book": book, "number": number} for number in (4, 2, 2, 1)])
    reply = await world.ask("GET /pages")
    assert [row["number"] for row in reply.json()] == [1, 2, 2]
    assert [row["number"] for row in await walk(world, "/pages")] == [1, 2, 2, 4]
    assert (await world.ask("HEAD /pages")).header("link") == reply.header("link")


@pytest.mark.parametrize(
    ("prefix", "after"),
    [("a", "b"), ("\ud7ff", "\ue000"), ("a\U0010ffff", "b"), ("\U0010ffff", None), ("", None), ("é", "ê")],
)
def test_the_first_text_after_a_prefix(prefix: str, after: str | None) -> None:
    assert successor(prefix) == after
