"""The chart of telemetry under fingers: one moves it, two zoom it, and the page scrolls still."""

from playwright.async_api import CDPSession, Page, expect

from tests.console.charts import CHART, HAS_RANGE, VOLTAGE, drawn, range_of
from tests.console.conftest import OpenPage, one_engine

pytestmark = one_engine

PHONE = {"has_touch": True, "viewport": {"width": 390, "height": 844}}
STEPS = 6


async def fingers(page: Page, line: CDPSession, begin: list[float], end: list[float], rise: float = 0) -> None:
    """Lay fingers on the chart at shares of its width, move each to another one, and lift them; ``rise`` in pixels."""
    box = await page.locator(".u-over").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    for step in range(STEPS + 1):
        shares = [start + (stop - start) * step / STEPS for start, stop in zip(begin, end, strict=True)]
        places = [
            {"x": box["x"] + share * box["width"], "y": middle - rise * step / STEPS, "id": number}
            for number, share in enumerate(shares)
        ]
        await line.send(
            "Input.dispatchTouchEvent", {"type": "touchMove" if step else "touchStart", "touchPoints": places}
        )
    await line.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


async def on_a_phone(open_page: OpenPage) -> tuple[Page, CDPSession]:
    page = await open_page(**PHONE)
    await page.goto(f"{CHART}?signals={VOLTAGE}&from=2021-11-10T00:00:00Z&to=2021-11-20T00:00:00Z")
    await drawn(page)
    await page.locator(".u-over").scroll_into_view_if_needed()
    return page, await page.context.new_cdp_session(page)


async def test_one_finger_moves_the_range(open_page: OpenPage) -> None:
    page, line = await on_a_phone(open_page)
    before = range_of(page)
    assert before is not None
    async with page.expect_response(lambda reply: "/series?" in reply.url):
        await fingers(page, line, [0.8], [0.3])
    await expect(page).to_have_url(HAS_RANGE)
    await drawn(page)
    after = range_of(page)
    assert after is not None
    width = before[1] - before[0]
    assert 0.3 * width < after[0] - before[0] < 0.6 * width
    assert abs((after[1] - after[0]) / width - 1) < 0.01


async def test_two_fingers_zoom_in_and_out_around_their_middle(open_page: OpenPage) -> None:
    page, line = await on_a_phone(open_page)
    seen = [range_of(page)]
    for begin, end in (([0.4, 0.6], [0.2, 0.8]), ([0.2, 0.8], [0.35, 0.65])):
        async with page.expect_response(lambda reply: "/series?" in reply.url):
            await fingers(page, line, begin, end)
        await drawn(page)
        seen.append(range_of(page))
    first, near, far = (one for one in seen if one is not None)
    middle = first[0] + (first[1] - first[0]) / 2
    assert 0.25 < (near[1] - near[0]) / (first[1] - first[0]) < 0.45
    assert 1.6 < (far[1] - far[0]) / (near[1] - near[0]) < 2.4
    for one in (near, far):
        assert abs((one[0] + (one[1] - one[0]) / 2 - middle) / (first[1] - first[0])) < 0.05


async def test_a_finger_that_goes_up_scrolls_the_page(open_page: OpenPage) -> None:
    page, line = await on_a_phone(open_page)
    before = range_of(page)
    top = await page.evaluate("scrollY")
    await fingers(page, line, [0.5], [0.5], rise=150)
    await page.wait_for_function("top => scrollY > top + 20", arg=top)
    assert range_of(page) == before
