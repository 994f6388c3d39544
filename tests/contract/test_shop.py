"""The shop as a browser without JavaScript sees it: cards, a form, a page of thanks with the code, once."""

import html
import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import pytest

from tests.conftest import ENGINES
from tests.contract.conftest import Running, serving
from tests.contract.conventions import check_reply
from tests.contract.wire import Connection, Reply, Values, head

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
INTRODUCTION = "01930000-0000-7000-8000-000000000001"
AS_JSON = {"Content-Type": "application/json"}
KEYED = {"Idempotency-Key": "b7a4f1d2-5f0e-4c57-9a0b-3d8f2f6f1c11"}
CODE = "(?:[0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}"


class Browser:
    """Asks as browsers do, and keeps one cookie."""

    def __init__(self, running: Running) -> None:
        self._port = running.port
        self.origin = f"http://127.0.0.1:{running.port}"
        self.cookie = ""

    def ask(self, method: str, target: str, headers: Mapping[str, Values] | None = None, body: str = "") -> Reply:
        given: dict[str, Values] = {"Host": self.origin.removeprefix("http://"), **BROWSER, **(headers or {})}
        given |= {"Content-Length": str(len(body))} if body else {}
        given |= {"Cookie": f"other=1; {self.cookie}"} if self.cookie else {}
        with Connection(self._port) as connection:
            connection.send(head(method, target, given) + body.encode())
            reply = connection.read_reply(method)
        if reply.header("content-type") != "text/html; charset=utf-8":
            check_reply(reply, method)
        elif method != "HEAD":
            check_page(reply)
        set_cookie = reply.header("set-cookie") or ""
        self.cookie = self.cookie if not set_cookie else set_cookie.partition(";")[0]
        return reply

    def send(self, entered: Mapping[str, str], headers: Mapping[str, Values] | None = None) -> Reply:
        return self.ask("POST", "/vouchers/", {**FORM, "Origin": self.origin, **(headers or {})}, urlencode(entered))

    def form(self) -> dict[str, str]:
        """Return the hidden fields of the form on the first card."""
        page = self.ask("GET", "/vouchers/").body.decode()
        fields = re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]+)">', page)
        return dict(fields[:2])


def check_page(reply: Reply) -> None:
    policy = reply.header("content-security-policy") or ""
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "script" not in policy
    assert (reply.header("referrer-policy"), reply.header("cache-control")) == ("same-origin", "no-store")
    page = reply.body.decode()
    assert re.findall(r"<script|\son[a-z]+=|\sstyle=|https?://(?!www\.w3\.org)", page) == []
    assert re.search(r'<html lang="en">.*<title>[^<]+</title>.*<main.*<h1|<h1.*<main', page, re.DOTALL)
    for name in re.findall(r'<input id="([^"]+)"', page):
        assert f'<label for="{name}">' in page


