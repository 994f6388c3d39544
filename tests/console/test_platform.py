"""Overview and operations in a real browser: figures, health, errors, settings, schema, cache, feeds."""

from playwright.async_api import Page, expect
from tests.console.conftest import OpenPage

from tests.console.asking import ask
from tests.support.service import Service


async def test_the_overview_shows_what_runs(page: Page, service: Service) -> None:
    await page.goto("/console/")
    runs = page.get_by_role("region", name="What runs")
    await expect(runs).to_contain_text("ready")
    await expect(runs).to_contain_text("database: ok")
    minute = page.get_by_role("region", name="The last minute")
    await expect(minute).to_contain_text("/s")
    await expect(page.get_by_role("region", name="Latency").get_by_role("application")).to_be_visible()
    domains = page.get_by_role("region", name="Domains")
    for title in ("Ledger", "Key-value store", "To-do list", "Vouchers", "Telemetry"):
        await expect(domains.get_by_role("link", name=title)).to_be_visible()
    await expect(page.get_by_role("region", name="Workers").get_by_role("row")).to_have_count(2)
    await page.get_by_role("button", name="6 h").click()
    await expect(page).to_have_url(lambda url: url.endswith("range=6h"))
    await page.go_back()
    await expect(page.get_by_role("button", name="15 min")).to_have_attribute("aria-pressed", "true")


async def test_settings_are_shown_with_their_source(page: Page) -> None:
    await page.goto("/console/operations")
    await expect(page.get_by_text("body_limit", exact=True)).to_be_visible()
    await page.get_by_label("Search settings").fill("redis_url")
    await expect(page.get_by_text("body_limit", exact=True)).to_have_count(0)
    await page.get_by_label("Search settings").fill("")
    await page.get_by_label("Only what was set").check()
    await expect(page.locator("dt code").get_by_text("port", exact=True)).to_be_visible()
    await expect(page.get_by_text("body_limit", exact=True)).to_have_count(0)


async def test_migrations_are_current(page: Page) -> None:
    await page.goto("/console/operations")
    await page.get_by_role("link", name="Migrations").click()
    await expect(page.get_by_role("table").locator("tbody tr")).to_have_count(6)
    await expect(page.get_by_text("current", exact=True)).to_have_count(6)


async def test_the_cache_is_cleared(page: Page, service: Service) -> None:
    for _ in range(2):
        last = ask(service, "GET", "/items")
    assert "hit" in last.headers["cache-status"]
    await page.goto("/console/operations/cache")
    await page.get_by_role("button", name="Clear the cache").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Clear the cache").click()
    await expect(page.get_by_text("The cache is cleared")).to_be_visible()
    assert "hit" not in ask(service, "GET", "/items").headers["cache-status"]


async def test_a_feed_is_watched_as_it_happens(open_page: OpenPage, service: Service) -> None:
    page = await open_page()
    await page.goto("/console/operations/feeds")
    await page.get_by_label("Watch").select_option(label="Key-value store")
    await expect(page.get_by_text("live", exact=True)).to_be_visible()
    ask(service, "PUT", "/kv/feeds/a", json={"value": "seen"}).raise_for_status()
    await expect(page.get_by_role("region", name="Watch").locator("ol > li").first).to_contain_text('"value":"seen"')
