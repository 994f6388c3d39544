"""The admin of vouchers in a real browser: funnel, actions that are allowed now, selling, redeeming, history."""

import re
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.console.asking import ask
from tests.console.browsing import Watch
from tests.console.conftest import OpenPage
from tests.support.service import Service

ADMIN = "/console/vouchers"
CODE = re.compile(r"^(?:[0-9A-Z]{4}-){4}[0-9A-Z]{4}$")


def buy(service: Service, buyer: str) -> dict[str, Any]:
    template = ask(service, "GET", "/vouchers/templates", params={"active": "true", "limit": 1}).json()[0]["id"]
    body = {"template_id": template, "buyer": buyer}
    return ask(service, "POST", "/vouchers", json=body).raise_for_status().json()


def status_of(service: Service, voucher: str) -> str:
    return ask(service, "GET", f"/vouchers/{voucher}").raise_for_status().json()["status"]


async def actions(page: Page, buyer: str) -> Locator:
    await page.get_by_role("button", name=f"Actions of the voucher of {buyer}").click()
    return page.get_by_role("menuitem")


async def test_what_is_allowed_now_is_what_is_offered(page: Page, service: Service) -> None:
    voucher = buy(service, "Offered")
    await page.goto(f"{ADMIN}?buyer=Offered")
    await expect(await actions(page, "Offered")).to_have_text(["Cancel", "Mark as used", "Expire", "History"])
    await page.get_by_role("menuitem", name="Cancel").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Cancel", exact=True).last.click()
    await expect(page.get_by_text("The voucher of Offered is cancelled.")).to_be_visible()
    await expect(await actions(page, "Offered")).to_have_text(["Refund", "History"])
    await page.get_by_role("menuitem", name="History").click()
    history = page.get_by_role("dialog").locator("ol > li")
    await expect(history).to_have_count(2)
    await expect(history.first.locator("dt")).to_have_text(["Status"])
    assert status_of(service, voucher["id"]) == "cancelled"


async def test_the_funnel_counts_and_chooses(page: Page, service: Service) -> None:
    buy(service, "Counted")
    await page.goto(ADMIN)
    asked = {"status": "purchased", "limit": 1, "total": "true"}
    count = ask(service, "GET", "/vouchers", params=asked).headers["total-count"]
    bar = page.get_by_role("button", name=re.compile("^purchased"))
    await expect(bar.locator("strong")).to_have_text(count)
    await bar.click()
    await expect(page).to_have_url(re.compile("status=purchased"))
    await expect(page.get_by_role("table").locator("tbody tr")).to_have_count(int(count))


async def test_a_code_is_told_once_and_redeemed_once(page: Page, service: Service, watch: Watch) -> None:
    watch.foresee("status of 4")
    await page.goto(ADMIN)
    await page.get_by_role("button", name="Sell a voucher").click()
    form = page.get_by_role("form", name="Sell a voucher")
    await form.get_by_role("button", name="Sell").click()
    await expect(form.get_by_text("Who buys it?")).to_be_visible()
    await form.get_by_label("Template").select_option(index=1)
    await form.get_by_label("Buyer").fill("Counter")
    await form.get_by_label("E-mail").fill("nobody")
    await form.get_by_role("button", name="Sell").click()
    await expect(form.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    await form.get_by_label("E-mail").fill("counter@example.org")
    await form.get_by_role("button", name="Sell").click()
    shown = page.locator("[data-type=code]")
    await expect(shown).to_have_text(CODE)
    code = await shown.inner_text()
    await page.keyboard.press("Escape")
    assert code not in await page.content()
    await page.get_by_role("button", name="Redeem a code").click()
    redeem = page.get_by_role("form", name="Redeem")
    await redeem.get_by_label("Code").fill(code.lower())
    await redeem.get_by_role("button", name="Redeem").click()
    await expect(redeem.get_by_text("bought by Counter")).to_be_visible()
    await redeem.get_by_label("Code").fill(code)
    await redeem.get_by_role("button", name="Redeem").click()
    await expect(redeem.get_by_role("alert")).to_be_visible()
    await expect(redeem.get_by_text("Redeemed:")).to_have_count(0)


async def test_a_second_window_follows(open_page: OpenPage, service: Service) -> None:
    one, other = await open_page(), await open_page()
    buy(service, "Twice")
    for page in (one, other):
        await page.goto(f"{ADMIN}?buyer=Twice")
        await expect(page.get_by_role("table").locator("tbody tr")).to_contain_text(["purchased"])
    await actions(one, "Twice")
    await one.get_by_role("menuitem", name="Mark as used").click()
    await one.get_by_role("alertdialog").get_by_role("button", name="Mark as used").click()
    await expect(other.get_by_role("table").locator("tbody tr")).to_contain_text(["used"])


async def test_a_race_that_is_lost_is_told(open_page: OpenPage, service: Service, watch: Watch) -> None:
    watch.foresee("status of 409")
    page = await open_page()
    voucher = buy(service, "Late")
    await page.goto(f"{ADMIN}?buyer=Late")
    await actions(page, "Late")
    await page.get_by_role("menuitem", name="Mark as used").click()
    cancelled = ask(service, "POST", f"/vouchers/{voucher['id']}/status", json={"status": "cancelled"})
    assert cancelled.status_code == 200
    await page.get_by_role("alertdialog").get_by_role("button", name="Mark as used").click()
    await expect(page.get_by_role("region", name="Messages").get_by_text("refunded")).to_be_visible()
    assert status_of(service, voucher["id"]) == "cancelled"
