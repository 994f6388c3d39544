"""Scenarios of imports and exports over HTTP."""

import json
from typing import Any

from tests.contract.scenarios import A_UUID, Holding, Step, get, post
from tests.integration.resource.steps import GONE, author, book, delete, patch

CSV, NDJSON, JSON = "text/csv", "application/x-ndjson", "application/json"
ID = "01890000-0000-7000-8000-00000000000{}"


def load(target: str, body: str, *rejects: tuple[int, str], media: str = CSV, status: int = 200, **more: Any) -> Step:
    """Return an import with the counts that are not zero, and the rows that are left out."""
    if status != 200:
        return Step(call=f"POST {target}", body=body, headers={"Content-Type": media}, status=status, **more)
    counts = {name: more.pop(name, 0) for name in ("inserted", "changed", "unchanged")}
    told = [{"line": line, "reason": reason} for line, reason in rejects]
    reply = {**counts, "rejected": len(rejects), "rejects": told}
    return Step(call=f"POST {target}", body=body, headers={"Content-Type": media}, reply=reply, **more)


def lines(*rows: Any) -> str:
    """Return rows as NDJSON."""
    return "\n".join(json.dumps(row) for row in rows)


AUTHORS = f"id,name,size\n{ID.format(1)},Ann,small\n{ID.format(2)},Bob,large\n"

IMPORTS: dict[str, tuple[Step, ...]] = {
    "created, then unchanged, then changed, with their history": (
        load("/authors/import", AUTHORS, inserted=2),
        load("/authors/import", AUTHORS, unchanged=2),
        load("/authors/import", AUTHORS.replace("Bob", "Rob").replace("small", ""), changed=1, unchanged=1),
        get(
            "/authors?sort=id&fields=name,size",
            reply=[{"name": "Ann", "size": "small"}, {"name": "Rob", "size": "large"}],
        ),
        get(
            f"/authors/{ID.format(2)}/history",
            reply=[Holding(actor="import", action="change"), Holding(actor="import", action="create")],
        ),
    ),
    "rows without a key, in any format, twice": (
        load("/tickets/import", "reader\nAnn\nBob\nAnn\n", inserted=3),
        load("/tickets/import", "reader\r\nAnn\r\nBob\r\nAnn", unchanged=3),
        load(
            "/tickets/import", lines(*[{"reader": name} for name in ("Bob", "Ann", "Ann")]), media=NDJSON, unchanged=3
        ),
        load("/tickets/import", '[{"reader": "Ann"}, {"reader": "Cid"}]', media=JSON, unchanged=1, inserted=1),
        get("/tickets?total=true", expect={"Total-Count": "4"}),
    ),
    "a key that comes twice meets what the first row wrote": (
        load(
            "/authors/import",
            f"id,name\n{ID.format(1)},A\n{ID.format(1)},B\n{ID.format(1)},B\n",
            inserted=1,
            changed=1,
            unchanged=1,
        ),
        get(f"/authors/{ID.format(1)}", reply=Holding(name="B")),
    ),
    "a bad row stops no other": (
        author("Ann"),
        load(
            "/books/import",
            f"title,author,order,tags\nT,<a>,1,\nU,<a>,x,\nV,{GONE},1,\nT,<a>,2,\nW,<a>,1,{{\n,<a>,1,\nX,<a>\nY,<a>,1,[]",
            (3, "/order: Expected `integer`, got `string`"),
            (4, "/author: There is no author with this id"),
            (5, "Another row has this title and author already"),
            (6, "/tags: Expected a JSON document"),
            (7, "/title: Expected `string` of length >= 1"),
            (8, "4 cells are expected, as in the header; there are 2"),
            inserted=2,
        ),
        get("/books?fields=title&title=T&title=Y", reply=[{"title": "Y"}, {"title": "T"}]),
        load(
            "/books/import",
            lines({"title": "A"}, {"title": "B", "author": "<a>", "ordr": 1}, 7, {"title": "C", "author": "<a>"})
            + '\n{"title"',
            (1, "/author: A new row needs this field"),
            (2, "/ordr: There is no such field"),
            (3, "Expected `object`, got `integer`"),
            (5, "The body is not JSON: it ends too early"),
            media=NDJSON,
            inserted=1,
        ),
    ),
    "rows refer to rows before them, of one file too": (
        load(
            "/tags/import",
            "parent,code\n,a\na,b\nb,c\nz,d\n",
            (5, "/parent: There is no tag with this code"),
            inserted=3,
        ),
        load(
            "/tags/import",
            "code,text\na,x\n",
            (2, "The row is there with another value of text, which does not change"),
        ),
        load("/tags/import", "code\nimport\n\n", (2, "/code: This one has another meaning in a path")),
    ),
    "statuses go where their machine allows": (
        author("Ann"),
        book("T"),
        load("/books/import", "id,state\n<b>,lent\n", changed=1),
        load("/books/import", "id,state\n<b>,sold\n", (2, "After 'lent' may come new, lost")),
        load("/books/import", "id,state,order\n<b>,lent,7\n", changed=1),
        load(
            "/books/import", "title,author,state\nU,<a>,new\nV,<a>,lent\n", (3, "A new row begins as 'new'"), inserted=1
        ),
        get("/books/<b>", reply=Holding(state="lent", order=7)),
    ),
    "fields that an export writes are ignored, secrets and unknown columns are refused": (
        load("/boxes/import", "number,seal,version,created_at\n1,broken,9,never\n", inserted=1),
        get("/boxes/1", reply={"number": 1, "seal": "none"}),
        load("/boxes/import", "number,colour,wieght\n1,red,2\n", status=400, faults=("/colour", "/wieght")),
        load("/boxes/import", lines({"number": 2, "colour": 1}), media=NDJSON, status=400, faults=("/colour",)),
        load("/tickets/import", "reader,code\nAnn,x\n", status=400, faults=("/code",)),
        get("/tickets", reply=[]),
    ),
    "bounds and hooks hold": (
        load("/boxes/import", "number\n1\n2\n3\n4\n", (5, "There are 3 rows already, and no more may be"), inserted=3),
        load("/deeds/import", "name\nGood\nbad\n", (3, "bad is not wanted"), inserted=1),
        load("/deeds/import", "name\nGood\nbad\n", (3, "bad is not wanted"), unchanged=1),
        get("/deeds", reply=[Holding(name="Good", slug="good")]),
        get("/echoes?fields=text", reply=[{"text": "create Good 1"}]),
    ),
    "what a create fills in is filled in": (
        load("/loans/import", "reader\nAnn\n", inserted=1),
        load("/loans/import", '[{"reader": "Bob", "days": 3}]', media=JSON, inserted=1),
        get("/loans", reply=[Holding(told="Bob: 3 days"), Holding(told="Ann: 14 days")]),
    ),
    "a dry run writes nothing": (
        load("/authors/import", AUTHORS, inserted=2),
        load(
            "/authors/import?dry_run=true",
            f"id,name\n{ID.format(1)},Bob\n{ID.format(1)},Zoe\n{ID.format(3)},Ann\n{ID.format(4)},Cid\n{ID.format(2)},Bob\n",
            (2, "Another row has this name already"),
            (4, "Another row has this name already"),
            inserted=1,
            changed=1,
            unchanged=1,
        ),
        load("/deeds/import?dry_run=true", "name\nGood\nbad\n", (3, "bad is not wanted"), inserted=1),
        get("/authors?total=true&name=Ann&name=Bob&name=Zoe&name=Cid", expect={"Total-Count": "2"}),
        get("/echoes", reply=[]),
    ),
    "a dry run knows no row of its own file": (
        load(
            "/tags/import?dry_run=true",
            "parent,code\n,a\na,b\n,a\n",
            (3, "/parent: There is no tag with this code"),
            inserted=2,
        ),
        load("/tags/import", "parent,code\n,a\na,b\n", inserted=2),
    ),
    "what is no file": (
        load("/boxes/import", "", status=400, faults=("",)),
        load("/boxes/import", "{}", media=JSON, status=400, faults=("",)),
        load("/boxes/import", "number\n1", media="text/plain", status=415),
        load("/boxes/import?dry=true", "number\n1", status=400, faults=("query:dry",)),
        load("/boxes/import", '[{"number": 1}, {"number": 2}', media=JSON, status=400, faults=("",)),
        get("/boxes", reply=[Holding(number=2), Holding(number=1)]),
    ),
}

