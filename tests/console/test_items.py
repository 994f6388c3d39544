"""The list of things to do in a real browser: by keyboard, by mouse, in two windows at once."""

import re
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.console.asking import ask
from tests.console.browsing import Watch
from tests.console.conftest import OpenPage, one_engine
from tests.support.service import Service

ITEMS = "/console/items"


def add(service: Service, name: str) -> str:
    return ask(service, "POST", "/items", json={"name": name}).raise_for_status().json()["id"]


def get(service: Service, item: str) -> dict[str, Any]:
    return ask(service, "GET", f"/items/{item}").raise_for_status().json()


def row(page: Page, item: str) -> Locator:
    return page.locator(f"li[data-id='{item}']")


async def test_everything_is_done_by_keyboard(page: Page, service: Service) -> None:
    below, above = add(service, "keys below"), add(service, "keys above")
    await page.goto(f"{ITEMS}?q=keys")
    await expect(row(page, above)).to_be_visible()
    field = page.get_by_role("textbox", name="What is there to do?")
    await field.fill("keys new")
    await field.press("Enter")
    newest = page.get_by_role("listitem", name="keys new, open")
    await expect(newest).to_be_visible()
    await expect(field).to_have_value("")
    await field.press("ArrowDown")
    await expect(newest).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(row(page, above)).to_be_focused()
    await page.keyboard.press(" ")
    await expect(row(page, above)).to_have_attribute("aria-label", "keys above, done")
    assert get(service, above)["completed"] is True
    await page.keyboard.press("End")
    await expect(row(page, below)).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type("keys renamed")
    await page.keyboard.press("Enter")
    await expect(row(page, below)).to_contain_text("keys renamed")
    await expect(row(page, below)).to_be_focused()
    assert get(service, below)["name"] == "keys renamed"
    await page.keyboard.press("Delete")
    await expect(row(page, below)).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("listitem", name="keys renamed, open")).to_be_visible()


async def test_the_mouse_does_it_too(page: Page, service: Service) -> None:
    item = add(service, "mouse")
    await page.goto(f"{ITEMS}?q=mouse")
    await page.get_by_role("checkbox", name="Done: mouse").check()
    await expect(row(page, item)).to_have_attribute("aria-label", "mouse, done")
    await page.get_by_role("button", name="Edit mouse").click()
    await page.get_by_label("Name").fill("mouse and more")
    await page.get_by_label("Name").press("Escape")
    await expect(row(page, item)).to_have_text("mouse")
    await page.get_by_role("button", name="Open", exact=True).click()
    await expect(page.get_by_text("Nothing has that in its name.")).to_be_visible()
    await expect(page).to_have_url(re.compile("shown=open"))
    await page.get_by_role("button", name="Done", exact=True).click()
    await page.get_by_role("button", name="Delete mouse").click()
    await expect(row(page, item)).to_have_count(0)


@one_engine
async def test_nothing_is_no_item(page: Page) -> None:
    await page.goto(ITEMS)
    await page.get_by_role("button", name="Add").click()
    await expect(page.get_by_role("form", name="New item").get_by_role("alert")).to_have_text("What is there to do?")


async def test_two_browsers_see_changes_and_conflicts(open_page: OpenPage, service: Service, watch: Watch) -> None:
    watch.foresee("status of 412")
    item = add(service, "shared")
    one, other = await open_page(), await open_page()
    for page in (one, other):
        await page.goto(f"{ITEMS}?q=shared")
        await expect(page.get_by_text("live", exact=True)).to_be_visible()
    # Which version is edited is learnt when the edit begins.
    async with other.expect_response(lambda reply: reply.url.endswith(f"/items/{item}")):
        await other.get_by_role("button", name="Edit shared").click()
    await expect(other.get_by_label("Name")).to_be_visible()
    await one.get_by_role("checkbox", name="Done: shared").check()
    await expect(row(other, item)).to_have_attribute("aria-label", "shared, done")
    await other.get_by_label("Name").fill("shared by two")
    await other.get_by_label("Name").press("Enter")
    await expect(other.get_by_text("Someone else changed it meanwhile")).to_be_visible()
    assert get(service, item) == {"id": item, "name": "shared", "completed": True}
