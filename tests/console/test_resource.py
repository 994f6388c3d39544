"""The page of any resource: lists, forms, files, many rows at once, on a stranger's domain and on those that ship."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Download, Page, expect

from tests.console.browsing import Watch, overflow, violations
from tests.console.conftest import OpenPage, one_engine
from tests.console.library import BOOKS, author, books, drop, make, numbers, of, rows, service, titles, words
from tests.support.service import Service

__all__ = ["author", "books", "service"]

MISSING = "01930000-0000-7000-8000-000000000000"


async def content(download: Download) -> str:
    return read(await download.path())


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


async def test_a_list_is_sorted_searched_and_filtered_and_the_url_says_so(
    page: Page, author: dict[str, Any], books: list[dict[str, Any]]
) -> None:
    await page.goto(of(author))
    await expect(titles(page)).to_have_text(words(books))
    await expect(page.get_by_role("link", name=author["name"])).to_have_count(3)
    await page.get_by_role("button", name="Title").click()
    await expect(titles(page)).to_have_text(words(books)[::-1])
    assert "sort=-title" in page.url
    await page.keyboard.press("/")
    await page.keyboard.type(books[1]["title"].lower())
    await expect(titles(page)).to_have_text([books[1]["title"]])
    await page.get_by_role("searchbox").fill("")
    await expect(titles(page)).to_have_count(3)
    await page.get_by_role("button", name="Filter", exact=True).click()
    await page.get_by_label("Field").select_option("Pages")
    await page.get_by_label("Condition").select_option("≥")
    await page.get_by_label("Value").fill("many")
    await page.get_by_role("button", name="Apply").click()
    await expect(page.get_by_text("A whole number, such as 12")).to_be_visible()
    await page.get_by_label("Value").fill("200")
    await page.get_by_role("button", name="Apply").click()
    await expect(titles(page)).to_have_text([books[2]["title"], books[1]["title"]])
    assert "f.pages.gte=200" in page.url
    await page.reload()
    await expect(titles(page)).to_have_text([books[2]["title"], books[1]["title"]])
    await page.get_by_role("button", name="Remove filter Pages ≥ 200").click()
    await expect(titles(page)).to_have_count(3)
    await page.go_back()
    await expect(titles(page)).to_have_count(2)


async def test_pages_follow_the_cursor_and_rows_are_counted_when_asked(
    page: Page, service: Service, author: dict[str, Any]
) -> None:
    for number in range(30):
        make(service, "/books", title=f"Volume {number:02}", author=author["id"])
    await page.goto(of(author, "&limit=25"))
    await expect(titles(page)).to_have_count(25)
    await page.get_by_role("button", name="Count all").click()
    await expect(page.get_by_text("25 shown of 30")).to_be_visible()
    await page.get_by_role("button", name="Next page").click()
    await expect(titles(page)).to_have_text([f"Volume {number}" for number in range(25, 30)])
    await page.go_back()
    await expect(titles(page).first).to_have_text("Volume 00")


@one_engine
async def test_columns_are_chosen_and_kept(page: Page, author: dict[str, Any], books: list[dict[str, Any]]) -> None:
    await page.goto(of(author))
    await page.get_by_role("button", name="Columns").click()
    await page.get_by_role("menuitemcheckbox", name="Isbn").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("columnheader", name="Isbn")).to_have_count(0)
    await page.reload()
    await expect(page.get_by_role("columnheader", name="Pages")).to_be_visible()
    await expect(page.get_by_role("columnheader", name="Isbn")).to_have_count(0)


async def test_a_row_is_made_with_faults_at_their_fields(
    page: Page, watch: Watch, service: Service, author: dict[str, Any]
) -> None:
    watch.foresee("status of 409")
    taken = f"978{next(numbers):010}"
    make(service, "/books", title="Taken", author=author["id"], isbn=taken)
    await page.goto(of(author))
    await expect(titles(page)).to_have_count(1)
    await page.keyboard.press("n")
    drawer = page.get_by_role("dialog", name="New book")
    await expect(drawer.get_by_label("Title")).to_be_focused()
    await drawer.get_by_label("Pages").fill("0")
    await drawer.get_by_label("Isbn").fill("12")
    await drawer.get_by_role("button", name="Create").click()
    await expect(drawer.locator("[data-field=title]")).to_contain_text("A value is needed")
    await expect(drawer.locator("[data-field=pages]")).to_contain_text("At least 1")
    await expect(drawer.locator("[data-field=isbn]")).to_contain_text("It does not have the form")
    await expect(drawer.get_by_label("Title")).to_be_focused()
    await drawer.get_by_label("Title").fill("Made here")
    await drawer.get_by_label("Pages").fill("12")
    await drawer.get_by_label("Isbn").fill(taken)
    await drawer.get_by_role("combobox", name="Author").click()
    await page.keyboard.type(author["name"])
    await drawer.get_by_role("option", name=re.compile(rf"^{author['name']}\s*…")).click()
    await drawer.get_by_role("button", name="Create").click()
    await expect(drawer.locator("[data-field=isbn]")).to_contain_text("Another row has this isbn already")
    await drawer.get_by_label("Isbn").fill("")
    await drawer.get_by_role("button", name="Create").click()
    await expect(drawer).to_have_count(0)
    await expect(titles(page)).to_have_text(["Made here", "Taken"])
    (made,) = rows(service, "/books", author=author["id"], title="Made here")
    assert (made["pages"], made["isbn"]) == (12, None)


async def test_what_the_service_refuses_stands_at_its_field(
    page: Page, watch: Watch, service: Service, author: dict[str, Any]
) -> None:
    watch.foresee("status of 400")
    lost = make(service, "/authors", name=f"Lost {next(numbers)}")
    await page.goto(f"{BOOKS}?new=1")
    drawer = page.get_by_role("dialog", name="New book")
    await drawer.get_by_label("Title").fill("Nobody's")
    await drawer.get_by_role("combobox", name="Author").click()
    await page.keyboard.type(lost["name"])
    await drawer.get_by_role("option", name=re.compile(lost["name"])).click()
    drop(service, f"/authors/{lost['id']}")
    await drawer.get_by_role("button", name="Create").click()
    await expect(drawer.locator("[data-field=author]")).to_contain_text("There is no")
    await expect(drawer.get_by_role("combobox", name="Author")).to_be_focused()
    await expect(drawer.get_by_role("alert")).to_have_count(0)


async def test_only_what_was_changed_is_sent_and_only_over_the_version_that_was_seen(
    page: Page, author: dict[str, Any], books: list[dict[str, Any]]
) -> None:
    await page.goto(of(author, f"&edit={books[0]['id']}"))
    drawer = page.get_by_role("dialog", name=f"Edit {books[0]['title']}")
    await expect(drawer.get_by_role("button", name="Save")).to_be_disabled()
    await drawer.get_by_label("Pages").fill("101")
    async with page.expect_request(lambda request: request.method == "PATCH") as sent:
        await drawer.get_by_role("button", name="Save").click()
    request = await sent.value
    assert request.post_data_json == {"pages": 101}
    assert re.fullmatch(r'"\d+"', request.headers["if-match"])
    await expect(page.get_by_role("cell", name="101")).to_be_visible()


@one_engine
async def test_what_was_typed_is_not_thrown_away_unasked(
    page: Page, author: dict[str, Any], books: list[dict[str, Any]]
) -> None:
    await page.goto(of(author))
    await page.get_by_role("button", name=f"Actions of {books[0]['title']}").click()
    await page.get_by_role("menuitem", name="Edit").click()
    title = page.get_by_role("dialog").get_by_label("Title")
    await title.fill("Half a thought")
    await page.keyboard.press("Escape")
    await page.get_by_role("alertdialog").get_by_role("button", name="Cancel").click()
    await expect(title).to_have_value("Half a thought")
    await page.go_back()
    await page.get_by_role("alertdialog").get_by_role("button", name="Discard").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(titles(page)).to_have_text(words(books))


async def test_a_file_is_tried_imported_and_its_rejects_are_saved(
    page: Page, service: Service, author: dict[str, Any], books: list[dict[str, Any]]
) -> None:
    text = f"title,author,pages\nDelta,{author['id']},7\n,{author['id']},8\nEpsilon,{author['id']},nine\n"
    await page.goto(of(author))
    await page.get_by_role("button", name="Import", exact=True).click()
    dialog = page.get_by_role("dialog", name="Import books")
    file: Any = {"name": "more.csv", "mimeType": "text/csv", "buffer": text.encode()}
    await dialog.get_by_label("File to import").set_input_files(file)
    await expect(dialog.get_by_text("The import would bring: 1 new, 2 left out")).to_be_visible()
    assert len(rows(service, "/books", author=author["id"])) == 3
    await expect(dialog.get_by_role("row", name=re.compile("^3 .*title"))).to_be_visible()
    async with page.expect_download() as saved:
        await dialog.get_by_role("button", name="Save as a file").click()
    rejects = await content(await saved.value)
    assert re.match(r"line\treason\n3\t.*\n4\t.*\n$", rejects)
    await dialog.get_by_role("button", name="Import 1 row").click()
    await expect(dialog.get_by_text("Imported: 1 new, 2 left out")).to_be_visible()
    await dialog.get_by_role("button", name="Done").click()
    await expect(titles(page)).to_have_text([*words(books)[:2], "Delta", books[2]["title"]])


async def test_a_file_of_another_kind_is_refused_in_words(page: Page, watch: Watch) -> None:
    watch.foresee("status of 400")
    await page.goto(BOOKS)
    await page.get_by_role("button", name="Import", exact=True).click()
    file: Any = {"name": "x.csv", "mimeType": "text/csv", "buffer": b"colour\nred\n"}
    await page.get_by_label("File to import").set_input_files(file)
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("colour")
    await expect(page.get_by_role("button", name="Import", exact=True).last).to_be_disabled()


@pytest.mark.parametrize(("kind", "beginning"), [("CSV", "id,title"), ("NDJSON", '{"id"'), ("JSON", '[{"id"')])
async def test_what_the_filters_leave_is_exported(
    page: Page, author: dict[str, Any], books: list[dict[str, Any]], kind: str, beginning: str
) -> None:
    await page.goto(of(author, "&f.pages.gte=200"))
    await page.get_by_role("button", name="Export").click()
    async with page.expect_download() as saved:
        await page.get_by_role("menuitem", name=re.compile(f"^{kind},")).click()
    download = await saved.value
    text = await content(download)
    assert download.suggested_filename == f"books.{kind.lower()}"
    assert text.startswith(beginning)
    assert [book["title"] in text for book in books] == [False, True, True]


async def test_what_is_not_there_is_said(page: Page, watch: Watch) -> None:
    watch.foresee("status of 404")
    await page.goto(f"{BOOKS}/{MISSING}")
    await expect(page.get_by_role("heading", name="There is no such row")).to_be_visible()
    await page.get_by_role("link", name="To all books").click()
    await page.goto("/console/library/nothing")
    await expect(page.get_by_role("heading", name="There is no such resource")).to_be_visible()
    await page.goto(f"{BOOKS}?q=nowhere-to-be-found")
    await expect(page.get_by_text("Nothing matches.")).to_be_visible()
    await page.goto("/console/vouchers/vouchers")
    await expect(page.get_by_role("heading", name="No vouchers yet")).to_be_visible()


async def test_a_service_that_is_away_is_said_and_awaited(
    page: Page, watch: Watch, author: dict[str, Any], books: list[dict[str, Any]]
) -> None:
    watch.foresee("ERR_INTERNET_DISCONNECTED")
    await page.goto(of(author))
    await expect(titles(page)).to_have_count(3)
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Title").click()
    await expect(page.get_by_text("The service does not answer. What you see may be old")).to_be_visible()
    await expect(titles(page)).to_have_text(words(books))
    await page.context.set_offline(False)
    await expect(titles(page)).to_have_text(words(books)[::-1])


@one_engine
@pytest.mark.parametrize(
    "look", [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}]
)
async def test_everybody_can_use_it(
    open_page: OpenPage, service: Service, author: dict[str, Any], books: list[dict[str, Any]], look: dict[str, Any]
) -> None:
    page = await open_page(reduced_motion="reduce", **look)
    copy = make(service, "/copies", book=books[0]["id"])
    make(service, f"/copies/{copy['id']}/status", status="lent")
    for place in (
        of(author, "&f.pages.gte=100"),
        of(author, f"&edit={books[0]['id']}"),
        f"{BOOKS}/{books[0]['id']}",
        f"/console/library/copies/{copy['id']}",
        f"{BOOKS}?q=nothing-like-it",
    ):
        await page.goto(place)
        await expect(page.locator("main, [role=dialog]").first).to_be_visible()
        await expect(page.get_by_text("Loading")).to_have_count(0)
        assert await violations(page) == [], place
        assert await overflow(page) == 0, place


async def test_what_can_be_done_with_a_row_is_in_reach_of_a_thumb(
    open_page: OpenPage, author: dict[str, Any], books: list[dict[str, Any]]
) -> None:
    page = await open_page(viewport={"width": 390, "height": 800})
    await page.goto(of(author))
    menu = page.get_by_role("button", name=f"Actions of {books[0]['title']}", exact=True)
    await expect(menu).to_be_in_viewport(ratio=1)
    frame = page.locator(".frame")
    assert await frame.evaluate("frame => frame.scrollWidth > frame.clientWidth && !frame.scrollLeft")
    # What it lies over fades out, until all of it is seen: half a number would be another one.
    await expect(frame).to_have_class(re.compile("covers"))
    await frame.evaluate("frame => frame.scrollTo(frame.scrollWidth, 0)")
    await expect(frame).not_to_have_class(re.compile("covers"))
    await menu.click()
    await expect(page.get_by_role("menuitem", name="Edit")).to_be_visible()


async def test_a_row_that_never_was_is_told_of_once(page: Page, watch: Watch) -> None:
    watch.foresee("status of 404")
    await page.goto(f"{BOOKS}/01890000-0000-7000-8000-000000000000")
    await expect(page.get_by_role("heading", name="There is no such row")).to_be_visible()
    await expect(page.get_by_text("Nothing was ever written of it.")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)