@pytest.fixture(scope="module", params=ENGINES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service of this file alone: what others have put on offer stands first on the page."""
    with serving(request.param, request, tmp_path_factory) as started:
        yield started


@pytest.fixture
def browser(running: Running) -> Browser:
    return Browser(running)


def vouchers_of(browser: Browser, buyer: str) -> list[dict[str, str]]:
    reply = browser.ask("GET", f"/vouchers?{urlencode({'buyer': buyer})}", {"Accept": "application/json"})
    return json.loads(reply.body)


def test_who_asks_gets_what_they_can_read(browser: Browser) -> None:
    for target in ("/vouchers", "/vouchers/", "/vouchers?utm_source=letter&gclid=%FF", "/vouchers/?x=1"):
        page = browser.ask("GET", target)
        assert (page.status, page.header("vary")) == (200, "Accept")
        assert "Buy for 41.36€" in page.body.decode()
        assert "Buy for 299.79€" in page.body.decode()
    for accept in ("*/*", "application/json"):
        data = browser.ask("GET", "/vouchers?limit=1", {"Accept": accept})
        assert (data.header("content-type"), data.header("vary")) == ("application/json", "Accept")
    led = browser.ask("GET", "/vouchers/?limit=1", {"Accept": "application/json"})
    assert (led.status, led.header("location"), led.header("vary")) == (307, "/vouchers?limit=1", "Accept")
    assert browser.ask("GET", "/vouchers?utm_source=letter", {"Accept": "*/*"}).status == 400


def test_a_purchase_ends_on_a_page_that_shows_the_code_once(running: Running, browser: Browser) -> None:
    sent = browser.send({**browser.form(), "buyer": ' <Ada> & "Bob" ', "email": "ada@example.org"})
    assert (sent.status, sent.header("location"), sent.body) == (303, "/vouchers/thanks", b"")
    cookie = sent.header("set-cookie") or ""
    assert cookie.endswith("; Path=/vouchers/thanks; Max-Age=600; HttpOnly; SameSite=Strict")
    assert browser.ask("HEAD", "/vouchers/thanks").header("set-cookie") is None
    page = browser.ask("GET", "/vouchers/thanks")
    assert (page.header("set-cookie") or "").startswith("voucher_bought=; Path=/vouchers/thanks; Max-Age=0;")
    text = page.body.decode()
    assert html.escape('<Ada> & "Bob"', quote=False) in text.replace("&#34;", '"')
    (code,) = re.findall(CODE, text)
    assert code not in browser.ask("GET", "/vouchers/thanks").body.decode()
    (voucher,) = vouchers_of(browser, '<Ada> & "Bob"')
    assert (voucher["email"], voucher["template_id"], voucher["status"]) == (
        "ada@example.org",
        INTRODUCTION,
        "purchased",
    )
    used = browser.ask("POST", "/vouchers/redeem", {**AS_JSON, **KEYED}, json.dumps({"code": code}))
    assert json.loads(used.body)["id"] == voucher["id"]
    assert code not in running.service.logs() + running.stored.everything()


def test_a_code_is_kept_nowhere(running: Running, browser: Browser) -> None:
    new = {"template_id": INTRODUCTION, "buyer": "Nowhere"}
    batch = {"operations": [{"method": "POST", "path": "/vouchers", "body": new}]}
    for path, body, headers in (("/vouchers", new, {}), ("/vouchers", new, KEYED), ("/batch", batch, KEYED)):
        replies = [browser.ask("POST", path, {**AS_JSON, **headers}, json.dumps(body)).body for _ in range(2)]
        codes = re.findall(f'"code":"({CODE})"', b"".join(replies).decode())
        assert len(set(codes)) == (1 if headers else 2)
        kept = running.service.logs() + running.stored.everything()
        assert "Nowhere" in kept
        assert [code for code in codes if code in kept or code.replace("-", "") in kept] == []


def test_a_code_of_another_voucher_is_not_shown(browser: Browser) -> None:
    cookies: list[str] = []
    for _ in range(2):
        browser.send({**browser.form(), "buyer": "Eve"})
        cookies.append(browser.cookie)
    mine, other = (cookie.partition(".") for cookie in cookies)
    for wrong in (f"{mine[0]}.{other[2]}", f"{mine[0]}.nonsense", "voucher_bought=", "voucher_bought=x.y"):
        browser.cookie = wrong
        page = browser.ask("GET", "/vouchers/thanks")
        assert (page.status, re.findall(CODE, page.body.decode()), page.header("set-cookie")) == (200, [], None)


def test_a_form_sent_twice_buys_once(browser: Browser) -> None:
    form = browser.form()
    first, again = (browser.send({**form, "buyer": "Double Click"}) for _ in range(2))
    assert (first.status, first.header("set-cookie")) == (again.status, again.header("set-cookie"))
    assert len(vouchers_of(browser, "Double Click")) == 1
    other = browser.send({**form, "buyer": "Somebody Else"})
    assert (other.status, vouchers_of(browser, "Somebody Else")) == (422, [])
    assert 'role="alert"' in other.body.decode()


def wrong_forms() -> Iterator[tuple[dict[str, str], str]]:
    yield {"buyer": "", "email": "kept@example.org"}, "Please give your name"
    yield {"buyer": "  "}, "Please give your name"
    yield {"buyer": "x" * 101}, "Please give your name"
    yield {"buyer": "Ada", "email": "nope"}, "This does not look like an e-mail address"
    yield {"buyer": "nul\0"}, 'id="wrong-buyer"'
    yield {"template_id": "7", "buyer": "Ada"}, "not on sale any more"
    yield {"template_id": "01930000-0000-7000-8000-000000000009", "buyer": "Ada"}, "not on sale any more"
    yield {}, "not on sale any more"


@pytest.mark.parametrize(("entered", "said"), [*wrong_forms()])
def test_a_form_that_is_wrong_comes_back_with_what_was_entered(
    browser: Browser, entered: dict[str, str], said: str
) -> None:
    given = {"template_id": INTRODUCTION, **entered} if entered else {}
    page = browser.send(given) if given else browser.ask("POST", "/vouchers/", FORM, "%FF&&=")
    assert (page.status, browser.cookie) == (400, "")
    text = page.body.decode()
    assert said in text
    if given.get("template_id") == INTRODUCTION:
        assert len(re.findall("<details open>", text)) == 1
        assert len(re.findall("autofocus", text)) == 1
        assert f'value="{given.get("email", "")}"' in text


def test_what_was_taken_off_the_shelf_is_not_sold(browser: Browser) -> None:
    template = {"title": "Shelf <b>", "price": 100, "currency": "USD"}
    made = json.loads(browser.ask("POST", "/vouchers/templates", AS_JSON, json.dumps(template)).body)
    assert "Shelf &lt;b&gt;" in (page := browser.ask("GET", "/vouchers/").body.decode())
    assert "Buy for $1.00" in page
    browser.ask("PATCH", f"/vouchers/templates/{made['id']}", AS_JSON, '{"active": false}')
    assert "Shelf" not in browser.ask("GET", "/vouchers/").body.decode()
    sold = browser.send({"template_id": made["id"], "buyer": "Too Late"})
    assert (sold.status, vouchers_of(browser, "Too Late")) == (409, [])
    assert "not on sale any more" in sold.body.decode()


def test_forms_of_other_sites_and_other_bodies_buy_nothing(browser: Browser) -> None:
    form = browser.form()
    foreigners: tuple[dict[str, Values], ...] = (
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": None, "Sec-Fetch-Site": "cross-site"},
    )
    for foreign in foreigners:
        assert browser.send({**form, "buyer": "Mallory"}, foreign).status == 403
    as_json = browser.ask("POST", "/vouchers/", AS_JSON, json.dumps(form))
    assert as_json.status == 415
    assert browser.ask("POST", "/vouchers/", FORM, "x" * 16_385).status == 413
    assert vouchers_of(browser, "Mallory") == []
