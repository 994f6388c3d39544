"""What tests of telemetry's pages share: where they are, the chart's ways, measurements of their own."""

import re
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Locator, Page, expect

from tests.console.asking import ask
from tests.support.service import Service

ASSETS, CHART, IMPORT = "/console/telemetry", "/console/telemetry/chart", "/console/telemetry/import"
VOLTAGE, CURRENT = "427038", "427039"
HAS_RANGE = re.compile("from=.*to=")


def plot(page: Page) -> Locator:
    return page.get_by_role("application", name=re.compile("^Measurements"))


async def drawn(page: Page) -> None:
    """Wait until a chart is there and nothing is on its way any more."""
    await expect(page.locator(".plotting[aria-busy=false] .u-over")).to_be_visible()


def range_of(page: Page) -> tuple[datetime, datetime] | None:
    """Return the range that the URL holds, if it holds one."""
    query = parse_qs(urlsplit(page.url).query)
    ends = [datetime.fromisoformat(query[name][0]) for name in ("from", "to") if name in query]
    return (ends[0], ends[1]) if len(ends) == 2 else None


async def drag(page: Page, begin: float, end: float) -> None:
    """Drag over the chart, between two shares of its width."""
    box = await page.locator(".u-over").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    await page.mouse.move(box["x"] + begin * box["width"], middle)
    await page.mouse.down()
    await page.mouse.move(box["x"] + end * box["width"], middle, steps=4)
    await page.mouse.up()


def new_signal(service: Service, number: int, values: list[tuple[datetime, float]]) -> str:
    """Make an asset and a signal of one number, with measurements."""
    gid = f"0192f0c1-1111-7111-8111-{number:012}"
    asset = {"latitude": 46.9, "longitude": 7.4, "description": f"Station {number}"}
    signal = {"signal_gid": gid, "signal_name": f"SIGNAL_{number}", "asset_id": number, "unit": "V"}
    ask(service, "PUT", f"/assets/{number}", json=asset)
    ask(service, "PUT", f"/signals/{number}", json=signal)
    measure(service, number, values)
    return str(number)


def measure(service: Service, number: int, values: list[tuple[datetime, float]]) -> None:
    rows = [{"signal_id": number, "timestamp": time.isoformat(), "value": value} for time, value in values]
    ask(service, "POST", "/measurements", json=rows)
