"""Telemetry's pages in a real browser: the map, the list, import; all of them dark, narrow, and as axe sees them."""

import re
from typing import Any

import pytest
from playwright.async_api import FilePayload, Page, expect

from tests.console.browsing import Watch, overflow, violations
from tests.console.charts import ASSETS, CHART, CURRENT, IMPORT, VOLTAGE, drawn, new_signal
from tests.console.conftest import OpenPage, one_engine
from tests.support.service import Service

WINDOWS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 390, "height": 844}},
    "narrow and dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
VIEWS = (ASSETS, f"{CHART}?signals={VOLTAGE},{CURRENT}&threshold=117.5", IMPORT)


@one_engine
@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
async def test_pages_are_usable_by_all(open_page: OpenPage, window: dict[str, Any]) -> None:
    page = await open_page(**window)
    for view in VIEWS:
        await page.goto(view)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        if view == ASSETS:
            await expect(page.get_by_role("article")).not_to_have_count(0)
        if view.startswith(CHART):
            await drawn(page)
            await expect(page.get_by_text("newest first")).to_be_visible()
        assert await violations(page) == []
        assert await overflow(page) == 0


async def test_assets_are_on_a_map_and_in_a_list(page: Page) -> None:
    await page.goto(ASSETS)
    markers = page.get_by_role("list", name="Assets on the map")
    await expect(markers.get_by_role("link", name="UW Beznau")).to_be_visible()
    card = page.get_by_role("article", name="UW Beznau")
    await expect(card.get_by_role("listitem").filter(has_text="BEZOBF110BIRMENU_L12")).to_contain_text("kV")
    await expect(card.get_by_role("listitem").first).to_contain_text("ago")
    await markers.get_by_role("link", name="UW Breite").click()
    await expect(page).to_have_url(re.compile("asset=2"))
    await expect(markers.get_by_role("link", name="UW Breite")).to_have_attribute("aria-current", "true")
    await page.get_by_placeholder("Filter by name").fill("laufen")
    await expect(page.get_by_role("article", name="UW Beznau")).to_have_count(0)
    await expect(page).to_have_url(re.compile("search=laufen"))
    await page.get_by_placeholder("Filter by name").fill("nothing has this name")
    await page.get_by_role("button", name="Show all", exact=True).click()
    await card.get_by_role("link", name="Chart of UW Beznau").click()
    await drawn(page)
    await expect(page.get_by_role("group", name="Signals").get_by_role("listitem")).to_have_count(2)


@one_engine
async def test_the_map_moves_by_buttons_keys_drag_and_wheel(page: Page) -> None:
    await page.goto(ASSETS)
    marker = page.get_by_role("list", name="Assets on the map").get_by_role("listitem").first
    world = page.get_by_role("application", name=re.compile("^Map of the assets"))
    await expect(marker.get_by_role("link")).to_be_visible()
    places = [await marker.get_attribute("style")]

    async def moved() -> None:
        await expect(marker).not_to_have_attribute("style", places[-1] or "")
        places.append(await marker.get_attribute("style"))

    await page.get_by_role("button", name="Zoom in").click()
    await moved()
    await world.press("ArrowRight")
    await moved()
    await world.press("-")
    await moved()
    box = await world.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 300, box["y"] + 300)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 330, box["y"] + 310, steps=3)
    await page.mouse.up()
    await moved()
    await page.mouse.wheel(0, -200)
    await moved()
    await page.get_by_role("button", name="Show all assets").click()
    await expect(marker).to_have_attribute("style", places[0] or "")


async def test_a_file_is_imported_with_counts_and_rejects(page: Page, service: Service) -> None:
    new_signal(service, 7002, [])
    rows = [f"2024-01-01 00:00:0{n}|7002|{n},5" for n in range(5)]
    lines = ["Ts|SignalId|MeasurementValue", *rows, "yesterday|7002|1", "2024-01-01 00:00:00|99|1"]
    file = FilePayload(name="measurements.csv", mimeType="text/csv", buffer="\n".join(lines).encode())
    await page.goto(IMPORT)
    await page.get_by_label("File of measurements").set_input_files(file)
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_role("heading", name="measurements.csv is imported")).to_be_visible()
    await expect(page.locator("[data-count=inserted]")).to_contain_text("5")
    await expect(page.locator("[data-count=rejected]")).to_contain_text("2")
    rejects = page.get_by_role("group", name="Rejected rows")
    await expect(rejects).to_contain_text("there is no signal 99")
    assert await violations(page) == []
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.locator("[data-count=unchanged]")).to_contain_text("5")
    text = FilePayload(name="measurements.pdf", mimeType="application/pdf", buffer=b"%PDF")
    await page.get_by_label("File of measurements").set_input_files(text)
    await expect(page.get_by_text("A file that ends in .csv")).to_be_visible()
    await expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()


async def test_an_import_says_how_far_it_is_and_is_stopped(page: Page, service: Service) -> None:
    new_signal(service, 7003, [])
    rows = [f"2024-01-01 00:00:{n // 1000:02}.{n % 1000:03}|7003|{n},5" for n in range(40_000)]
    body = "\n".join(["Ts|SignalId|MeasurementValue", *rows]).encode()
    await page.goto(IMPORT)
    line = await page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 100_000}
    await line.send("Network.enable")
    await line.send("Network.emulateNetworkConditions", slow)
    file = FilePayload(name="slow.csv", mimeType="text/csv", buffer=body)
    await page.get_by_label("File of measurements").set_input_files(file)
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_role("progressbar", name="Upload")).to_be_visible()
    await expect(page.get_by_text(re.compile(r"of 1\.\d MiB sent"))).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_text("Stopped.")).to_be_visible()
    await expect(page.get_by_role("progressbar", name="Upload")).to_have_count(0)
    await line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_role("heading", name="slow.csv is imported")).to_be_visible()
    await expect(page.get_by_text("Stopped.")).to_have_count(0)


async def test_what_is_no_file_of_measurements_is_refused(page: Page, watch: Watch) -> None:
    watch.foresee("status of 400")
    file = FilePayload(name="a.csv", mimeType="text/csv", buffer=b"a;b\n1;2\n")
    await page.goto(IMPORT)
    await page.get_by_label("File of measurements").set_input_files(file)
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_role("alert")).to_be_visible()
    assert await violations(page) == []
