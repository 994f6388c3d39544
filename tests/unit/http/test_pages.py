"""Pages beside operations: who gets which, by ``Accept``."""

import pytest

from roadbed.http.accepting import prefers_html, prefers_json, prefers_lines, prefers_openmetrics
from roadbed.http.call import Call
from roadbed.http.compiler import compile_groups
from roadbed.http.edge import Edge
from roadbed.http.limits import HttpOptions
from roadbed.http.operations import Operations
from roadbed.http.reply import Reply
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.events import Events
from tests.unit.http.driving import ask

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "html", "json"),
    [
        (CHROMIUM, True, False),
        ("text/html", True, False),
        ("TEXT/HTML;charset=utf-8", True, False),
        ("text/*", True, False),
        ("application/json;q=0.5, text/html;q=0.9", True, False),
        (None, False, False),
        ("*/*", False, False),
        ("", False, False),
        ("text/html;q=0", False, False),
        ("text/html;q=high", False, False),
        ("text/html, application/json", False, False),
        ("application/json", False, True),
        ("application/*;q=0.2", False, True),
        ("text/html;q=0.1, */*", False, True),
    ],
)
def test_what_a_client_would_rather_have(accept: str | None, html: bool, json: bool) -> None:
    assert (prefers_html(accept), prefers_json(accept)) == (html, json)


async def _stock(call: Call[str], shelf: str = "all") -> list[str]:
    return [call.service, shelf]


async def _page(call: Call[str], shelf: str = "all") -> Reply:
    return Reply(body=f"<p>{call.service} {shelf}".encode(), media_type="text/html")


@pytest.fixture
def edge() -> Edge:
    data: Operations[str] = Operations("data", "Data")
    data.get("/stock")(_stock)
    pages: Operations[str] = Operations("pages", "Pages")
    pages.get("/stock", page=True, documented=False)(_page)
    pages.get("/about", page=True, documented=False)(_page)
    return Edge([(data, "store"), (pages, "shop")], Events(), HttpOptions(allowed_hosts=("service.test",)))


async def test_a_browser_gets_the_page_and_everybody_else_the_data(edge: Edge) -> None:
    for method in ("GET", "HEAD"):
        page = await ask(edge, f"{method} /stock?shelf=low", headers=[("Accept", CHROMIUM)])
        data = await ask(edge, f"{method} /stock?shelf=low", headers=[("Accept", "*/*")])
        assert (page.status, page.header("content-type"), page.header("vary")) == (200, "text/html", "Accept")
        assert (data.status, data.header("content-type"), data.header("vary")) == (200, "application/json", "Accept")
        bodies = (b"<p>shop low", b'["store","low"]') if method == "GET" else (b"", b"")
        assert (page.body, data.body) == bodies


async def test_a_page_leaves_parameters_alone_that_it_does_not_know(edge: Edge) -> None:
    for path in ("/stock", "/about"):
        page = await ask(edge, f"GET {path}?utm_source=letter&shelf=top&x=%FF", headers=[("Accept", CHROMIUM)])
        assert (page.status, page.body) == (200, b"<p>shop top")
    assert (await ask(edge, "GET /stock?utm_source=letter")).status == 400


async def test_a_page_alone_answers_whoever_asks(edge: Edge) -> None:
    page = await ask(edge, "GET /about")
    assert (page.status, page.body, page.header("vary")) == (200, b"<p>shop all", None)


def test_two_pages_of_one_path_are_refused() -> None:
    pages: Operations[str] = Operations("pages", "Pages")
    pages.get("/stock", page=True)(_page)
    pages.get("/stock", page=True)(_page)
    with pytest.raises(ConfigurationError, match="the path is taken by pages: GET /stock"):
        compile_groups([(pages, "shop")], HttpOptions())


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        (None, False),
        ("*/*", False),
        ("text/plain", False),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text;q=0", False),
        # Prometheus 2 and 3.
        (
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            ),
            True,
        ),
        (
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
            ),
            True,
        ),
        ("text/plain;version=0.0.4;q=1,application/openmetrics-text;q=0.5", False),
    ],
)
def test_who_would_rather_have_openmetrics(accept: str | None, openmetrics: bool) -> None:
    assert prefers_openmetrics(accept) is openmetrics


@pytest.mark.parametrize(
    ("accept", "lines"),
    [
        (None, False),
        ("*/*", False),
        ("application/*", False),
        ("application/json", False),
        ("application/x-ndjson", True),
        ("application/x-ndjson;q=0", False),
        ("application/x-ndjson, application/json", False),
        ("application/x-ndjson, application/json;q=0.5", True),
    ],
)
def test_who_would_rather_have_lines(accept: str | None, lines: bool) -> None:
    assert prefers_lines(accept) is lines
