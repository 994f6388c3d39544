"""Figures of a real service with two workers, as a scrape sees them: of ours, and of a stranger's domain."""

import json
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import StartService
from tests.style.tree import ROOT
from tests.support.service import Service
from tests.support.waiting import PATIENCE, wait_until

DOMAINS = "ledger,vouchers,telemetry,examples.library:domain"


def figures(service: Service, name: str) -> dict[tuple[str, ...], float]:
    """Return the series of a metric, by the values of its labels."""
    text = httpx.get(f"{service.base_url}/metrics", timeout=PATIENCE).text
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def wait_for(service: Service, name: str, labels: tuple[str, ...], value: float) -> None:
    wait_until(lambda: figures(service, name).get(labels) == value, f"{name}{labels} is {value}", PATIENCE)


@pytest.fixture
def service(current_url: str, start_service: StartService) -> Service:
    env = {"ROADBED_DOMAINS": DOMAINS, "ROADBED_FIGURES_EVERY": "0.5", "PYTHONPATH": str(ROOT)}
    return start_service(database_url=current_url, arguments=["--workers", "2"], env=env)


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.base_url, timeout=PATIENCE) as ready:
        yield ready


def post(client: httpx.Client, path: str, body: object, status: int = 201) -> dict[str, object]:
    reply = client.post(path, json=body)
    assert reply.status_code == status, reply.text
    return json.loads(reply.text)


def test_they_are_told(service: Service, client: httpx.Client) -> None:
    account, other = str(uuid4()), str(uuid4())
    assert figures(service, "roadbed_ledger_transactions_total") == {
        ("transaction",): 0,
        ("transfer",): 0,
        ("reversal",): 0,
    }
    post(client, "/transactions", {"account_id": account, "amount": 500})
    post(client, "/transfers", {"from": account, "to": other, "amount": 700})
    wait_for(service, "roadbed_ledger_transactions_total", ("transfer",), 2)
    wait_for(service, "roadbed_ledger_volume_minor_units_total", ("credit",), 1200)
    wait_for(service, "roadbed_ledger_accounts", (), 2)
    wait_for(service, "roadbed_ledger_overdrawn_accounts", (), 1)
    assert figures(service, "roadbed_ledger_balance_minor_units") == {(): 500}


def test_a_batch_counts_when_it_is_committed(service: Service, client: httpx.Client) -> None:
    entry = {"method": "POST", "path": "/transactions", "body": {"account_id": str(uuid4()), "amount": 5}}
    wrong = {"method": "GET", "path": f"/transactions/{uuid4()}"}
    assert post(client, "/batch", {"operations": [entry, wrong]}, 404)
    post(client, "/batch", {"operations": [entry, entry]}, 200)
    wait_for(service, "roadbed_ledger_transactions_total", ("transaction",), 2)
    wait_for(service, "roadbed_ledger_volume_minor_units_total", ("credit",), 10)


def test_vouchers_go_through_their_statuses(service: Service, client: httpx.Client) -> None:
    template = client.get("/vouchers/templates").json()[0]
    bought = [post(client, "/vouchers", {"template_id": template["id"], "buyer": "Ada"}) for _ in range(3)]
    post(client, "/vouchers/redeem", {"code": bought[0]["code"]}, 200)
    rows = "roadbed_resource_rows"
    wait_for(service, rows, ("vouchers", "purchased"), 2)
    wait_for(service, rows, ("vouchers", "used"), 1)
    assert figures(service, rows)["vouchers", "refunded"] == 0
    wait_for(service, "roadbed_vouchers_value_minor_units", ("EUR", "purchased"), 2 * template["price"])


def test_vouchers_that_are_sold_and_redeemed_are_counted(service: Service, client: httpx.Client) -> None:
    """Each step once, by whatever way it came; a repeated purchase and a second redemption are none."""
    template = client.get("/vouchers/templates").json()[0]
    currency, price = template["currency"], template["price"]
    steps, value = "roadbed_vouchers_steps_total", "roadbed_vouchers_steps_minor_units_total"
    assert set(figures(service, steps).values()) == {0}
    wanted = {"template_id": template["id"], "buyer": "Ada"}
    first, again = (client.post("/vouchers", json=wanted, headers={"Idempotency-Key": "one"}).json() for _ in range(2))
    assert again == first
    second = post(client, "/vouchers", wanted)
    form = client.post("/vouchers/", data=wanted, headers={"Accept": "text/html"}, follow_redirects=False)
    assert form.status_code == 303
    for status in (200, 409):
        post(client, "/vouchers/redeem", {"code": first["code"]}, status)
    for step in ("cancelled", "refunded"):
        post(client, f"/vouchers/{second['id']}/status", {"status": step}, 200)
    # Of a batch that fails nothing is counted.
    buy = {"method": "POST", "path": "/vouchers", "body": wanted}
    post(client, "/batch", {"operations": [buy, {"method": "GET", "path": f"/vouchers/{uuid4()}"}]}, 404)
    post(client, "/batch", {"operations": [buy]}, 200)
    for step, count in (("sold", 4), ("redeemed", 1), ("cancelled", 1), ("refunded", 1)):
        wait_for(service, steps, (currency, step), count)
        wait_for(service, value, (currency, step), count * price)


def test_a_strangers_domain_has_its_funnel(service: Service, client: httpx.Client) -> None:
    author = post(client, "/authors", {"name": "Ann"})
    book = post(client, "/books", {"title": "One", "author": author["id"]})
    copies = [post(client, "/copies", {"book": book["id"]}) for _ in range(2)]
    post(client, f"/copies/{copies[0]['id']}/status", {"status": "lent"}, 200)
    wait_for(service, "roadbed_resource_rows", ("library_copies", "lent"), 1)
    wait_for(service, "roadbed_resource_rows", ("library_copies", "shelf"), 1)
    assert {name for (name,) in figures(service, "roadbed_look_timestamp_seconds")} == {
        *("ledger_books", "vouchers_sold", "vouchers_statuses", "telemetry_freshness", "library_copies_statuses")
    }
