"""Rows of any resource as they change: by others at once, many together, back and forth in their history."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.console.browsing import Watch, violations
from tests.console.conftest import OpenPage
from tests.console.library import BOOKS, author, books, change, latest, make, of, rows, service, titles, words
from tests.support.service import Service

__all__ = ["author", "books", "service"]

ITEMS = "/console/items/items"


@pytest.fixture
def item(service: Service, request: pytest.FixtureRequest) -> dict[str, Any]:
    return make(service, "/items", name=f"Item of {request.node.name}"[:200])


async def test_what_others_do_shows_at_once(open_page: OpenPage, service: Service, item: dict[str, Any]) -> None:
    mine, theirs = await open_page(), await open_page()
    await mine.goto(ITEMS)
    await expect(mine.get_by_text("Live", exact=True)).to_be_visible()
    await theirs.goto(f"{ITEMS}?new=1")
    name = f"{item['name']}, theirs"
    await theirs.get_by_label("Name").fill(name)
    await theirs.get_by_role("button", name="Create").click()
    await expect(titles(mine).first).to_have_text(name)
    await theirs.get_by_role("button", name=f"Actions of {name}", exact=True).click()
    await theirs.get_by_role("menuitem", name="Edit").click()
    await theirs.get_by_label("Completed").check()
    await theirs.get_by_role("button", name="Save").click()
    await expect(mine.locator("tbody tr").first).to_contain_text("Yes")
    await theirs.get_by_role("button", name=f"Actions of {name}", exact=True).click()
    await theirs.get_by_role("menuitem", name="Delete").click()
    await expect(titles(mine).first).not_to_have_text(name)


async def test_new_rows_elsewhere_are_offered(page: Page, service: Service, item: dict[str, Any]) -> None:
    await page.goto(f"{ITEMS}?sort=name&f.name.prefix=Offered")
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    number = len(rows(service, "/items", **{"name.prefix": "Offered"}))
    for at in range(2):
        make(service, "/items", name=f"Offered {item['id']} {at}")
    make(service, "/items", name="Something else")
    await page.get_by_role("button", name="2 new rows").click()
    await expect(titles(page)).to_have_count(number + 2)


@pytest.mark.parametrize("whose", ["mine", "theirs", "field by field"])
async def test_who_was_slower_chooses_what_stands(
    open_page: OpenPage, watch: Watch, service: Service, item: dict[str, Any], whose: str
) -> None:
    watch.foresee("status of 412")
    mine, theirs = await open_page(), await open_page()
    for each in (mine, theirs):
        await each.goto(f"{ITEMS}?edit={item['id']}")
    await theirs.get_by_label("Name").fill(f"{item['name']} theirs")
    await theirs.get_by_label("Completed").check()
    await theirs.get_by_role("button", name="Save").click()
    await expect(theirs.get_by_role("dialog")).to_have_count(0)
    await mine.get_by_label("Name").fill(f"{item['name']} mine")
    await mine.get_by_role("button", name="Save").click()
    clash = mine.get_by_role("dialog", name="Someone else changed it meanwhile")
    name = clash.locator("[data-difference=name]")
    await expect(name).to_contain_text(f"Before: {item['name']}")
    await expect(name).to_contain_text("changed by both")
    assert await violations(mine) == []
    if whose == "field by field":
        await name.get_by_role("radio", name=re.compile("^Theirs")).check()
        await clash.locator("[data-difference=completed]").get_by_role("radio", name=re.compile("^Mine")).check()
    else:
        await clash.get_by_role("button", name=f"All {whose}").click()
    await clash.get_by_role("button", name="Save what was chosen").click()
    await expect(mine.get_by_role("dialog")).to_have_count(0)
    now = latest(service, f"/items/{item['id']}")
    chosen = {"mine": ("mine", False), "theirs": ("theirs", True), "field by field": ("theirs", False)}[whose]
    assert (now["name"], now["completed"]) == (f"{item['name']} {chosen[0]}", chosen[1])


async def test_several_are_deleted_together_and_come_back(
    page: Page, service: Service, author: dict[str, Any], books: list[dict[str, Any]]
) -> None:
    await page.goto(of(author))
    await page.get_by_label("Select all rows").check()
    await page.get_by_label(f"Select {books[0]['title']}").uncheck()
    bar = page.get_by_role("group", name="Selected rows")
    await expect(bar).to_contain_text("2 selected")
    await bar.get_by_role("button", name="Delete").click()
    question = page.get_by_role("alertdialog", name="Delete 2 books?")
    await expect(question).to_contain_text("copies")
    await expect(question).to_contain_text("Either all of them are deleted, or none.")
    await question.get_by_role("button", name="Delete 2").click()
    await expect(titles(page)).to_have_text([books[0]["title"]])
    await page.get_by_role("button", name="Undo").click()
    await expect(titles(page)).to_have_text(words(books))
    assert sorted(rows(service, "/books", author=author["id"]), key=lambda book: book["pages"]) == books


async def test_one_that_cannot_go_keeps_all(
    page: Page, watch: Watch, service: Service, author: dict[str, Any], books: list[dict[str, Any]]
) -> None:
    watch.foresee("status of 409")
    free = make(service, "/authors", name=f"Zz free {author['name']}")
    await page.goto(f"/console/library/authors?q={author['name']}")
    await page.get_by_label("Select all rows").check()
    await page.get_by_role("group", name="Selected rows").get_by_role("button", name="Delete").click()
    question = page.get_by_role("alertdialog")
    await expect(question).to_contain_text("This cannot be undone.")
    await question.get_by_role("button", name="Delete").click()
    told = page.get_by_role("region", name="Messages")
    await expect(told).to_contain_text(f"None was deleted. {author['name']}: Books refer to it by author")
    assert latest(service, f"/authors/{free['id']}") == free


async def test_statuses_go_where_they_may(
    page: Page, watch: Watch, service: Service, books: list[dict[str, Any]]
) -> None:
    watch.foresee("status of 409")
    copies = [make(service, "/copies", book=books[0]["id"]) for _ in range(2)]
    await page.goto(f"/console/library/copies?f.book={books[0]['id']}")
    await page.get_by_label("Select all rows").check()
    await page.get_by_role("button", name="Set status").click()
    await page.get_by_role("menuitem", name="lent").click()
    await expect(page.locator("tbody").get_by_text("lent", exact=True)).to_have_count(2)
    await page.get_by_role("button", name="Set status").click()
    await expect(page.get_by_role("menuitem")).to_have_text(["shelf", "lost"])
    # Somebody else is faster: what this page believes to be allowed is not.
    for copy in copies:
        make(service, f"/copies/{copy['id']}/status", status="lost")
    await page.get_by_role("menuitem", name="lost").click()
    await expect(page.get_by_role("region", name="Messages")).to_contain_text("None was moved")
    await expect(page.get_by_role("region", name="Messages")).to_contain_text("After 'lost' may come shelf")
    await expect(page.locator("tbody").get_by_text("lost", exact=True)).to_have_count(2)


async def test_a_deleted_row_comes_back_and_is_led_to_the_status_it_had(
    page: Page, service: Service, books: list[dict[str, Any]]
) -> None:
    copy = make(service, "/copies", book=books[0]["id"], reader="Ada")
    make(service, f"/copies/{copy['id']}/status", status="lost")
    await page.goto(f"/console/library/copies/{copy['id']}")
    await page.get_by_role("button", name="Delete").click()
    await page.wait_for_url("**/library/copies")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("region", name="Messages")).to_contain_text("begins again as shelf")
    back = latest(service, f"/copies/{copy['id']}")
    assert (back["status"], back["reader"]) == ("shelf", "Ada")
    await page.get_by_role("button", name="Set to lost").click()
    await expect(page.get_by_role("region", name="Messages")).to_contain_text("now lost.")
    assert latest(service, f"/copies/{copy['id']}")["status"] == "lost"


async def test_the_way_back_is_taken_step_by_step_when_it_is_asked_for(
    page: Page, watch: Watch, service: Service, books: list[dict[str, Any]]
) -> None:
    watch.foresee("status of 409")
    copies = [make(service, "/copies", book=books[0]["id"], reader=reader) for reader in ("Ada", "Bob")]
    for copy in copies:
        make(service, f"/copies/{copy['id']}/status", status="lent")
    await page.goto(f"/console/library/copies?f.book={books[0]['id']}")
    messages = page.get_by_role("region", name="Messages")
    for is_refused in (False, True):
        await page.get_by_label("Select all rows").check()
        await page.get_by_role("group", name="Selected rows").get_by_role("button", name="Delete").click()
        await page.get_by_role("alertdialog").get_by_role("button", name="Delete 2").click()
        await page.get_by_role("button", name="Undo").click()
        await expect(messages).to_contain_text("2 were lent, and begin again as shelf")
        await expect(page.locator("tbody").get_by_text("shelf", exact=True)).to_have_count(2)
        if is_refused:
            # Somebody else is faster, and the machine has the last word.
            make(service, f"/copies/{copies[0]['id']}/status", status="sold")
        await page.get_by_role("button", name="Set to lent").click()
        await expect(messages).to_contain_text("None was moved" if is_refused else "2 copies: now lent.")
    assert [latest(service, f"/copies/{copy['id']}")["status"] for copy in copies] == ["sold", "shelf"]
    history = rows(service, f"/copies/{copies[1]['id']}/history")
    told = [(entry["action"], (entry["after"] or {}).get("status")) for entry in history]
    begun, lent, gone = ("create", "shelf"), ("change", "lent"), ("delete", None)
    assert told == [begun, gone, lent, begun, gone, lent, begun]


async def test_a_row_shows_its_history_and_brings_a_version_back(
    page: Page, service: Service, author: dict[str, Any], books: list[dict[str, Any]]
) -> None:
    book = books[0]
    change(service, f"/books/{book['id']}", title="Renamed", pages=None)
    await page.goto(f"{BOOKS}/{book['id']}")
    await expect(page.get_by_role("heading", name="Renamed")).to_be_visible()
    await expect(page.locator("[data-field=author]").get_by_role("link")).to_have_text(author["name"])
    changed = page.get_by_role("listitem").filter(has_text="changed")
    await expect(changed).to_contain_text("by anonymous")
    await expect(changed.locator("del", has_text=book["title"])).to_be_visible()
    await expect(changed.locator("ins", has_text="Renamed")).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Open version")).click()
    await expect(page.get_by_role("heading", name=book["title"])).to_be_visible()
    await page.get_by_role("button", name="Bring back").click()
    drawer = page.get_by_role("dialog", name="Edit Renamed")
    await expect(drawer.get_by_label("Title")).to_have_value(book["title"])
    await expect(drawer.get_by_label("Pages")).to_have_value("100")
    await drawer.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name=book["title"])).to_be_visible()
    await expect(page.get_by_role("listitem").filter(has_text="changed")).to_have_count(2)
    assert latest(service, f"/books/{book['id']}") == book


async def test_a_row_page_leads_to_what_refers_to_it(
    page: Page, service: Service, author: dict[str, Any], books: list[dict[str, Any]]
) -> None:
    await page.goto(f"/console/library/authors/{author['id']}")
    await page.get_by_role("link", name="Books by author").click()
    await expect(titles(page)).to_have_text(words(books))
    await page.get_by_role("link", name=author["name"]).first.click()
    await expect(page.get_by_role("heading", name=author["name"])).to_be_visible()


async def test_a_date_is_asked_for_as_a_date(page: Page, service: Service, author: dict[str, Any]) -> None:
    await page.goto(f"/console/library/authors/{author['id']}?edit={author['id']}")
    await page.get_by_label("Born").fill("1929-10-21")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert latest(service, f"/authors/{author['id']}")["born"] == "1929-10-21"


async def test_a_secret_is_shown_once_and_never_again(page: Page, service: Service) -> None:
    await page.goto("/console/vouchers/vouchers?new=1")
    drawer = page.get_by_role("dialog")
    await drawer.get_by_role("combobox").click()
    await drawer.get_by_role("option").first.click()
    await drawer.get_by_label("Buyer").fill("Ada Lovelace")
    await drawer.get_by_role("button", name="Create").click()
    once = page.get_by_role("dialog", name="Shown only this once")
    code = await once.locator("code").inner_text()
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4})+", code)
    assert await violations(page) == []
    await once.get_by_role("button", name="I have it").click()
    (voucher,) = rows(service, "/vouchers", buyer="Ada Lovelace")
    for place in ("/console/vouchers/vouchers", f"/console/vouchers/vouchers/{voucher['id']}"):
        await page.goto(place)
        await expect(page.get_by_text("Ada Lovelace").first).to_be_visible()
        assert code not in await page.content()
    make(service, f"/vouchers/{voucher['id']}/status", status="used")


async def test_money_is_typed_and_shown_in_units_of_the_currency(page: Page, service: Service) -> None:
    await page.goto("/console/vouchers/templates?new=1")
    drawer = page.get_by_role("dialog", name="New template")
    await drawer.get_by_label("Title").fill("Big evening")
    await drawer.get_by_label("Price").fill("90071992547409.93")
    await drawer.get_by_label("Currency").select_option("EUR")
    await drawer.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("row", name="Big evening")).to_contain_text("€90,071,992,547,409.93")
    made = next(row for row in rows(service, "/vouchers/templates") if row["title"] == "Big evening")
    assert made["price"] == 9007199254740993
    change(service, f"/vouchers/templates/{made['id']}", active=False)
