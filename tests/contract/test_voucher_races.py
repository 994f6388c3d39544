"""Fifty clients at once, on two worker processes, on both engines: a code is redeemed once, every history is legal."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.conftest import ENGINES
from tests.contract.conftest import Running, serving
from tests.contract.tables.voucher_statuses import ALLOWED
from tests.contract.test_concurrency import CLIENTS, Client, together

TURNS = 12
VOUCHERS = 20


@pytest.fixture(scope="module", params=ENGINES)
def workers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service of two worker processes."""
    with serving(request.param, request, tmp_path_factory, {"arguments": ("--workers", "2")}) as started:
        yield started


def offered(client: Client) -> str:
    template = client.call("POST", "/vouchers/templates", {"title": "Race", "price": 1, "currency": "EUR"})
    return json.loads(template.body)["id"]


def bought(client: Client, template: str) -> dict[str, Any]:
    return json.loads(client.call("POST", "/vouchers", {"template_id": template, "buyer": "Ada"}).body)


def test_a_code_is_redeemed_by_one(workers: Running) -> None:
    with Client(workers.port) as client:
        voucher = bought(client, offered(client))
    body = {"code": voucher["code"]}
    statuses = together(workers.port, lambda _, client: client.call("POST", "/vouchers/redeem", body).status)
    assert Counter(statuses) == {200: 1, 409: CLIENTS - 1}


def test_every_history_is_a_legal_path(workers: Running) -> None:
    with Client(workers.port) as client:
        template = offered(client)
        vouchers = [bought(client, template) for _ in range(VOUCHERS)]

    def act(number: int, client: Client) -> list[tuple[str, int]]:
        choose = random.Random(number)
        done: list[tuple[str, int]] = []
        for _ in range(TURNS):
            what = choose.choice(["buy", "cancelled", "refunded", "used", "redeem"])
            voucher = choose.choice(vouchers)
            if what == "buy":
                done.append((bought(client, template)["id"], 201))
            elif what == "redeem":
                done.append((voucher["id"], client.call("POST", "/vouchers/redeem", {"code": voucher["code"]}).status))
            else:
                path = f"/vouchers/{voucher['id']}/status"
                done.append((voucher["id"], client.call("POST", path, {"status": what}).status))
        return done

    done = [each for some in together(workers.port, act) for each in some]
    assert {status for _, status in done} == {200, 201, 409}
    changes = Counter(voucher for voucher, status in done if status == 200)
    with Client(workers.port) as client:
        listed = json.loads(client.call("GET", f"/vouchers?template_id={template}&limit=1000").body)
        assert len(listed) == VOUCHERS + sum(status == 201 for _, status in done)
        for voucher in listed:
            past = json.loads(client.call("GET", f"/vouchers/{voucher['id']}/history").body)[::-1]
            path = [entry["after"]["status"] for entry in past]
            assert (path[0], path[-1], len(path) - 1) == ("purchased", voucher["status"], changes[voucher["id"]])
            assert [way for way in pairwise(path) if way[1] not in ALLOWED.get(way[0], ())] == []
            assert [entry["before"]["status"] for entry in past[1:]] == path[:-1]
            assert sorted({entry["version"] for entry in past}) == [entry["version"] for entry in past]
