"""``/docs`` and ``/openapi.json``: all from local files, under a policy without inline scripts."""

import re
from pathlib import Path

import pytest

from roadbed.http import docs
from roadbed.http.edge import Edge
from tests.unit.http import notes
from tests.unit.http.driving import ask, make_edge

PAGES = Path(docs.__file__).parent / "pages"
ASSETS = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    "docs.css": "text/css; charset=utf-8",
}


@pytest.fixture
def edge() -> Edge:
    return make_edge(notes.operations, notes.Notes())[0]


async def test_the_page_loads_nothing_from_elsewhere(edge: Edge) -> None:
    page = (await ask(edge, "GET /docs")).body.decode()
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sorted(sources) == sorted(["data:,", "/openapi.json", *(f"/docs/assets/{name}" for name in ASSETS)])


async def test_the_page_has_no_inline_script_nor_handler(edge: Edge) -> None:
    page = (await ask(edge, "GET /docs")).body.decode()
    assert [script for script in re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) if script] == []
    assert re.findall(r"\son\w+=|javascript:", page) == []


async def test_the_policy_lets_local_files_alone_run(edge: Edge) -> None:
    policy = (await ask(edge, "GET /docs")).header("content-security-policy") or ""
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert (rules["default-src"], rules["script-src"], rules["connect-src"], rules["frame-ancestors"]) == (
        "'none'",
        "'self'",
        "'self'",
        "'none'",
    )


@pytest.mark.parametrize(("name", "media"), ASSETS.items())
async def test_every_file_that_the_page_names_is_there(edge: Edge, name: str, media: str) -> None:
    reply = await ask(edge, f"GET /docs/assets/{name}")
    assert (200, media, True) == (reply.status, reply.header("content-type"), len(reply.body) > 100)


@pytest.mark.parametrize(
    "name", ["", "none.js", "../docs.py", "%2e%2e/docs.py", "..%2f..%2fedge.py", "/etc/passwd", "vendor/x"]
)
async def test_no_other_file_is_served(edge: Edge, name: str) -> None:
    assert (await ask(edge, f"GET /docs/assets/{name}")).status == 404


async def test_a_file_that_is_known_is_not_sent_again(edge: Edge) -> None:
    first = await ask(edge, "GET /docs/assets/docs.js")
    second = await ask(edge, "GET /docs/assets/docs.js", headers={"If-None-Match": first.header("etag") or ""})
    assert (second.status, second.body) == (304, b"")


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_what_is_known_is_not_sent_again(edge: Edge, path: str) -> None:
    first = await ask(edge, f"GET {path}")
    second = await ask(edge, f"GET {path}", headers={"If-None-Match": first.header("etag") or ""})
    assert (200, 304, b"", first.header("etag")) == (first.status, second.status, second.body, second.header("etag"))


async def test_the_document_is_that_of_the_edge(edge: Edge) -> None:
    reply = await ask(edge, "GET /openapi.json")
    assert (edge.document(), "application/json") == (reply.body, reply.header("content-type"))


def test_the_document_is_made_once_when_asked_for() -> None:
    made: list[bytes] = []

    def describe() -> bytes:
        made.append(b"{}")
        return b"{}"

    documentation = docs.Documentation(describe)
    assert made == []
    assert (documentation.document(), documentation.document(), len(made)) == (b"{}", b"{}", 1)


async def test_the_document_lists_no_documentation(edge: Edge) -> None:
    paths = (await ask(edge, "GET /openapi.json")).json()["paths"]
    assert {"/docs", "/openapi.json"} & paths.keys() == set()


def test_both_colour_schemes_are_served() -> None:
    assert 'content="light dark"' in (PAGES / "docs.html").read_text()
    assert "prefers-color-scheme: dark" in (PAGES / "docs.js").read_text()


def test_no_validator_of_others_is_asked() -> None:
    assert "validatorUrl: null" in (PAGES / "docs.js").read_text()
