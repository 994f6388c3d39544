"""Batches: all or nothing over any domains, references to results, safe to repeat."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import httpx
import pytest

ACCOUNT = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910a1b"
NOBODY = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910a1c"

Operation = dict[str, Any]


def post(path: str, body: Any, **headers: str) -> Operation:
    return {
        "method": "POST",
        "path": path,
        "body": body,
        "headers": {k.replace("_", "-"): v for k, v in headers.items()},
    }


def get(path: str) -> Operation:
    return {"method": "GET", "path": path}


async def send(client: httpx.AsyncClient, *operations: Operation, **headers: str) -> httpx.Response:
    return await client.post("/batch", json={"operations": operations}, headers=headers)


async def counts(client: httpx.AsyncClient) -> tuple[int, int, int]:
    """Return how many shelves, books and transactions there are."""
    found = [(await client.get(path)).json() for path in ("/shelves", "/books", "/transactions")]
    return len(found[0]), len(found[1]), len(found[2])


async def test_operations_of_several_domains_see_what_those_before_them_wrote(client: httpx.AsyncClient) -> None:
    reply = await send(
        client,
        post("/shelves", {"name": "first"}),
        post("/books", {"title": "one", "shelf": {"$result": "/0/body/id"}, "note": {"by": {"$result": "/0/body"}}}),
        post("/transactions", {"account_id": ACCOUNT, "amount": 5}),
        post("/transactions", {"account_id": ACCOUNT, "amount": -2}),
        get(f"/accounts/{ACCOUNT}"),
        get("/books/{/1/body/id}"),
        get("/books?title={/1/body/title}&total=true"),
        {
            "method": "PATCH",
            "path": "/shelves/{/0/body/id}",
            "headers": {"If-Match": "{/0/headers/etag}"},
            "body": {"name": "1st"},
        },
        {"method": "DELETE", "path": "/books/{/1/body/id}"},
        {"method": "PUT", "path": "/kv/shelf/{/0/body/name}", "body": {"value": {"$result": "/1/body/note"}}},
        get("/kv/shelf/first"),
    )
    assert reply.status_code == 200, reply.text
    results = reply.json()
    assert [each["status"] for each in results] == [201, 201, 201, 201, 200, 200, 200, 200, 204, 201, 200]
    shelf, book = results[0]["body"], results[1]["body"]
    assert book["shelf"] == shelf["id"]
    assert book["note"] == {"by": shelf}
    assert results[0]["headers"]["location"] == f"/shelves/{shelf['id']}"
    assert results[4]["body"]["balance"] == 3
    assert results[5]["body"] == book
    assert results[6]["body"] == [book]
    assert results[6]["headers"]["total-count"] == "1"
    assert results[7]["body"]["name"] == "1st"
    assert results[8]["body"] is None
    assert results[10]["body"]["value"] == book["note"]
    assert await counts(client) == (1, 0, 2)
    assert [past["action"] for past in (await client.get(f"/shelves/{shelf['id']}/history")).json()] == [
        "change",
        "create",
    ]


@pytest.mark.parametrize(
    ("failing", "status", "error"),
    [
        (get(f"/books/{NOBODY}"), 404, None),
        (get("/nowhere"), 404, None),
        (get("/health/live"), 404, None),
        (post("/batch", {"operations": []}), 404, None),
        ({"method": "PUT", "path": "/books"}, 404, None),
        (post("/shelves", {"name": "kept"}), 409, "/operations/3/body/name"),
        (post("/shelves", {"name": ""}), 400, "/operations/3/body/name"),
        (post("/shelves", "{not even an object}"), 400, "/operations/3/body"),
        (post("/books", {"title": "no shelf", "shelf": NOBODY}), 400, "/operations/3/body/shelf"),
        (get("/books?colour=red"), 400, "/operations/3 query:colour"),
        (get("/books/{/9/body/id}"), 400, None),
        (post("/shelves", {"name": {"$result": "/0/body/nothing"}}), 400, None),
        (post("/shelves", {"name": "x"}, Idempotency_Key="k"), 400, "/operations/3/headers/Idempotency-Key"),
        (post("/shelves", {"name": "x"}, Content_Type="text/plain"), 415, None),
        (
            {"method": "DELETE", "path": "/shelves/{/0/body/id}", "headers": {"If-Match": '"999"'}},
            412,
            None,
        ),
        (post("/transactions", {"account_id": ACCOUNT, "amount": 2**63 - 1}), 409, None),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_one_that_fails_undoes_all(
    client: httpx.AsyncClient, failing: Operation, status: int, error: str | None
) -> None:
    assert (await client.post("/shelves", json={"name": "kept"})).status_code == 201
    before = [
        post("/shelves", {"name": "new"}),
        post("/transactions", {"account_id": ACCOUNT, "amount": 7}),
        post("/kv", {"key": "k", "value": 1}),
    ]
    reply = await send(client, *before, failing, get("/shelves"))
    assert (await client.get("/kv/k")).status_code == 404
    assert reply.status_code == status, reply.text
    problem = reply.json()
    assert problem["detail"].lstrip("/").startswith("operations/3")
    assert error is None or [fault["pointer"] for fault in problem["errors"]] == [error]
    assert await counts(client) == (1, 0, 0)
    assert (await client.get(f"/accounts/{ACCOUNT}")).status_code == 404


async def test_numbers_keep_their_digits_and_names_with_a_dollar_can_be_said(client: httpx.AsyncClient) -> None:
    raw = (
        b'{"operations": [{"method": "POST", "path": "/shelves", "body": {"name": "s"}},'
        b'{"method": "POST", "path": "/books", "body": {"title": "\\"$result\\": {\\"$result\\": 1}",'
        b'"shelf": { "$result" : "/0/body/id" }, "note": [9007199254740993, 1.10, {"$$result": "x"}]}}]}'
    )
    reply = await client.post("/batch", content=raw, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200, reply.text
    assert b'"note":[9007199254740993,1.1' in reply.content
    book = reply.json()[1]["body"]
    assert book["title"] == '"$result": {"$result": 1}'
    assert book["note"][2] == {"$result": "x"}


async def test_a_batch_is_safe_to_repeat(client: httpx.AsyncClient) -> None:
    operations = [post("/shelves", {"name": "once"}), post("/transactions", {"account_id": ACCOUNT, "amount": 1})]
    replies = [await send(client, *operations, **{"Idempotency-Key": "again"}) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [200, 200]
    assert replies[0].json() == replies[1].json()
    assert replies[1].headers["Idempotency-Replayed"] == "true"
    assert await counts(client) == (1, 0, 1)
    other = await send(client, operations[0], **{"Idempotency-Key": "again"})
    assert other.status_code == 422


async def test_batches_that_cross_each_other_all_end_and_the_sums_are_right(client: httpx.AsyncClient) -> None:
    accounts = [str(uuid4()) for _ in range(4)]
    chance = random.Random(7)

    async def one() -> int:
        chosen = chance.sample(accounts, 3)
        moves = [post("/transactions", {"account_id": account, "amount": 1}) for account in chosen]
        return (await send(client, *moves)).status_code

    statuses = await asyncio.gather(*(one() for _ in range(24)))
    assert statuses == [200] * 24
    balances = [(await client.get(f"/accounts/{account}")).json()["balance"] for account in accounts]
    assert sum(balances) == 72


@pytest.mark.parametrize("body", [{"operations": []}, {"operations": [get("/books")] * 101}, {}, {"operations": [{}]}])
async def test_what_is_no_batch(client: httpx.AsyncClient, body: Any) -> None:
    reply = await client.post("/batch", json=body)
    assert reply.status_code == 400
    assert reply.json()["errors"]
