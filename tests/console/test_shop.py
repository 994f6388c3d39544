"""The shop in a real browser: buying, the code as text and as QR, what goes wrong, without JavaScript, dark, narrow."""

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.console.asking import UNUSED
from tests.console.browsing import Watch, overflow, violations
from tests.console.conftest import OpenPage, one_engine
from tests.support.service import Service

SHOP = "/vouchers/"
CODE = re.compile("(?:[0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}")
COURSE = "Quantum Cuisine - introductory course"
NARROW = {"width": 390, "height": 844}
WINDOWS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": NARROW, "is_mobile": True},
    "narrow and dark": {"viewport": NARROW, "color_scheme": "dark"},
    "without JavaScript": {"java_script_enabled": False},
}
every_window = pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)


def api(service: Service) -> httpx.Client:
    return httpx.Client(base_url=service.base_url, verify=UNUSED)


def bought_by(service: Service, buyer: str) -> list[dict[str, Any]]:
    with api(service) as client:
        return client.get("/vouchers", params={"buyer": buyer}).json()


def new_template(service: Service, title: str) -> str:
    with api(service) as client:
        made = client.post("/vouchers/templates", json={"title": title, "price": 4136, "currency": "EUR"})
    return made.json()["id"]


async def fill(page: Page, buyer: str, email: str = "", title: str = COURSE) -> None:
    """Open the form of a voucher and fill it in, as a person does."""
    card = page.get_by_role("listitem").filter(has_text=title)
    form = card.get_by_role("form", name=title)
    if not await form.is_visible():
        await card.locator("summary").click()
    await card.get_by_label("Your name").fill(buyer)
    await card.get_by_label("Your e-mail address").fill(email)


async def confirm(page: Page) -> None:
    await page.get_by_role("button", name="Confirm the purchase").locator("visible=true").click()


@every_window
async def test_a_purchase_ends_with_the_code(open_page: OpenPage, service: Service, window: dict[str, Any]) -> None:
    page = await open_page(**window)
    buyer = f"Ada {sorted(window.items())}"[:100]
    await page.goto(SHOP)
    await expect(page.get_by_role("heading", name=COURSE)).to_be_visible()
    await fill(page, buyer, "ada@example.org")
    await confirm(page)
    await expect(page).to_have_url(f"{service.base_url}/vouchers/thanks")
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Thank you, {buyer}!")
    code = await page.locator(".code").inner_text()
    assert CODE.fullmatch(code)
    await expect(page.get_by_role("img", name="The redemption code as a QR code")).to_be_visible()
    assert await overflow(page) == 0
    (voucher,) = bought_by(service, buyer)
    with api(service) as client:
        redeemed = client.post("/vouchers/redeem", json={"code": code}).json()
    assert (redeemed["id"], redeemed["status"]) == (voucher["id"], "used")


@one_engine
async def test_the_qr_code_says_the_code(page: Page) -> None:
    """The picture in the page is the one that a QR code of the text beside it is: square by square, on white."""
    import segno

    await page.goto(SHOP)
    await fill(page, "Scanned")
    await confirm(page)
    code = await page.locator(".code").inner_text()
    expected = [list(row) for row in segno.make_qr(code, error="q").matrix]
    rows = await page.evaluate(
        """async (size) => {
            const svg = document.querySelector(".qr svg").cloneNode(true)
            svg.setAttribute("width", size * 10)
            svg.setAttribute("height", size * 10)
            svg.setAttribute("xmlns", "http://www.w3.org/2000/svg")
            const image = new Image()
            image.src = "data:image/svg+xml," + encodeURIComponent(new XMLSerializer().serializeToString(svg))
            await image.decode()
            const canvas = document.createElement("canvas")
            canvas.width = canvas.height = size * 10
            const context = canvas.getContext("2d")
            context.drawImage(image, 0, 0)
            const seen = context.getImageData(0, 0, size * 10, size * 10).data
            const dark = (x, y) => seen[((y * 10 + 5) * size * 10 + x * 10 + 5) * 4] < 128 ? 1 : 0
            return [...Array(size).keys()].map((y) => [...Array(size).keys()].map((x) => dark(x, y)))
        }""",
        len(expected) + 8,
    )
    assert [row[4:-4] for row in rows[4:-4]] == expected
    border = [*rows[:4], *rows[-4:], *(row[:4] + row[-4:] for row in rows)]
    assert sum(sum(row) for row in border) == 0


async def test_the_code_is_shown_once(page: Page) -> None:
    await page.goto(SHOP)
    await fill(page, "Once")
    await confirm(page)
    code = await page.locator(".code").inner_text()
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your voucher")
    assert code not in await page.content()
    await expect(page.locator(".qr")).to_have_count(0)


