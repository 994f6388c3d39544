"""What all pages share: the way in, the theme, the states without data and without a service, and what axe says."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.console.asking import ask
from tests.console.browsing import Watch, overflow, violations
from tests.console.conftest import OpenPage, one_engine
from tests.support.service import Service

PAGES = (
    "/console/",
    "/console/ledger",
    "/console/ledger/accounts",
    "/console/ledger/accounts/{account}",
    "/console/kv",
    "/console/kv?edit=shop/hours",
    "/console/kv?history=shop/hours",
    "/console/items",
    "/console/vouchers",
    "/console/vouchers/templates",
    "/console/vouchers/vouchers",
    "/console/operations",
    "/console/operations/migrations",
    "/console/operations/cache",
    "/console/operations/feeds",
    "/console/no/such/page/here",
)
NARROW = {"width": 390, "height": 844}
LOOKS: dict[str, dict[str, Any]] = {"light": {}, "narrow and dark": {"viewport": NARROW, "color_scheme": "dark"}}


def an_account(service: Service) -> str:
    return ask(service, "GET", "/accounts", params={"limit": 1}).json()[0]["account_id"]


@one_engine
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
async def test_every_page_is_accessible(open_page: OpenPage, service: Service, look: dict[str, Any]) -> None:
    page = await open_page(**look)
    found: dict[str, object] = {}
    for path in PAGES:
        await page.goto(path.format(account=an_account(service)))
        await expect(page.get_by_role("heading").first).to_be_visible()
        await expect(page.get_by_text("Loading …")).to_have_count(0)
        found[path] = (await violations(page), await overflow(page))
    assert found == dict.fromkeys(PAGES, ([], 0))


@one_engine
async def test_the_way_in(open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto("/")
    await expect(page).to_have_url(re.compile("/console/$"))
    await page.get_by_role("navigation", name="Console").get_by_role("link", name="Transactions").click()
    await expect(page.get_by_role("heading", name="Ledger", level=1)).to_be_focused()
    await expect(page).to_have_title("Ledger · Roadbed")
    await expect(page.get_by_role("link", name="API docs")).to_have_attribute("href", "/docs")


@one_engine
async def test_the_menu_of_a_narrow_window(open_page: OpenPage) -> None:
    page = await open_page(viewport=NARROW)
    await page.goto("/console/")
    menu = page.get_by_role("navigation", name="Console")
    await expect(menu).not_to_be_visible()
    await page.get_by_role("button", name="Menu").click()
    await menu.get_by_role("link", name="Keys").click()
    await expect(page.get_by_role("heading", name="Keys", level=1)).to_be_visible()
    await expect(menu).not_to_be_visible()


@one_engine
async def test_the_theme_is_kept(page: Page) -> None:
    await page.goto("/console/items")
    await page.get_by_role("button", name="Use the dark theme").click()
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_without_the_service_the_page_says_so_and_comes_back(page: Page, watch: Watch) -> None:
    watch.foresee("ERR_FAILED|ERR_CONNECTION")
    await page.goto("/console/ledger")
    await expect(page.locator("div[data-type=transaction]").first).to_be_visible()

    async def refuse(route: Route) -> None:
        await route.abort()

    await page.route("**/*", refuse)
    await page.locator("input[data-type=account-id]").fill("0190b0a2-7f1c-7c3e-8a47-5d2b6f7e1a01")
    await page.locator("input[data-type=amount]").fill("5")
    await page.locator("input[data-type=transaction-submit]").click()
    await expect(page.get_by_text("The service does not answer. What you see may be old")).to_be_visible()
    await expect(page.locator("input[data-type=amount]")).to_have_value("5")
    await page.unroute("**/*")
    await expect(page.get_by_text("What you see may be old")).to_have_count(0)


async def test_a_page_that_fails_can_be_tried_again(page: Page, watch: Watch) -> None:
    watch.foresee("status of 500")

    async def fail_until_clicked(route: Route) -> None:
        # The page asks again by itself too, when its feed opens: that must not take the button away before its click.
        if await page.evaluate("window.clicked"):
            await route.continue_()
        else:
            body = '{"type":"urn:roadbed:problem:internal","title":"It failed","status":500,"instance":"request-1"}'
            await route.fulfill(status=500, content_type="application/problem+json", body=body)

    await page.add_init_script("addEventListener('click', () => { window.clicked = true }, true)")
    await page.route("**/kv?*", fail_until_clicked)
    await page.goto("/console/kv")
    await expect(page.get_by_role("alert")).to_contain_text("request-1", timeout=30_000)
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("table")).to_be_visible()
