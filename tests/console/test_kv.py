"""The key-value page in a real browser: in place, as JSON, history, expiry, conflicts, live changes."""

from typing import Any

from playwright.async_api import Locator, Page, expect
from tests.console.browsing import Watch
from tests.console.conftest import OpenPage

from tests.console.asking import ask
from tests.support.service import Service

KEYS = "/console/kv"


def put(service: Service, key: str, value: object, ttl: int | None = None) -> None:
    body = {"value": value} if ttl is None else {"value": value, "ttl": ttl}
    ask(service, "PUT", f"/kv/{key}", json=body).raise_for_status()


def get(service: Service, key: str) -> Any:
    return ask(service, "GET", f"/kv/{key}").raise_for_status().json()


def row(page: Page, key: str) -> Locator:
    return page.locator(f"tr[data-key='{key}']")


async def edit_in_place(page: Page, key: str, text: str) -> Locator:
    await row(page, key).get_by_role("button", name=f"edit the value of {key}").click()
    field = page.get_by_label(f"Value of {key}, as JSON")
    await field.fill(text)
    return field


async def act(page: Page, key: str, action: str) -> None:
    await row(page, key).get_by_role("button", name=f"Actions of {key}").click()
    await page.get_by_role("menuitem", name=action).click()


async def test_a_value_is_edited_in_place(page: Page, service: Service) -> None:
    put(service, "place/a", {"n": 1})
    await page.goto(f"{KEYS}?prefix=place/")
    field = await edit_in_place(page, "place/a", '{"n": 9007199254740993, "r": 1.0}')
    await field.press("Enter")
    await expect(row(page, "place/a")).to_contain_text('{"n":9007199254740993,"r":1.0}')
    stored = ask(service, "GET", "/kv/place/a").text
    assert '"value":{"n":9007199254740993,"r":1.0}' in stored
    field = await edit_in_place(page, "place/a", '"never"')
    await field.press("Escape")
    await expect(row(page, "place/a")).to_contain_text("9007199254740993")
    field = await edit_in_place(page, "place/a", "{no json")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await field.press("Enter")
    await field.press("Escape")
    assert ask(service, "GET", "/kv/place/a").text == stored


async def test_a_big_integer_survives_a_look_and_an_edit(page: Page, service: Service) -> None:
    ask(
        service,
        "PUT",
        "/kv/big/a",
        content='{"value": 9007199254740993}',
        headers={"content-type": "application/json"},
    ).raise_for_status()
    await page.goto(f"{KEYS}?prefix=big/")
    await act(page, "big/a", "Edit as JSON")
    await expect(page.get_by_role("dialog").get_by_label("Value")).to_have_value("9007199254740993")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    assert ask(service, "GET", "/kv/big/a").text.startswith('{"key":"big/a","value":9007199254740993,')


async def test_a_key_is_made_with_an_expiry(page: Page, service: Service, watch: Watch) -> None:
    watch.foresee("status of 409")
    await page.goto(f"{KEYS}?prefix=made/")
    await page.get_by_role("button", name="New key").click()
    form = page.get_by_role("form", name="New key")
    await form.get_by_label("Key").fill("made/")
    await form.get_by_label("Value").fill('["x"]')
    await form.get_by_label("Expires in").fill("1.5")
    await form.get_by_role("button", name="Create").click()
    await expect(form.get_by_text("No slash at the beginning or the end")).to_be_visible()
    await form.get_by_label("Key").fill("made/a b")
    await form.get_by_role("button", name="Create").click()
    await expect(form.get_by_text("Whole seconds")).to_be_visible()
    await form.get_by_label("Expires in").fill("3600")
    await form.get_by_role("button", name="Create").click()
    await expect(row(page, "made/a b")).to_contain_text('["x"]')
    assert get(service, "made/a b")["expires_at"] is not None
    await page.get_by_role("button", name="New key").click()
    await form.get_by_label("Key").fill("made/a b")
    await form.get_by_role("button", name="Create").click()
    await expect(form.get_by_text("This key exists already")).to_be_visible()


async def test_a_key_that_is_deleted_can_be_brought_back(page: Page, service: Service) -> None:
    put(service, "gone/a", [1, 2])
    await page.goto(f"{KEYS}?prefix=gone/")
    await act(page, "gone/a", "Delete")
    await expect(page.get_by_text("No key begins like that.")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(row(page, "gone/a")).to_contain_text("[1,2]")
    assert get(service, "gone/a")["value"] == [1, 2]


async def test_an_older_version_is_shown_and_restored(page: Page, service: Service) -> None:
    put(service, "past/a", {"mode": "light", "size": 1})
    put(service, "past/a", {"mode": "dark", "size": 1})
    await page.goto(f"{KEYS}?prefix=past/")
    await act(page, "past/a", "History")
    versions = page.get_by_role("dialog").locator("ol > li")
    await expect(versions).to_have_count(2)
    await expect(versions.first.locator("dt")).to_have_text(["mode"])
    await expect(versions.first.locator("del")).to_contain_text("light")
    await expect(versions.first.locator("ins")).to_contain_text("dark")
    await versions.nth(1).get_by_role("button", name="Restore").click()
    await expect(versions).to_have_count(3)
    assert get(service, "past/a")["value"] == {"mode": "light", "size": 1}


async def test_two_browsers_see_changes_and_conflicts(open_page: OpenPage, service: Service, watch: Watch) -> None:
    watch.foresee("status of 412")
    put(service, "both/a", 1)
    one, other = await open_page(), await open_page()
    for page in (one, other):
        await page.goto(f"{KEYS}?prefix=both/")
        await expect(page.get_by_text("live", exact=True)).to_be_visible()
    await act(other, "both/a", "Edit as JSON")
    await expect(other.get_by_role("dialog").get_by_label("Value")).to_have_value("1")
    field = await edit_in_place(one, "both/a", "2")
    await field.press("Enter")
    await expect(row(other, "both/a")).to_contain_text("2")
    await other.get_by_role("dialog").get_by_label("Value").fill("3")
    await other.get_by_role("button", name="Save").click()
    conflict = other.get_by_role("dialog").get_by_role("alert")
    await expect(conflict).to_contain_text("Someone else changed it meanwhile")
    await expect(conflict.locator("pre")).to_have_text("2")
    assert get(service, "both/a")["value"] == 2
    await other.get_by_role("button", name="Save mine over it").click()
    await expect(row(one, "both/a")).to_contain_text("3")
    assert get(service, "both/a")["value"] == 3