async def test_what_was_sent_twice_is_bought_once(page: Page, service: Service) -> None:
    await page.goto(SHOP)
    await fill(page, "Twice")
    form = page.get_by_role("form", name=COURSE)
    # What a double click does: the form goes out again before the reply to the first one is there.
    await form.evaluate("form => { form.submit(); form.submit() }")
    await expect(page).to_have_url(re.compile("/vouchers/thanks$"))
    await expect(page.locator(".code")).to_have_text(CODE)
    await page.go_back()
    assert len(bought_by(service, "Twice")) == 1


async def test_a_name_that_is_too_long_comes_back_with_what_is_wrong(
    page: Page, service: Service, watch: Watch
) -> None:
    watch.foresee("status of 400")
    await page.goto(SHOP)
    # The field itself stops at 100; whoever gets past it is told all the same.
    await page.locator("input[name=buyer]").first.evaluate("input => input.removeAttribute('maxlength')")
    title = await page.get_by_role("heading", level=2).first.inner_text()
    await fill(page, "x" * 101, "kept@example.org", title)
    await confirm(page)
    field = page.get_by_label("Your name").locator("visible=true")
    await expect(field).to_be_focused()
    await expect(field).to_have_accessible_description("Please give your name, in at most 100 characters.")
    await expect(page.get_by_label("Your e-mail address").locator("visible=true")).to_have_value("kept@example.org")
    assert await violations(page) == []
    assert bought_by(service, "x" * 100) == []
    await field.fill("Corrected")
    await confirm(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, Corrected!")


@one_engine
async def test_a_name_is_asked_for(page: Page) -> None:
    await page.goto(SHOP)
    await fill(page, "")
    await confirm(page)
    assert await page.evaluate("document.activeElement.validity.valueMissing")
    await expect(page).to_have_url(re.compile(f"{SHOP}$"))


async def test_what_went_off_sale_meanwhile_is_not_sold(page: Page, service: Service, watch: Watch) -> None:
    watch.foresee("status of 409")
    template = new_template(service, "Gone by then")
    await page.goto(SHOP)
    await fill(page, "Too Late", title="Gone by then")
    with api(service) as client:
        assert client.patch(f"/vouchers/templates/{template}", json={"active": False}).status_code == 200
    await confirm(page)
    await expect(page.get_by_role("alert")).to_contain_text("not on sale any more")
    await expect(page.get_by_role("heading", name="Gone by then")).to_have_count(0)
    assert await violations(page) == []
    assert bought_by(service, "Too Late") == []


LOOKS = {name: window for name, window in WINDOWS.items() if name != "without JavaScript"}


@one_engine
@pytest.mark.parametrize("window", LOOKS.values(), ids=LOOKS)
async def test_everybody_can_use_it(open_page: OpenPage, service: Service, window: dict[str, Any]) -> None:
    page = await open_page(**window)
    await page.goto(SHOP)
    await fill(page, "Everybody")
    assert (await violations(page), await overflow(page)) == ([], 0)
    await confirm(page)
    await expect(page.locator(".code")).to_have_text(CODE)
    assert (await violations(page), await overflow(page)) == ([], 0)
    await page.reload()
    assert await violations(page) == []


@one_engine
async def test_the_keyboard_is_enough(page: Page) -> None:
    await page.goto(SHOP)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the vouchers")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Your name").locator("visible=true")).to_be_focused()
    await page.keyboard.type("Keyboard")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, Keyboard!")


@one_engine
async def test_there_is_no_way_to_the_admin_and_no_script(page: Page) -> None:
    await page.goto(SHOP)
    links = await page.eval_on_selector_all("a[href]", "found => found.map(link => link.getAttribute('href'))")
    assert {link for link in links if "console" in link or "templates" in link} == set()
    assert await page.locator("script").count() == 0


@one_engine
async def test_campaign_tags_change_nothing(page: Page) -> None:
    await page.goto("/vouchers?utm_source=letter&x=1")
    await expect(page.get_by_role("heading", name=COURSE)).to_be_visible()


@one_engine
async def test_a_browser_lands_there_from_anywhere(page: Page, service: Service) -> None:
    for path in ("/vouchers", SHOP):
        reply = await page.goto(path)
        assert reply is not None
        assert (reply.status, page.url) == (200, service.base_url + path)


async def test_the_buttons_of_a_row_stand_side_by_side(page: Page) -> None:
    await page.goto(SHOP)
    cards = page.get_by_role("listitem")
    boxes = [await card.bounding_box() for card in await cards.all()]
    buttons = [await button.bounding_box() for button in await cards.locator("summary").all()]
    rows: dict[float, set[float]] = {}
    for card, button in zip(boxes, buttons, strict=True):
        assert card is not None
        assert button is not None
        rows.setdefault(card["y"], set()).add(button["y"])
    assert len(rows) < len(boxes)
    assert [len(places) for places in rows.values()] == [1] * len(rows)
