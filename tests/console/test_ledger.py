"""The ledger's pages in a real browser: the contract's form and list, accounts, transfers, reversals, floors."""

import re
from typing import Any
from uuid import uuid4

from playwright.async_api import Page, expect

from tests.console.asking import ask
from tests.console.browsing import Watch
from tests.console.conftest import OpenPage
from tests.support.service import Service

LEDGER = "/console/ledger"
ENTRY = "div[data-type=transaction]"


def call(service: Service, method: str, path: str, body: object = None) -> Any:
    return ask(service, method, path, json=body).raise_for_status().json()


def post(service: Service, account: str, amount: int) -> dict[str, Any]:
    return call(service, "POST", "/transactions", {"account_id": account, "amount": amount})


async def submit(page: Page, account: str, amount: str) -> None:
    await page.locator("input[data-type=account-id]").fill(account)
    await page.locator("input[data-type=amount]").fill(amount)
    await page.locator("input[data-type=transaction-submit][type=submit]").click()


async def test_the_form_and_list_of_the_contract(page: Page, service: Service) -> None:
    await page.goto(LEDGER)
    account = str(uuid4())
    await submit(page, account, "1250")
    newest = page.locator(ENTRY).first
    await expect(newest).to_have_attribute("data-account-id", account)
    await expect(newest).to_have_attribute("data-amount", "1250")
    await expect(newest).to_have_attribute("data-balance", "1250")
    await expect(page.locator("input[data-type=account-id]")).to_have_value("")
    await expect(page.locator("input[data-type=amount]")).to_have_value("")
    await submit(page, account, "-250")
    await expect(newest).to_have_attribute("data-balance", "1000")
    await expect(page.locator(f"{ENTRY}[data-balance]")).to_have_count(1)
    await expect(page.locator(ENTRY).nth(1)).to_have_attribute("data-amount", "1250")
    assert call(service, "GET", f"/accounts/{account}")["balance"] == 1000


async def test_an_amount_keeps_all_its_digits(page: Page, service: Service) -> None:
    await page.goto(LEDGER)
    account = str(uuid4())
    await submit(page, account, "9007199254740993")
    await expect(page.locator(ENTRY).first).to_have_attribute("data-balance", "9007199254740993")
    await expect(page.locator(ENTRY).first).to_contain_text("9,007,199,254,740,993")
    assert call(service, "GET", f"/accounts/{account}")["balance"] == 9007199254740993


async def test_what_is_wrong_stands_at_its_field(page: Page, watch: Watch) -> None:
    watch.foresee("status of 400")
    await page.goto(LEDGER)
    await expect(page.locator(ENTRY).first).to_be_visible()
    before = await page.locator(ENTRY).count()
    await submit(page, "no uuid", "5")
    await expect(page.locator("input[data-type=account-id]")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_text("Expected a UUID")).to_be_visible()
    await expect(page.locator("input[data-type=account-id]")).to_have_value("no uuid")
    await submit(page, str(uuid4()), "1.5")
    await expect(page.locator("input[data-type=amount]")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator(ENTRY)).to_have_count(before)


async def test_a_floor_refuses_and_says_so(page: Page, service: Service, watch: Watch) -> None:
    watch.foresee("status of 409")
    account = post(service, str(uuid4()), 100)["account_id"]
    await page.goto(f"{LEDGER}/accounts/{account}")
    await page.get_by_role("button", name="Set the floor").click()
    await page.get_by_label("Lowest balance").fill("50")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The floor is set.")).to_be_visible()
    assert call(service, "GET", f"/accounts/{account}")["min_balance"] == 50
    await page.goto(LEDGER)
    await submit(page, account, "-60")
    await expect(page.get_by_role("form", name="New transaction").get_by_role("alert")).to_be_visible()
    assert call(service, "GET", f"/accounts/{account}")["balance"] == 100


async def test_an_account_tells_its_story(page: Page, service: Service) -> None:
    account = str(uuid4())
    for amount in (100, 200, -50):
        post(service, account, amount)
    await page.goto(f"{LEDGER}/accounts?")
    await page.goto(f"{LEDGER}/accounts/{account}")
    await expect(page.locator("[data-type=balance]")).to_have_text("250")
    rows = page.get_by_role("table").locator("tbody tr")
    await expect(rows).to_have_count(3)
    await expect(rows.first).to_contain_text("-50")
    await expect(page.get_by_role("application", name="Balance over time")).to_be_visible()
    await page.get_by_label("Balance at").fill("2001-01-01T00:00:00")
    await page.get_by_label("Balance at").blur()
    await expect(page).to_have_url(re.compile("at=2001-01-01"))


async def test_a_transfer_moves_money_at_once(page: Page, service: Service) -> None:
    source, target = str(uuid4()), str(uuid4())
    post(service, source, 1000)
    post(service, target, 0)
    await page.goto(f"{LEDGER}/accounts/{source}")
    await page.get_by_role("button", name="Transfer from here").click()
    form = page.get_by_role("form", name="Transfer")
    await form.get_by_label("To").fill(source)
    await form.get_by_label("Amount").fill("300")
    await form.get_by_role("button", name="Transfer").click()
    await expect(form.get_by_text("Another account than the first")).to_be_visible()
    await form.get_by_label("To").fill(target)
    await form.get_by_role("button", name="Transfer").click()
    await expect(page.locator("[data-type=balance]")).to_have_text("700")
    assert call(service, "GET", f"/accounts/{target}")["balance"] == 300


async def test_a_transaction_is_reversed_once(page: Page, service: Service, watch: Watch) -> None:
    watch.foresee("status of 409")
    account = str(uuid4())
    post(service, account, 80)
    await page.goto(f"{LEDGER}?account={account}")
    for expected in ("Reversed.", "was reversed before"):
        await page.locator(ENTRY).last.get_by_role("button", name="Actions of the transaction").click()
        await page.get_by_role("menuitem", name="Reverse").click()
        await page.get_by_role("alertdialog").get_by_role("button", name="Reverse").click()
        await expect(page.get_by_role("region", name="Messages").get_by_text(expected).last).to_be_visible()
    await expect(page.locator(ENTRY)).to_have_count(2)
    assert call(service, "GET", f"/accounts/{account}")["balance"] == 0


async def test_two_browsers_see_each_other(open_page: OpenPage) -> None:
    one, other = await open_page(), await open_page()
    account = str(uuid4())
    await other.goto(f"{LEDGER}?account={account}")
    await expect(other.get_by_text("No transactions of this account")).to_be_visible()
    await one.goto(LEDGER)
    await submit(one, account, "7")
    await expect(other.locator(ENTRY)).to_have_count(1)
    await expect(other.locator(ENTRY)).not_to_have_attribute("data-balance", "7")


async def test_pages_follow_each_other_and_the_way_back(page: Page, service: Service) -> None:
    account = str(uuid4())
    for amount in range(1, 56):
        post(service, account, amount)
    await page.goto(f"{LEDGER}?account={account}")
    await expect(page.locator(ENTRY)).to_have_count(50)
    await page.get_by_role("button", name="Next page").click()
    await expect(page.locator(ENTRY)).to_have_count(5)
    await expect(page.locator(ENTRY).last).to_have_attribute("data-amount", "1")
    await page.go_back()
    await expect(page.locator(ENTRY)).to_have_count(50)


async def test_an_account_that_is_not_there(page: Page, watch: Watch) -> None:
    watch.foresee("status of 404")
    await page.goto(f"{LEDGER}/accounts/{uuid4()}")
    await expect(page.get_by_role("alert").first).to_be_visible()
