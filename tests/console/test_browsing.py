"""The watch over pages sees what it is there for: each of these is foreseen, and would fail its test otherwise."""

import re
from collections import Counter

import pytest
from playwright.async_api import Page

from tests.console.browsing import RULES, Watch, overflow, violations
from tests.console.conftest import one_engine

# A policy that lets its own scripts alone in, as the console's does.
STRICT = "/docs"
ONCE = '<input><button></button><a href="/vouchers/"></a><ul><div>x</div></ul><div role="nothing">x</div><h5>x</h5>'
FAULTS = ONCE + 30 * '<img src="data:,"><p data-pale>hard to read</p>'


@one_engine
@pytest.mark.parametrize(
    ("script", "noted"),
    [
        ("console.error('an error')", "^console error: an error"),
        ("console.warn('a warning')", "^console warning: a warning"),
        ("setTimeout(() => { throw new Error('nobody caught it') })", "^page error: .*nobody caught it"),
        ("Promise.reject(new Error('nobody waited')); 0", "^page error: .*nobody waited"),
        ("fetch('/no/such/path').then(() => 0)", "^console error: .*status of 404"),
    ],
)
async def test_what_goes_wrong_in_a_page_is_noted(page: Page, watch: Watch, script: str, noted: str) -> None:
    watch.foresee(noted)
    await page.goto(STRICT)
    await page.evaluate(script)
    await page.wait_for_function("() => new Promise(done => setTimeout(() => done(true), 50))")
    assert [text for text in watch.noted if re.search(noted, text)]


@one_engine
async def test_what_the_policy_forbids_is_noted(page: Page, watch: Watch) -> None:
    watch.foresee("^console error: .*(?:Content Security Policy|script-src)")
    await page.goto(STRICT)
    script = "Object.assign(document.createElement('script'), {text: 'window.got = 1'})"
    await page.evaluate(f"document.body.append({script})")
    assert await page.evaluate("window.got") is None


@one_engine
async def test_a_request_to_elsewhere_is_noted_and_goes_nowhere(page: Page, watch: Watch) -> None:
    watch.foresee("^request to elsewhere: http://elsewhere.example/")
    await page.goto(STRICT)
    await page.goto("/vouchers/")
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        await page.goto("http://elsewhere.example/")


@one_engine
async def test_a_page_without_faults_passes(page: Page, watch: Watch) -> None:
    await page.goto("/vouchers/")
    assert watch.problems() == []


def test_what_was_foreseen_must_happen() -> None:
    watching = Watch("http://127.0.0.1:1")
    watching.foresee("status of 409")
    assert watching.problems() == ["did not happen: status of 409"]
    watching.noted.append("console error: a status of 409")
    assert watching.problems() == []


@one_engine
async def test_axe_finds_what_people_could_not_use(page: Page) -> None:
    await page.goto("/vouchers/")
    assert await violations(page) == []
    await page.evaluate("document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=\"data:,\"><input>')")
    found = {text.partition(":")[0] for text in await violations(page)}
    assert {"image-alt", "label"} <= found


@one_engine
async def test_axe_finds_as_much_as_when_it_describes_all_that_passes(page: Page) -> None:
    await page.goto("/vouchers/")
    await page.evaluate("text => document.querySelector('h1').insertAdjacentHTML('afterend', text)", FAULTS)
    await page.evaluate("document.querySelectorAll('[data-pale]').forEach(one => { one.style.color = '#ddd' })")
    found = await violations(page)
    told = await page.evaluate("tags => axe.run('html', {runOnly: {type: 'tag', values: tags}})", list(RULES))
    nodes = [(rule["id"], node["html"]) for rule in told["violations"] for node in rule["nodes"]]
    assert [text.partition(":")[0] for text in found] == [rule for rule, _ in nodes]
    assert all(html in text for text, (_, html) in zip(found, nodes, strict=True))
    assert {"image-alt": 30, "color-contrast": 30}.items() <= Counter(rule for rule, _ in nodes).items()
    assert {"label", "button-name", "link-name", "list", "aria-roles", "heading-order"} <= {rule for rule, _ in nodes}


@one_engine
async def test_what_is_too_wide_is_measured(page: Page) -> None:
    await page.goto("/vouchers/")
    assert await overflow(page) == 0
    await page.evaluate("document.body.style.minWidth = '2000px'")
    assert await overflow(page) > 0
