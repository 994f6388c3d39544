"""What the contract promises of items, and what the declaration adds to it."""

from typing import Any

from tests.contract.scenarios import A_NEXT_LINK, A_UUID, AN_INSTANT, Holding, Rows, Scenario, Step, get, post, single

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FOREIGN = {"Origin": "https://elsewhere.example"}
FRESH = {"Cache-Control": "no-cache"}
KEYED = {"Idempotency-Key": "<key>"}
GONE = "01890000-0000-7000-8000-000000000000"


def item(name: str, keep: str = "i", **more: Any) -> Step:
    """Return the step that most scenarios begin with."""
    return post("/items", {"name": name}, keep={keep: "/id"}, **more)


def patch(target: str, json: Any, status: int = 200, **more: Any) -> Step:
    return Step(call=f"PATCH {target}", json=json, status=status, **more)


def delete(target: str, status: int = 204, **more: Any) -> Step:
    return Step(call=f"DELETE {target}", status=status, **more)


CONTRACT = (
    single("status", get("/status", reply=Holding(info="pong", components=Holding(database=Holding(state="ok"))))),
    single("status takes nothing", post("/status", status=405, expect={"Allow": "GET, HEAD, OPTIONS"})),
    Scenario(
        "an item is added, read, completed and deleted",
        (
            post(
                "/items",
                {"name": "first"},
                keep={"i": "/id"},
                reply={"id": A_UUID, "name": "first", "completed": False},
                expect={"Location": "/items/<i>", "Content-Type": "application/json"},
            ),
            get("/items/<i>", reply={"id": "<i>", "name": "first", "completed": False}),
            patch("/items/<i>", {"completed": True}, reply={"id": "<i>", "name": "first", "completed": True}),
            get("/items/<i>", reply=Holding(completed=True)),
            delete("/items/<i>"),
            get("/items/<i>", status=404),
            delete("/items/<i>", 404),
        ),
        Rows(item_versions=3),
    ),
    Scenario(
        "the newest item comes first",
        (
            item("<a>"),
            item("<b>"),
            get("/items?limit=1", reply=[Holding(name="<b>")], expect={"Link": A_NEXT_LINK}, keep={"more": "next"}),
            get("<more>", reply=[Holding(name="<a>")]),
        ),
        Rows(items=2, item_versions=2),
    ),
)

CURL = (
    Scenario(
        "a JSON body under the media type of a form, as curl sends it",
        (post("/items", body='{"name": "first"}', headers=FORM, reply=Holding(name="first", completed=False)),),
        Rows(items=1, item_versions=1),
    ),
    single(
        "such a body from another origin",
        post("/items", body='{"name": "first"}', status=403, headers=FORM | FOREIGN),
    ),
    single(
        "such a body from another site, by what the browser says",
        post("/items", body='{"name": "first"}', status=403, headers=FORM | {"Sec-Fetch-Site": "cross-site"}),
    ),
    single("a form is no JSON", post("/items", body="name=first", status=400, headers=FORM, faults=("",))),
    single("a text", post("/items", body='{"name": "first"}', status=415, headers={"Content-Type": "text/plain"})),
    single("a patch is no form", Step(call=f"PATCH /items/{GONE}", body="{}", status=415, headers=FORM)),
)

REFUSED = tuple(
    single(f"refused: {body}", post("/items", body=body, status=400, faults=faults))
    for body, faults in {
        "{}": ("/name",),
        '{"name": ""}': ("/name",),
        '{"name": null}': ("/name",),
        '{"name": 1}': ("/name",),
        '{"name": "a\\u0000"}': ("/name",),
        '{"name": "a", "completed": 1}': ("/completed",),
        '{"name": "a", "completed": "true"}': ("/completed",),
        '{"name": "a", "color": "red"}': ("/color",),
        '{"name": "a", "name": "b"}': ("/name",),
        f'{{"name": "a", "id": "{GONE}"}}': ("/id",),
        f'{{"name": "{"x" * 301}"}}': ("/name",),
        "[]": ("",),
        "": ("",),
    }.items()
)

