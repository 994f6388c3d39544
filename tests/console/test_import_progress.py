"""A large file in the console: rows are counted while they are tried and written, and somebody may stop it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.console.browsing import overflow, violations
from tests.console.conftest import OpenPage
from tests.console.library import rows, service
from tests.support.service import Service

__all__ = ["service"]

AUTHORS = "/console/library/authors"
ROWS = re.compile(r"^[\d,]+ rows?, [\d,]+ left out")

# Each text that tells how far it is, as it comes: what shows for a quarter of a second is not missed.
NOTE = """() => {
  window.told_ = []
  new MutationObserver(() => {
    const text = document.querySelector(".upload .words")?.textContent
    if (text && text !== window.told_.at(-1)) window.told_.push(text)
  }).observe(document.body, { subtree: true, childList: true, characterData: true })
}"""


def authors(folder: Path, count: int, name: str) -> Path:
    """Write a file of authors; every hundredth has a name that is too long."""
    file = folder / "authors.csv"
    names = ("z" * 1000 if number % 100 == 99 else f"{name} {number}" for number in range(count))
    file.write_text("name\n" + "".join(f"{each}\n" for each in names))
    return file


async def choose(page: Page, file: Path) -> Locator:
    await page.goto(AUTHORS)
    await page.get_by_role("button", name="Import", exact=True).click()
    await page.evaluate(NOTE)
    await page.get_by_label("File to import").set_input_files(file)
    return page.get_by_role("dialog", name="Import authors")


async def test_rows_are_counted_while_they_are_written(page: Page, service: Service, tmp_path: Path) -> None:
    dialog = await choose(page, authors(tmp_path, 4000, tmp_path.name))
    await expect(dialog.get_by_text("The import would bring: 3,960 new, 40 left out")).to_be_visible()
    told = [text for text in await page.evaluate("told_") if ROWS.match(text)]
    assert any("rows/s" in text for text in told), told
    await dialog.get_by_role("button", name="Import 3,960 rows").click()
    await expect(dialog.get_by_text("Imported: 3,960 new, 40 left out")).to_be_visible()
    assert len(rows(service, "/authors", **{"name.prefix": tmp_path.name, "limit": "1000"})) == 1000


async def test_it_may_be_stopped(open_page: OpenPage, service: Service, tmp_path: Path) -> None:
    page = await open_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
    dialog = await choose(page, authors(tmp_path, 40_000, tmp_path.name))
    await expect(dialog.get_by_text(ROWS)).to_be_visible()
    assert await overflow(page) == 0
    assert await violations(page) == []
    await dialog.get_by_role("button", name="Stop").click()
    await expect(dialog.get_by_text("Stopped. Nothing was written.")).to_be_visible()
    assert rows(service, "/authors", **{"name.prefix": tmp_path.name}) == []


@pytest.mark.parametrize("is_told", [True, False])
async def test_what_breaks_off_is_not_taken_for_done(
    page: Page, service: Service, tmp_path: Path, is_told: bool
) -> None:
    problem = {"type": "urn:roadbed:problem:overloaded", "title": "Overloaded", "status": 503, "detail": "Queues full"}
    progress: dict[str, Any] = {"read": 1, "size": 2, "inserted": 1, "changed": 0, "unchanged": 0, "rejected": 0}
    lines = [{"progress": progress}, {"problem": problem}] if is_told else [{"progress": progress}]

    async def break_off(route: Route) -> None:
        body = "".join(json.dumps(line) + "\n" for line in lines)
        await route.fulfill(content_type="application/x-ndjson", body=body)

    await page.route("**/authors/import*", break_off)
    dialog = await choose(page, authors(tmp_path, 2, tmp_path.name))
    await expect(dialog.get_by_role("alert")).to_contain_text("Queues full" if is_told else "does not answer")
    await expect(dialog.get_by_role("button", name="Import", exact=True)).to_be_disabled()
