"""Items, templates and vouchers tell of their changes as they happen; a redemption code is never among them."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.conftest import Running

Seen = tuple[int, str, dict[str, Any]]


@pytest.fixture
async def http(workers: Running) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=workers.service.base_url, timeout=30) as client:
        yield client


async def where(http: httpx.AsyncClient, path: str) -> int:
    """Return the position of a feed: the first line of a stream tells it."""
    async with http.stream("GET", f"{path}/events") as reply:
        assert (reply.status_code, reply.headers["content-type"]) == (200, "text/event-stream")
        async for line in reply.aiter_lines():
            if line.startswith("id: "):
                return int(line.removeprefix("id: "))
    raise AssertionError("the stream ended")


async def read(http: httpx.AsyncClient, path: str, since: int, most: int, **filters: str) -> list[Seen]:
    """Return the first events after a position."""
    seen: list[Seen] = []
    text = ""
    async with http.stream("GET", f"{path}/events", params={"after": str(since), **filters}) as reply:
        async for part in reply.aiter_text():
            *whole, text = (text + part).split("\n\n")
            for event in whole:
                fields = dict(line.split(": ", 1) for line in event.split("\n") if line != ":")
                if "event" in fields:
                    seen.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
            if len(seen) >= most:
                return seen
    raise AssertionError("the stream ended")


async def done(http: httpx.AsyncClient, method: str, path: str, body: Any = None) -> dict[str, Any]:
    reply = await http.request(method, path, json=body)
    assert reply.status_code < 300, reply.text
    return reply.json() if reply.content else {}


async def test_every_write_of_an_item_is_told(http: httpx.AsyncClient) -> None:
    mark = str(uuid4())
    since = await where(http, "/items")
    item = await done(http, "POST", "/items", {"name": f"{mark} first"})
    await done(http, "PATCH", f"/items/{item['id']}", {"completed": True})
    (other,) = (await http.post("/items/bulk", json=[{"name": f"{mark} second"}])).json()
    await done(http, "DELETE", f"/items/{item['id']}")
    seen = await read(http, "/items", since, 4, **{"name.prefix": mark})
    rows = [(kind, row["id"], row["name"], row["completed"]) for _, kind, row in seen]
    assert rows == [
        ("create", item["id"], f"{mark} first", False),
        ("change", item["id"], f"{mark} first", True),
        ("create", other["id"], f"{mark} second", False),
        ("delete", item["id"], f"{mark} first", True),
    ]
    # The number of an event is the version that the row had from then on.
    assert [row["version"] for number, kind, row in seen if kind != "delete"] == [number for number, *_ in seen[:3]]
    assert (await read(http, "/items", seen[2][0], 1, **{"name.prefix": mark})) == seen[3:]


async def test_vouchers_and_templates_are_told_without_codes(http: httpx.AsyncClient, workers: Running) -> None:
    templates, vouchers = await where(http, "/vouchers/templates"), await where(http, "/vouchers")
    offer = await done(http, "POST", "/vouchers/templates", {"title": "Dinner", "price": 4136, "currency": "EUR"})
    asked = {"template_id": offer["id"], "buyer": "Ada"}
    alone = await done(http, "POST", "/vouchers", asked)
    keyed = await http.post("/vouchers", json=asked, headers={"Idempotency-Key": str(uuid4())})
    shown = (await http.get("/vouchers", params={"template_id": offer["id"]})).json()
    await done(http, "POST", "/vouchers/redeem", {"code": alone["code"]})
    await done(http, "POST", f"/vouchers/{keyed.json()['id']}/status", {"status": "cancelled"})
    await done(http, "PATCH", f"/vouchers/templates/{offer['id']}", {"active": False})
    seen = await read(http, "/vouchers", vouchers, 4, template_id=offer["id"])
    assert [(kind, row["id"], row["status"]) for _, kind, row in seen] == [
        ("create", alone["id"], "purchased"),
        ("create", keyed.json()["id"], "purchased"),
        ("change", alone["id"], "used"),
        ("change", keyed.json()["id"], "cancelled"),
    ]
    stored = await asyncio.to_thread(workers.stored.everything)
    for code in (alone["code"], keyed.json()["code"]):
        assert code not in json.dumps(seen)
        assert code not in stored
    # Not even under its name, where a digest might stand.
    assert {name for _, _, row in seen for name in row} == set(shown[0]) - {"price_display"}
    told = await read(http, "/vouchers/templates", templates, 2)
    assert [(kind, row["id"], row["active"]) for _, kind, row in told] == [
        ("create", offer["id"], True),
        ("change", offer["id"], False),
    ]
