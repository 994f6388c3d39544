"""The key-value store: compare-and-set, history, expiry, lists and retries."""

from collections.abc import Iterator
from typing import Any

from tests.contract.scenarios import (
    A_NEXT_LINK,
    AN_INSTANT,
    AN_INTEGER,
    NOTHING,
    Holding,
    Rows,
    Scenario,
    Step,
    get,
    post,
    put,
)

ONE = Rows(entries=1)
KEYED = {"Idempotency-Key": "<once>"}


def entry(value: Any = AN_INTEGER, key: str = "<k>", expires: Any = None) -> dict[str, Any]:
    """Return an entry, whole."""
    return {"key": key, "value": value, "version": AN_INTEGER, "updated_at": AN_INSTANT, "expires_at": expires}


def store(value: Any = 1, status: int = 201, key: str = "<k>", **more: Any) -> Step:
    """Return the step that stores a value."""
    return put(f"/kv/{key}", {"value": value}, status, **more)


def patch(body: Any, status: int = 200, **more: Any) -> Step:
    """Return the step that changes a value."""
    return Step(call="PATCH /kv/<k>", json=body, status=status, **more)


def delete(status: int = 204, **more: Any) -> Step:
    """Return the step that deletes a key."""
    return Step(call="DELETE /kv/<k>", status=status, **more)


WRITES = (
    Scenario(
        "a key is created once",
        (
            post(
                "/kv",
                {"key": "<k>", "value": {"a": 1}},
                reply=entry({"a": 1}),
                expect={"Location": "/kv/<k>"},
                keep={"v": "/version", "then": "/updated_at"},
            ),
            post("/kv", {"key": "<k>", "value": 2}, 409, kind="key-exists"),
            get("/kv/<k>", reply=entry({"a": 1}) | {"updated_at": "<then>"}, expect={"ETag": '"<v>"'}),
            Step(call="HEAD /kv/<k>", expect={"ETag": '"<v>"'}),
        ),
        ONE,
    ),
    Scenario(
        "a location leads to the key",
        (
            post("/kv", {"key": "ü %2F?/<k>", "value": 1}, keep={"there": "header:Location"}),
            get("<there>", reply=entry(1, "ü %2F?/<k>")),
        ),
        ONE,
    ),
    Scenario(
        "put stores over what is there, and versions rise for ever",
        (
            store([1], reply=entry([1]), keep={"first": "header:ETag"}),
            get("/kv/<k>", headers={"If-None-Match": "<first>"}, status=304),
            store([2], 200, reply=entry([2]), keep={"second": "header:ETag"}),
            get("/kv/<k>", headers={"If-None-Match": "<first>"}, reply=entry([2]), expect={"ETag": "<second>"}),
            delete(),
            get("/kv/<k>", status=404),
            get("/kv?prefix=<k>", reply=[]),
            delete(404),
            store([3], headers={"If-Match": "<first>, <second>"}, status=412),
            store([3], reply=entry([3]), keep={"third": "header:ETag"}),
            *(store([4], 412, headers={"If-Match": tag}) for tag in ("<first>", "<second>", "W/<third>")),
        ),
        Rows(entries=1, revisions=3),
        values={"<k>": "[3]"},
    ),
    Scenario(
        "compare-and-set",
        (
            store(1, 412, headers={"If-Match": "*"}),
            store(1, 412, headers={"If-Match": '"1"'}),
            store(1, headers={"If-None-Match": "*"}, keep={"tag": "header:ETag"}),
            store(2, 412, headers={"If-None-Match": "*"}),
            store(2, 412, headers={"If-None-Match": "<tag>"}),
            store(2, 200, headers={"If-Match": '"0", <tag>'}, keep={"newer": "header:ETag"}),
            patch(3, 412, headers={"If-Match": "<tag>"}),
            patch(3, headers={"If-Match": "<newer>"}, keep={"newest": "header:ETag"}),
            delete(412, headers={"If-Match": "<newer>"}),
            delete(headers={"If-Match": "<newest>"}),
            store(1, 400, headers={"If-Match": "1"}, faults=("header:If-Match",)),
        ),
        Rows(revisions=4),
    ),
    Scenario(
        "what is not there",
        (
            get("/kv/<k>", status=404),
            get("/kv/<k>?history=true", status=404),
            get("/kv/<k>?version=1", status=404),
            delete(404),
            patch({}, 404),
            patch({}, 404, headers={"If-Match": "*"}),
            get("/kv?prefix=<k>&total=true", reply=[], expect={"Total-Count": "0", "Link": None}),
        ),
    ),
    Scenario(
        "history, and a key as of a version",
        (
            store({"a": 1}, keep={"one": "/version"}),
            patch({"b": 2}, keep={"two": "/version"}),
            delete(),
            store(None, keep={"four": "/version"}),
            get(
                "/kv/<k>?history=true",
                reply=[
                    {**entry(None), "deleted": False},
                    {name: value for name, value in {**entry(), "deleted": True}.items() if name != "value"},
                    {**entry({"a": 1, "b": 2}), "deleted": False},
                    {**entry({"a": 1}), "deleted": False},
                ],
                expect={"ETag": None, "Link": None},
                keep={"three": "/1/version"},
            ),
            get(
                "/kv/<k>?history=true&limit=3&total=true",
                expect={"Total-Count": "4", "Link": A_NEXT_LINK},
                keep={"more": "next"},
            ),
            get("<more>", reply=[{**entry({"a": 1}), "deleted": False}], expect={"Link": None}),
            get("/kv/<k>?version=<one>", reply=entry({"a": 1}), expect={"ETag": '"<one>"'}),
            get("/kv/<k>?version=<two>", reply=entry({"a": 1, "b": 2})),
            get("/kv/<k>?version=<three>", status=404),
            get("/kv/<k>?version=<four>", reply=entry(None)),
            get("/kv/other?version=<one>", status=404),
            get("/kv/<k>?version=<one>&history=true", status=400, faults=("query:version",)),
            *(
                get(f"/kv/<k>?version={wrong}", status=400, faults=("query:version",))
                for wrong in ("0", "-1", "1.0", "x")
            ),
        ),
        Rows(entries=1, revisions=3),
    ),
    Scenario(
        "a list by prefix is read page by page, by key",
        (
            *(store(number, key=f"<k>/{name}") for number, name in enumerate(("b", "a", "Z", "%C3%A9", "a/x", "a%5F"))),
            get(
                "/kv?prefix=<k>/&limit=2",
                reply=[entry(2, "<k>/Z"), entry(1, "<k>/a")],
                expect={"Link": A_NEXT_LINK},
                keep={"more": "next"},
            ),
            store(9, key="<k>/Y"),
            get("<more>", reply=[entry(4, "<k>/a/x"), entry(5, "<k>/a_")], keep={"more": "next"}),
            get("<more>", reply=[entry(0, "<k>/b"), entry(3, "<k>/é")], expect={"Link": None}),
            get("/kv?prefix=<k>/a&total=true&limit=1", reply=[entry(1, "<k>/a")], expect={"Total-Count": "3"}),
            get("/kv?prefix=<k>/a_", reply=[entry(5, "<k>/a_")]),
            *(get(f"/kv?limit={wrong}", status=400, faults=("query:limit",)) for wrong in ("0", "1001", "x")),
        ),
        Rows(entries=7),
    ),
    Scenario(
        "what cannot be watched",
        (
            store(),
            get("/kv?watch=true&since=9000000000000000000", status=410, kind="gone"),
            get("/kv?watch=true", headers={"Last-Event-ID": "9000000000000000000"}, status=410, kind="gone"),
            get("/kv?watch=true", headers={"Last-Event-ID": "x"}, status=400, faults=("header:Last-Event-ID",)),
            get("/kv?watch=true&since=-1", status=400, faults=("query:since",)),
            get("/kv?since=1", status=400, faults=("query:since",)),
            get("/kv?watch=1", status=400, faults=("query:watch",)),
        ),
        ONE,
    ),
    Scenario(
        "a key is gone when its time is over",
        (
            put("/kv/<k>", {"value": 1, "ttl": 1}, 201, reply=entry(1, expires=AN_INSTANT), keep={"v": "/version"}),
            get("/kv/<k>", reply=entry(1, expires=AN_INSTANT)),
            patch(2, reply=entry(2, expires=AN_INSTANT), keep={"until": "/expires_at"}),
            get("/kv/<k>", status=404, pause=1.1),
            get("/kv?prefix=<k>", reply=[]),
            get("/kv/<k>?version=<v>", status=404),
            patch(3, 404),
            delete(404),
            store(3, 412, headers={"If-Match": "*"}),
            post("/kv", {"key": "<k>", "value": 3, "ttl": None}, reply=entry(3)),
            get("/kv/<k>?history=true", reply=[Holding(value=3), *[Holding(expires_at="<until>", deleted=False)] * 2]),
        ),
        Rows(entries=1, revisions=2),
    ),
)


