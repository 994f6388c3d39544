"""Scenarios of what a declaration adds to rows: statuses, references, history, hooks, safe retries."""

from tests.contract.scenarios import A_NEXT_LINK, A_UUID, AN_INSTANT, AN_INTEGER, Holding, Step, get, post
from tests.integration.resource.steps import A_BOOK, AGAIN, GONE, KEYED, author, book, delete, patch, titles

STATUSES: dict[str, tuple[Step, ...]] = {
    "a status goes where it may, on every path": (
        author("Ann"),
        book("T"),
        post("/books/<b>/state", {"state": "lent"}, 200, reply=Holding(state="lent"), expect={"ETag": '"2"'}),
        post("/books/<b>/state", {"state": "sold"}, 409, kind="status-not-allowed"),
        post("/books/<b>/state", {"state": "lent"}, 409, kind="status-not-allowed"),
        patch("/books/<b>", {"state": "sold"}, 409, kind="status-not-allowed"),
        patch("/books/<b>", {"state": "lent"}, expect={"ETag": '"2"'}),
        patch("/books/<b>", {"state": "lost", "order": 1}, reply=Holding(state="lost", order=1)),
        post("/books/<b>/state", {"state": "new"}, 409, kind="status-not-allowed"),
        post("/books/<b>/state", {"state": "burnt"}, 400, faults=("/state",)),
        post(f"/books/{GONE}/state", {"state": "new"}, 404),
        post("/books/bulk", [{"title": "U", "author": "<a>", "state": "sold"}], 400, faults=("/0/state",)),
        get("/books?state=lost&state=sold", reply=titles("T")),
        get("/books?state=burnt", status=400, faults=("query:state",)),
    ),
}

REFERENCES: dict[str, tuple[Step, ...]] = {
    "restrict: a row that is referred to stays": (
        author("Ann"),
        book("T"),
        delete("/authors/<a>", 409, kind="reference"),
        delete("/books/<b>"),
        delete("/authors/<a>"),
    ),
    "cascade: rows go along, with their history": (
        author("Ann"),
        book("T"),
        post("/pages/bulk", [{"book": "<b>", "number": number} for number in (1, 2)]),
        delete("/books/<b>"),
        get("/pages", reply=[]),
        get("/books/<b>/history", reply=[Holding(action="delete"), Holding(action="create")]),
    ),
    "set null: a reference is lost, by each field, in one change": (
        author("Ann"),
        author("Ed", "e"),
        book("T", editor="<e>", reader="<e>"),
        delete("/authors/<e>"),
        get("/books/<b>", reply=Holding(editor=None, reader=None), expect={"ETag": '"2"'}),
        get("/books/<b>/history?limit=1", reply=[Holding(action="change", version=2)]),
        delete("/authors/<e>", 404),
    ),
    "what refers to itself": (
        post("/tags/bulk", [{"code": "a"}, {"code": "b", "parent": "a"}, {"code": "c", "parent": "b"}]),
        delete("/tags/a", 409, kind="reference"),
        delete("/tags/c"),
        delete("/tags", 409, kind="reference"),
        get("/tags?fields=code", reply=[{"code": "a"}, {"code": "b"}]),
        delete("/tags/b"),
        delete("/tags"),
        get("/tags", reply=[]),
    ),
}

HISTORY: dict[str, tuple[Step, ...]] = {
    "who changed what, newest first, and the row as it was": (
        author("Ann"),
        book("T", tags=["x"]),
        patch("/books/<b>", {"order": 1, "tags": []}),
        delete("/books/<b>"),
        get(
            "/books/<b>/history",
            reply=[
                {
                    "version": 3,
                    "at": AN_INSTANT,
                    "actor": "anonymous",
                    "action": "delete",
                    "before": Holding(order=1),
                    "after": None,
                },
                {
                    "version": 2,
                    "at": AN_INSTANT,
                    "actor": "anonymous",
                    "action": "change",
                    "before": Holding(order=0, tags=["x"]),
                    "after": Holding(order=1, tags=[], version=2),
                },
                {
                    "version": 1,
                    "at": AN_INSTANT,
                    "actor": "anonymous",
                    "action": "create",
                    "before": None,
                    "after": Holding(title="T", tags=["x"], created_at=AN_INSTANT),
                },
            ],
        ),
        get("/books/<b>?version=1", reply=A_BOOK | {"tags": ["x"]}, expect={"ETag": '"1"'}),
        get("/books/<b>?version=2", reply=A_BOOK | {"order": 1}),
        get("/books/<b>?version=3", status=404),
        get("/books/<b>?version=x", status=400, faults=("query:version",)),
        get(
            "/books/<b>/history?limit=2&total=true",
            reply=[Holding(version=3), Holding(version=2)],
            expect={"Total-Count": "3", "Link": A_NEXT_LINK},
            keep={"more": "next"},
        ),
        get("<more>", reply=[Holding(version=1)], expect={"Link": None}),
        get(f"/books/{GONE}/history", status=404),
        get("/pages/<b>/history", status=404),
    ),
    "a row that shows its version and its times": (
        author("Ann"),
        book("T"),
        post(
            "/pages",
            {"book": "<b>", "number": 1},
            keep={"p": "/id"},
            reply={
                "id": A_UUID,
                "book": "<b>",
                "number": 1,
                "version": 1,
                "created_at": AN_INSTANT,
                "updated_at": AN_INSTANT,
            },
        ),
        patch("/pages/<p>", {"number": 2}, reply=Holding(version=2)),
        patch("/pages/<p>", {"version": 7}, 400, faults=("/version",)),
        get("/pages?version=2&created_at.gte=2020-01-01", status=400, faults=("query:created_at.gte",)),
        get("/pages?version=2&created_at.gte=2020-01-01T00:00:00Z", reply=[Holding(number=2, version=AN_INTEGER)]),
    ),
}