EXPORTS: dict[str, tuple[Step, ...]] = {
    "CSV: quotes, line feeds, documents, null as nothing": (
        author("Ann"),
        book('a "b", c', "b", body="=1\r\n2", tags=["x", "y"], published="2024-05-01T12:30:00Z", total=0.5, lent=True),
        get(
            "/books/export?format=csv",
            text="id,title,author,order,body,total,published,editor,reader,tags,note,lent,url,state\r\n"
            r'[^,]+,"a ""b"", c",[^,]+,0,"=1\r\n2",0\.5,2024-05-01T12:30:00Z,,,"\[""x"",""y""\]",null,true,[^,]+,new'
            "\r\n",
            expect={
                "Content-Type": "text/csv; charset=utf-8; header=present",
                "Content-Disposition": 'attachment; filename="book.csv"',
            },
        ),
    ),
    "the filters of the list, and its search": (
        author("Ann"),
        author("Bob"),
        author("Babs"),
        get("/authors/export?format=json&name.prefix=B", reply=[Holding(name="Bob"), Holding(name="Babs")]),
        get("/authors/export?format=json&q=AB", reply=[{"id": A_UUID, "name": "Babs", "size": "small"}]),
        get("/authors/export?format=json&name=Zoe", reply=[]),
        get("/authors/export?format=ndjson&name=Zoe", text=""),
        get("/authors/export?name=Zoe", text="id,name,size\r\n"),
        get("/authors/export?format=xml", status=400, faults=("query:format",)),
        get("/authors/export?limit=1", status=400, faults=("query:limit",)),
    ),
    "secrets never leave": (
        post("/tickets", {"reader": "Ann"}, keep={"code": "/code"}),
        get("/tickets/export?format=json", reply=[{"id": A_UUID, "reader": "Ann"}], lacks=("<code>", "secret-")),
        get("/tickets/export?format=csv", text="id,reader\r\n[^,]+,Ann\r\n"),
        get("/tickets/export?format=ndjson", text=r'\{"id":"[^"]+","reader":"Ann"\}\n'),
    ),
    "what is deleted is gone, what is changed is as it is": (
        author("Ann"),
        author("Bob", "b"),
        patch("/authors/<a>", {"name": "Zoe"}),
        delete("/authors/<b>"),
        get("/authors/export?format=ndjson", text=r'\{"id":"[^"]+","name":"Zoe","size":"small"\}\n'),
    ),
}
