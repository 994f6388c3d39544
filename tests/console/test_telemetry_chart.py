"""The chart of telemetry in a real browser: it zooms, moves, knows thresholds, follows live values, and fails well."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Page, Route, expect

from tests.console.asking import ask
from tests.console.browsing import Watch, violations
from tests.console.charts import CHART, CURRENT, HAS_RANGE, VOLTAGE, drag, drawn, measure, new_signal, plot, range_of
from tests.console.conftest import one_engine
from tests.support.service import Service


async def test_the_chart_begins_with_the_range_of_the_data(page: Page) -> None:
    await page.goto(CHART)
    await drawn(page)
    assert (await page.get_by_label("From").input_value()).startswith("2021-11-01T")
    await page.get_by_role("button", name="24 h").click()
    await expect(page).to_have_url(re.compile("span=24h"))
    await drawn(page)
    assert (await page.get_by_label("From").input_value()).startswith(("2021-11-29T", "2021-11-30T"))
    await page.go_back()
    await expect(page.get_by_role("button", name="All")).to_have_attribute("aria-pressed", "true")


async def test_dragging_zooms_and_the_service_reads_the_range_anew(page: Page, service: Service) -> None:
    await page.goto(f"{CHART}?signals={VOLTAGE}")
    await drawn(page)
    async with page.expect_response(lambda reply: "/series?" in reply.url and "from=" in reply.url) as told:
        await drag(page, 0.4, 0.6)
    asked = parse_qs(urlsplit((await told.value).url).query)
    width = await page.locator(".plotting").evaluate("element => element.clientWidth")
    assert abs(int(asked["points"][0]) - width) <= 25
    await expect(page).to_have_url(HAS_RANGE)
    first = range_of(page)
    assert first is not None
    assert timedelta(days=5) < first[1] - first[0] < timedelta(days=7)
    await drawn(page)
    bounds = {"from": first[0].isoformat(), "to": first[1].isoformat()}
    exact = ask(service, "GET", f"/measurements/stats/{VOLTAGE}", params=bounds).json()
    row = page.get_by_role("row").filter(has_text="BEZOBF110BIRMENU_L12")
    await expect(row).to_contain_text(f"{exact['count']:,}")
    await expect(row).to_contain_text(f"{exact['max']:.6f}".rstrip("0"))
    await page.get_by_role("link", name="Export CSV").evaluate("link => { window.exported = link.href }")
    file = ask(service, "GET", (await page.evaluate("window.exported")).removeprefix(service.base_url)).text
    assert len(file.splitlines()) == exact["count"] + 1
    await page.get_by_role("button", name="Reset").click()
    await expect(page).not_to_have_url(HAS_RANGE)
    await page.go_back()
    await expect(page).to_have_url(HAS_RANGE)
    assert range_of(page) == first


@one_engine
async def test_the_chart_moves_by_wheel_shift_and_keys(page: Page) -> None:
    await page.goto(f"{CHART}?signals={VOLTAGE}&from=2021-11-10T00:00:00Z&to=2021-11-12T00:00:00Z")
    await drawn(page)
    ranges = [range_of(page)]

    async def settled(narrower: bool | None) -> None:
        await page.wait_for_url(lambda _: range_of(page) != ranges[-1])
        now, before = range_of(page), ranges[-1]
        assert now is not None
        assert before is not None
        change = (now[1] - now[0]) - (before[1] - before[0])
        assert abs(change) < timedelta(seconds=1) if narrower is None else (change < timedelta(0)) == narrower
        ranges.append(now)

    assert ranges[0] is not None
    await page.locator(".u-over").hover()
    await page.mouse.wheel(0, -300)
    await settled(narrower=True)
    await page.keyboard.down("Shift")
    await drag(page, 0.6, 0.3)
    await page.keyboard.up("Shift")
    await settled(narrower=None)
    await plot(page).press("-")
    await settled(narrower=False)
    await plot(page).press("Shift+ArrowLeft")
    await settled(narrower=None)
    await page.get_by_role("button", name="Zoom in").click()
    await settled(narrower=True)
    await drawn(page)
    await plot(page).press("ArrowRight")
    await expect(page.get_by_role("figure").get_by_role("status")).to_contain_text("BEZOBF110BIRMENU_L12 11")
    await plot(page).press("0")
    await expect(page).not_to_have_url(HAS_RANGE)


@one_engine
async def test_the_ends_of_the_range_are_typed_in_local_time(page: Page) -> None:
    await page.goto(f"{CHART}?signals={VOLTAGE}&from=2021-11-10T00:00:00Z&to=2021-11-12T00:00:00Z")
    await drawn(page)
    begin = page.get_by_label("From")
    # The viewer is in Zurich, an hour ahead in November.
    await expect(begin).to_have_value("2021-11-10T01:00")
    await expect(begin).to_have_attribute("title", "2021-11-10 00:00:00.000 UTC")
    await begin.fill("2021-11-11T06:00:00")
    await begin.blur()
    await expect(page).to_have_url(re.compile("from=2021-11-11T05(:|%3A)00"))


async def test_a_threshold_lists_what_is_beyond_it(page: Page, service: Service) -> None:
    await page.goto(f"{CHART}?signals={CURRENT},{VOLTAGE}")
    await drawn(page)
    await page.get_by_label("Signal of the threshold").select_option(label="BEZOBF110BIRMENU_L12")
    await page.get_by_role("spinbutton", name="Threshold").fill("117.25")
    await page.get_by_role("spinbutton", name="Threshold").press("Enter")
    await expect(page).to_have_url(re.compile(f"threshold=117.25&on={VOLTAGE}"))
    query = {"above": "117.25", "total": "true", "limit": "20"}
    reply = ask(service, "GET", f"/measurements/outliers/{VOLTAGE}", params=query)
    table = page.get_by_role("group", name="Measurements beyond the threshold")
    await expect(page.get_by_text("are above 117.25 kV")).to_contain_text(f"{int(reply.headers['total-count']):,}")
    await expect(table.locator("tbody tr")).to_have_count(20)
    await expect(table.locator("tbody tr").first.locator("time")).to_have_attribute(
        "datetime", reply.json()[0]["timestamp"]
    )
    first = await table.locator("tbody time").first.inner_text()
    await page.get_by_role("button", name="Next page").click()
    await expect(table.locator("tbody time").first).not_to_have_text(first)
    await page.go_back()
    await expect(table.locator("tbody time").first).to_have_text(first)
    await page.get_by_label("Side").select_option("below")
    await page.get_by_role("spinbutton", name="Threshold").fill("1")
    await page.get_by_role("spinbutton", name="Threshold").press("Enter")
    await expect(page.get_by_text("Nothing is below 1 kV in this range")).to_be_visible()


async def test_signals_are_chosen_and_have_two_axes(page: Page) -> None:
    await page.goto(f"{CHART}?signals=")
    await expect(page.get_by_text("Choose signals to see them.")).to_be_visible()
    await page.get_by_role("button", name="Signals", exact=True).click()
    dialog = page.get_by_role("dialog", name="Signals")
    await dialog.get_by_label("Search signals").fill("beznau")
    await dialog.get_by_label("BEZOBF110BIRMENU_L12").check()
    await dialog.get_by_label("BEZOBF110BIRMENI_L1").check()
    assert await violations(page) == []
    await dialog.get_by_role("button", name="Done").click()
    await drawn(page)
    await expect(page.locator(".u-axis")).to_have_count(3)
    await expect(page.get_by_role("figure")).to_contain_text("(kV)")
    await expect(page.get_by_role("figure")).to_contain_text("(A)")
    await page.get_by_role("button", name="Remove BEZOBF110BIRMENI_L1").click()
    await expect(page).to_have_url(re.compile(f"signals={VOLTAGE}$"))
    await page.get_by_label("Drawn as").select_option("lttb")
    await expect(page).to_have_url(re.compile("method=lttb"))
    await drawn(page)


async def test_live_values_slide_the_range(page: Page, service: Service) -> None:
    now = datetime.now(UTC)
    signal = new_signal(service, 7001, [(now - timedelta(minutes=n), float(n)) for n in range(120, 0, -1)])
    await page.goto(f"{CHART}?signals={signal}&span=1h")
    await drawn(page)
    begin = await page.get_by_label("From").input_value()
    await page.get_by_role("button", name="Go live").click()
    await expect(page).to_have_url(re.compile("live=1"))
    measure(service, 7001, [(now + timedelta(minutes=10), 4321.5)])
    statistics = page.get_by_role("row").filter(has_text="SIGNAL_7001")
    await expect(statistics).to_contain_text("4,321.5")
    await expect(page.get_by_label("From")).not_to_have_value(begin)
    later = await page.get_by_label("From").input_value()
    measure(service, 7001, [(now + timedelta(minutes=20), 9876.5)])
    await expect(statistics).to_contain_text("9,876.5")
    assert await page.get_by_label("From").input_value() > later
    await page.get_by_role("button", name="Live").click()
    await expect(page).not_to_have_url(re.compile("live=1"))


@one_engine
async def test_a_chart_nobody_looks_at_does_not_ask(page: Page) -> None:
    await page.clock.install()
    await page.goto(f"{CHART}?signals={VOLTAGE}&span=1h&live=1")
    await drawn(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/last") else None)
    async with page.expect_request("**/last"):
        await page.clock.run_for(2100)
    await page.evaluate(
        "Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))"
    )
    await page.clock.run_for(100)
    asked.clear()
    await page.clock.run_for(20_000)
    assert asked == []


async def test_a_range_without_measurements_and_signals_that_are_none(page: Page) -> None:
    await page.goto(f"{CHART}?signals={VOLTAGE},5&from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z")
    await expect(page.get_by_text("There is no signal 5.")).to_be_visible()
    await expect(page.get_by_text("No measurement in this range.")).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="BEZOBF110BIRMENU_L12")).to_contain_text("–")
    await page.get_by_role("button", name="Show all", exact=True).click()
    await drawn(page)
    await expect(page.get_by_text("No measurement in this range.")).to_have_count(0)


async def test_a_failure_keeps_the_picture_and_is_tried_again(page: Page, watch: Watch) -> None:
    watch.foresee("status of 400")
    await page.goto(f"{CHART}?signals={VOLTAGE}")
    await drawn(page)

    async def refuse(route: Route) -> None:
        body = '{"type": "urn:roadbed:problem:invalid", "title": "Not now", "status": 400, "detail": "Of no use"}'
        await route.fulfill(status=400, content_type="application/problem+json", body=body)

    await page.route("**/series?*", refuse)
    await page.get_by_role("button", name="7 d").click()
    alert = page.get_by_role("alert").filter(has_text="Not now")
    await expect(alert).to_be_visible()
    await page.unroute("**/series?*")
    await alert.get_by_role("button", name="Try again").click()
    await drawn(page)
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_without_the_service_the_page_says_so(page: Page, watch: Watch) -> None:
    watch.foresee("ERR_INTERNET_DISCONNECTED")
    await page.goto(f"{CHART}?signals={VOLTAGE}")
    await drawn(page)
    await page.context.set_offline(True)
    await page.get_by_role("button", name="7 d").click()
    await expect(page.get_by_role("alert").first).to_contain_text("does not answer")
    await page.context.set_offline(False)
    await expect(page.get_by_role("alert")).to_have_count(0)
    await drawn(page)