HOOKS: dict[str, tuple[Step, ...]] = {
    "hooks work within the transaction": (
        post("/deeds", {"name": "Good"}, keep={"d": "/id"}, reply=Holding(name="Good", slug="good")),
        get("/echoes?fields=text", reply=[{"text": "create Good 1"}]),
        patch("/deeds/<d>", {"name": "Best"}, reply=Holding(slug="best"), expect={"ETag": '"2"'}),
        get("/echoes?text=change+Best+2&fields=text", reply=[{"text": "change Best 2"}]),
        delete("/deeds/<d>"),
        get("/echoes?text.prefix=delete&fields=text", reply=[{"text": "delete Best 2"}]),
    ),
    "what a hook raises undoes everything": (
        post("/deeds", {"name": "Good"}, keep={"d": "/id"}),
        post("/deeds", {"name": "bad"}, 409, kind="unwanted"),
        post("/deeds", {"name": "bad"}, 409, kind="unwanted", headers=KEYED),
        post("/deeds/bulk", [{"name": "fine"}, {"name": "bad"}], 409, kind="unwanted"),
        patch("/deeds/<d>", {"name": "bad"}, 409, kind="unwanted"),
        get("/deeds?fields=name,slug", reply=[{"name": "Good", "slug": "good"}]),
        get("/deeds/<d>/history", reply=[Holding(action="create")]),
        get("/echoes?total=true", reply=[Holding(text="create Good 1")], expect={"Total-Count": "1"}),
    ),
}

RETRIES: dict[str, tuple[Step, ...]] = {
    "a key makes each write safe to repeat": (
        author("Ann"),
        post("/books", {"title": "T", "author": "<a>"}, headers=KEYED, keep={"b": "/id"}),
        post(
            "/books",
            {"title": "T", "author": "<a>"},
            headers=KEYED,
            expect=AGAIN | {"ETag": '"1"', "Location": "/books/<b>"},
            reply=A_BOOK,
        ),
        post("/books", {"title": "U", "author": "<a>"}, 422, headers=KEYED),
        patch("/books/<b>", {"order": 1}, headers=KEYED),
        patch("/books/<b>", {"order": 2}),
        patch("/books/<b>", {"order": 1}, headers=KEYED, expect=AGAIN | {"ETag": '"2"'}, reply=Holding(order=1)),
        post("/books/<b>/state", {"state": "lent"}, 200, headers=KEYED),
        post("/books/<b>/state", {"state": "lent"}, 200, headers=KEYED, expect=AGAIN),
        post("/books/bulk", [{"title": "V", "author": "<a>"}], headers=KEYED),
        post("/books/bulk", [{"title": "V", "author": "<a>"}], headers=KEYED, expect=AGAIN, reply=[Holding(title="V")]),
        delete("/books/<b>", headers=KEYED),
        delete("/books/<b>", headers=KEYED, expect=AGAIN),
        delete("/books/<b>", 404),
        get("/books?fields=title", reply=[{"title": "V"}]),
    ),
    "a refusal does not use a key up": (
        post("/books", {"title": "T", "author": GONE}, 400, headers=KEYED, faults=("/author",)),
        author("Ann"),
        post("/authors", {"name": "Ann"}, 409, headers=KEYED, kind="duplicate", faults=("/name",)),
        patch("/authors/<a>", {"name": "Bob"}),
        post("/authors", {"name": "Ann"}, headers=KEYED, expect={"Idempotency-Replayed": None}),
        delete("/tags", headers=KEYED),
        post("/tags", {"code": "x"}),
        delete("/tags", headers=KEYED, expect=AGAIN),
        get("/tags/x"),
    ),
}
