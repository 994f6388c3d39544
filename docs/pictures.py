"""Takes the pictures of docs/images: `python -m docs.pictures`, with the console built. Look at each of them."""

import asyncio
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import httpx
from playwright.async_api import Browser, async_playwright

from tests.console.browsing import chromium
from tests.support.programs import find_program
from tests.support.service import Service, running_service

IMAGES = Path(__file__).parent / "images"
LOOKS = {"": (1280, 860, "light"), "-dark": (1280, 860, "dark"), "-narrow": (390, 844, "light")}
SETTLE = 2.5
"""Seconds for charts and event streams after a page has loaded."""
LIVELY = 250
"""Seconds of load before the pictures: the overview shows a service that lives."""


class Picture(NamedTuple):
    """A page: the name of its files, and its address."""

    name: str
    path: str


PICTURES = (
    Picture("overview", "/console/?range=5m"),
    Picture("ledger", "/console/ledger"),
    Picture("accounts", "/console/ledger/accounts"),
    Picture("account", "/console/ledger/accounts/{account}"),
    Picture("kv", "/console/kv"),
    Picture("kv-edit", "/console/kv?edit=shop/hours"),
    Picture("kv-history", "/console/kv?history=shop/hours"),
    Picture("items", "/console/items"),
    Picture("vouchers", "/console/vouchers"),
    Picture("templates", "/console/vouchers/templates"),
    Picture("voucher", "/console/vouchers/vouchers/{voucher}"),
    Picture("resource-form", "/console/vouchers/templates?new=1"),
    Picture("telemetry-assets", "/console/telemetry"),
    Picture("telemetry-signals", "/console/telemetry/chart?signals=427038,427039&threshold=116.5"),
    Picture("operations-settings", "/console/operations"),
    Picture("operations-migrations", "/console/operations/migrations"),
    Picture("operations-cache", "/console/operations/cache"),
    Picture("operations-feeds", "/console/operations/feeds"),
    Picture("shop", "/vouchers/"),
)


def seeded(service: Service) -> dict[str, str]:
    """Load the samples, let there be some traffic, and return the ids that addresses need."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
    command = [find_program("roadbed"), "seed", "--data", str(service.data)]
    subprocess.run(command, env=environment, cwd=service.folder, check=True, capture_output=True, timeout=120)
    with httpx.Client(base_url=service.base_url) as client:
        live(client)
        account = client.get("/accounts", params={"limit": 1}).json()[0]["account_id"]
        voucher = client.get("/vouchers", params={"status": "used", "limit": 1}).json()[0]["id"]
        for number in range(3):
            client.delete(f"/kv/visits/{number}")
    return {"account": account, "voucher": voucher}


def live(client: httpx.Client) -> None:
    """Ask and write for a while, now more and now less, as people do."""
    begin, round_ = time.monotonic(), 0
    while (passed := time.monotonic() - begin) < LIVELY:
        for path in ("/items", "/transactions?limit=20", "/kv", "/vouchers?limit=5")[: 1 + round_ % 4]:
            client.get(path)
        client.put(f"/kv/visits/{round_ % 3}", json={"value": round_})
        round_ += 1
        time.sleep(0.04 + 0.03 * math.sin(passed / 9) + (0.05 if 60 < passed < 75 else 0))


async def take(browser: Browser, service: Service, ids: dict[str, str], wanted: set[str]) -> None:
    """Take each picture in each look."""
    for suffix, (width, height, scheme) in LOOKS.items():
        context = await browser.new_context(
            base_url=service.base_url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="en-GB",
            timezone_id="Europe/Zurich",
        )
        for picture in PICTURES:
            if wanted and picture.name not in wanted:
                continue
            page = await context.new_page()
            await page.goto(picture.path.format(**ids))
            await page.get_by_role("heading", level=1).first.wait_for()
            await asyncio.sleep(SETTLE)
            await page.screenshot(path=IMAGES / f"{picture.name}{suffix}.png")
            await page.close()
        await context.close()


async def main(wanted: set[str]) -> None:
    """Start a service of its own, and take the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        often = {"ROADBED_STATISTICS_EVERY": "1"}
        with running_service(Path(folder), env=often) as service:
            ids = await asyncio.to_thread(seeded, service)
            unboxed = ["--no-sandbox"] if os.geteuid() == 0 else []
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=chromium(), args=unboxed)
                await take(browser, service, ids, wanted)
                await browser.close()


if __name__ == "__main__":
    asyncio.run(main(set(sys.argv[1:])))