def _retries() -> Iterator[Scenario]:
    first, again = {"Idempotency-Replayed": None}, {"Idempotency-Replayed": "true"}
    changes = {
        "PUT /kv/<k>": ({"value": 1}, {"value": 2}, 200),
        "POST /kv": ({"key": "<n>", "value": 1}, {"key": "<m>", "value": 1}, 201),
        "PATCH /kv/<k>": ({"a": 1}, {"a": 2}, 200),
        "DELETE /kv/<k>": (NOTHING, NOTHING, 204),
    }
    for call, (body, other, status) in changes.items():
        kept = {} if status == 204 else {"v": "/version", "then": "/updated_at"}
        same = NOTHING if status == 204 else Holding(updated_at="<then>")
        tag = {} if status == 204 else {"ETag": '"<v>"'}
        steps = (
            store({"b": 2}),
            Step(call=call, json=body, status=status, headers=KEYED, expect=first, keep=kept),
            store("since", 201 if status == 204 else 200),
            Step(call=call, json=body, status=status, headers=KEYED, expect=again | tag, reply=same),
            Step(call=call, json=other, status=422, headers=KEYED | ({"If-Match": "*"} if other is NOTHING else {})),
            get("/kv/<k>", reply=Holding(value="since")),
        )
        new = call == "POST /kv"
        yield Scenario(f"{call} sent twice is done once", steps, Rows(entries=1 + new, revisions=2 - new, keys=1))
    yield Scenario(
        "what was refused leaves its key free",
        (
            patch({}, 404, headers=KEYED),
            store(1, headers=KEYED | {"If-None-Match": "*"}),
            store(1, 200),
            store(1, 422, headers=KEYED),
        ),
        Rows(entries=1, revisions=1, keys=1),
    )


SCENARIOS = (*WRITES, *_retries())