BEYOND = (
    Scenario(
        "lists find items by name, state and words, in part if asked",
        (
            post("/items/bulk", [{"name": "<w> Straße"}, {"name": "<w> b", "completed": True}, {"name": "<w>"}]),
            get("/items?q=%20STRASSE&name.prefix=<w>", reply=[Holding(name="<w> Straße")]),
            get("/items?completed=true&name.prefix=<w>&fields=name", reply=[{"name": "<w> b"}]),
            get(
                "/items?name.prefix=<w>&sort=name&limit=2&total=true&fields=name",
                reply=[{"name": "<w>"}, {"name": "<w> Straße"}],
                expect={"Total-Count": "3", "Link": A_NEXT_LINK},
                keep={"more": "next"},
            ),
            get("<more>", reply=[{"name": "<w> b"}], expect={"Link": None}),
            get(
                "/items?completed=yes&sort=color&color=red",
                status=400,
                faults=("query:completed", "query:sort", "query:color"),
            ),
        ),
        Rows(items=3, item_versions=3),
    ),
    Scenario(
        "versions guard writes and save reads; a history tells of them",
        (
            item(
                "first",
                expect={},
            ),
            get("/items/<i>", keep={"tag": "header:ETag"}),
            get("/items/<i>", status=304, headers={"If-None-Match": "<tag>"}),
            patch("/items/<i>", {"name": "second"}, headers={"If-Match": "<tag>"}),
            patch("/items/<i>", {"name": "third"}, 412, headers={"If-Match": "<tag>"}),
            delete("/items/<i>", 412, headers={"If-Match": "<tag>"}),
            get(
                "/items/<i>/history",
                reply=[
                    Holding(action="change", at=AN_INSTANT, before=Holding(name="first"), after=Holding(name="second")),
                    Holding(action="create", before=None),
                ],
                keep={"version": "/1/version"},
            ),
            get("/items/<i>?version=<version>", reply={"id": "<i>", "name": "first", "completed": False}),
            get(f"/items/{GONE}/history", status=404),
            get("/items/1", status=400, faults=("path:id",)),
        ),
        Rows(items=1, item_versions=2),
    ),
    Scenario(
        "a key makes a write safe to repeat",
        (
            item("first", headers=KEYED),
            post(
                "/items",
                {"name": "first"},
                headers=KEYED,
                expect={"Idempotency-Replayed": "true"},
                reply=Holding(id="<i>"),
            ),
            post("/items", {"name": "second"}, 422, headers=KEYED),
            delete("/items/<i>", headers=KEYED),
            delete("/items/<i>", headers=KEYED, expect={"Idempotency-Replayed": "true"}),
        ),
        Rows(item_versions=2, keys=2),
    ),
    Scenario(
        "several at once are all there or none is",
        (
            post("/items/bulk", [{"name": "<a>"}, {"name": ""}], 400, faults=("/1/name",)),
            get("/items?name=<a>", reply=[]),
        ),
    ),
)

MISS = {"Cache-Status": "roadbed; fwd=uri-miss; stored"}
HIT = {"Cache-Status": "roadbed; hit"}

CACHED = (
    Scenario(
        "the second identical read comes from the cache; any write makes the next one fresh",
        (
            item("<a>"),
            get("/items?name=<a>", reply=[Holding(id="<i>", completed=False)], expect=MISS),
            get("/items?name=<a>", reply=[Holding(id="<i>", completed=False)], expect=HIT),
            get("/items?name=<a>&limit=5", reply=[Holding(id="<i>")], expect=MISS),
            patch("/items/<i>", {"completed": True}),
            get("/items?name=<a>", reply=[Holding(completed=True)], expect=MISS),
            get("/items?name=<a>", reply=[Holding(completed=True)], expect=HIT),
            item("<b>", "other"),
            get("/items?name=<a>", reply=[Holding(completed=True)], expect=MISS),
            delete("/items/<i>"),
            get("/items?name=<a>", reply=[], expect=MISS),
            get("/items?name=<a>", reply=[], expect=HIT),
            get("/items?name=<a>", reply=[], expect={"Cache-Status": "roadbed; fwd=request"}, headers=FRESH),
        ),
        Rows(items=1, item_versions=4),
    ),
    Scenario(
        "so does one item, with its tag",
        (
            item("first"),
            get("/items/<i>", expect=MISS, keep={"tag": "header:ETag"}),
            get("/items/<i>", expect=HIT | {"ETag": "<tag>"}, reply=Holding(name="first")),
            get("/items/<i>", status=304, headers={"If-None-Match": "<tag>"}, expect=HIT),
            post("/items/bulk", [{"name": "<a>"}]),
            get("/items/<i>", expect=MISS | {"ETag": "<tag>"}),
            patch("/items/<i>", {"name": ""}, 400, faults=("/name",)),
            get("/items/<i>", expect=HIT),
        ),
        Rows(items=2, item_versions=2),
    ),
    Scenario(
        "what others write does not disturb it",
        (
            item("<a>"),
            get("/items?name=<a>", expect=MISS),
            post("/kv", {"key": "<k>", "value": 1}),
            get("/items?name=<a>", expect=HIT),
        ),
        Rows(items=1, item_versions=1, entries=1),
    ),
)

SCENARIOS = (*CONTRACT, *CACHED, *CURL, *REFUSED, *BEYOND)
