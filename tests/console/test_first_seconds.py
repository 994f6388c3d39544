"""The overview in the first seconds of a service's life: what is not known yet is no zero."""

import json
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, Route, expect

from tests.conftest import ENGINES
from tests.console.browsing import overflow, violations
from tests.console.conftest import OpenPage
from tests.support.service import running_service

NEVER = "3600"
"""Seconds until a process of these services would tell of itself."""


@pytest.fixture(scope="module", params=ENGINES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A new service that has written no figures, and writes none while tests look at it."""
    url = request.getfixturevalue("postgres_server").create_database() if request.param == "postgres" else None
    with running_service(
        tmp_path_factory.mktemp(request.param), database_url=url, env={"ROADBED_STATISTICS_EVERY": NEVER}
    ) as started:
        yield started


async def unmeasured(route: Route) -> None:
    """Answer as a service does whose tables nobody has measured yet."""
    reply = await route.fetch()
    told = {**(await reply.json()), "measured_at": None, "tables": []}
    if told["engine"] == "postgres":
        told["database_bytes"] = 0
    await route.fulfill(response=reply, body=json.dumps(told))


async def test_what_is_not_known_yet_is_no_zero(page: Page) -> None:
    await page.route("**/platform/storage", unmeasured)
    await page.goto("/console/")
    workers = page.get_by_role("region", name="What runs").locator("dl > div", has_text="Workers")
    await expect(workers).to_have_text("Workersat least 1first figures within 1 h")
    minute = page.get_by_role("region", name="The last minute")
    await expect(minute.locator("dd")).to_have_text(["–"] * 8)
    await expect(minute).to_contain_text("Gathering: the first figures come within 1 h.")
    await expect(page.get_by_role("region", name="Workers")).to_contain_text("the first come within 1 h")
    domains = page.get_by_role("region", name="Domains")
    await expect(domains).to_contain_text("Rows are being counted")
    await expect(domains).not_to_contain_text("Database 0 B")


async def test_it_is_told_to_everybody(open_page: OpenPage) -> None:
    page = await open_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
    await page.goto("/console/")
    await expect(page.get_by_text("first figures within 1 h", exact=True)).to_be_visible()
    assert await overflow(page) == 0
    assert await violations(page) == []
